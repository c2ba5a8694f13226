"""`otx receive --transform` as a user runs it: rules on what arrives, before it is kept."""

import http.client
import json
import os
import re
import select
import signal
from pathlib import Path

import pytest

from otx.otlp.decode import parse_protobuf
from otx.otlp.encode import to_json
from otx.services.receive_process import ReceiverProcess
from tests.conftest import RunCli, StartReceiver, wait_until
from tests.services.small_requests import spans_request

TIMEOUT_S = 30
RULES = """\
processors:
  transform/mark:
    trace_statements:
      - set(span.attributes["seen"], "yes")
      - set(span.attributes["cut"], Substring(span.name, 0, 4))
  filter/health:
    trace_conditions:
      - span.kind == SPAN_KIND_CLIENT
      - span.name == "${env:UNWANTED}"
service:
  pipelines:
    traces: {processors: [transform/mark, batch, filter/health]}
"""
UNWANTED = {"UNWANTED": "health"}


def post(receiver: ReceiverProcess, *names: str, as_json: bool = False) -> tuple[int, bytes]:
    """Send a span for each name over HTTP; the status and the answer."""
    request = spans_request(*names)
    body, kind = request.body, "application/x-protobuf"
    if as_json:
        body, kind = to_json(parse_protobuf(request.signal, body)), "application/json"
    connection = http.client.HTTPConnection(receiver.http, timeout=TIMEOUT_S)
    try:
        connection.request("POST", "/v1/traces", body, {"Content-Type": kind})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def ask(run_cli: RunCli, tmp_path: Path, sql: str) -> list[dict[str, object]]:
    answer = run_cli("query", sql, "--store", str(tmp_path / "store"), "--format", "json")
    assert answer.returncode == 0, answer.stderr
    rows: list[dict[str, object]] = json.loads(answer.stdout)
    return rows


def rules(tmp_path: Path, text: str = RULES) -> str:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return str(path)


def told(receiver: ReceiverProcess, text: str) -> None:
    wait_until(lambda: any(text in line for line in receiver.said), text)


def without_cost(text: str) -> str:
    return re.sub(r" took [0-9.]+ [µm]s", " took N", text)


def test_what_is_sent_is_changed_and_filtered_before_it_is_kept(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    file = rules(tmp_path)
    receiver = start_receiver("--transform", file, "--print", "summary", variables=UNWANTED)
    sent = run_cli("send", "traces", "--endpoint", receiver.grpc, "--count", "100", "--seed", "7")
    assert "accepted 100, rejected 0" in sent.stdout
    sql = "SELECT kind, attr(attributes, 'seen') AS seen, count(*) AS n FROM spans GROUP BY ALL"
    kept = ask(run_cli, tmp_path, sql)
    assert {row["seen"] for row in kept} == {"yes"}
    assert "CLIENT" not in {row["kind"] for row in kept}
    count = sum(int(str(row["n"])) for row in kept)
    assert 0 < count < 100
    printed = tmp_path / "printed"
    wait_until(lambda: "spans" in printed.read_text(), "the summary is written")
    receiver.stop()
    assert receiver.exit_code == 0
    dropped = 100 - count
    rule = "filter/health.trace_conditions[0]"
    assert without_cost(printed.read_text()) == (
        f"traces 100 spans in 1 request; dropped {dropped} spans by {rule}; rules took N a span\n"
    )
    assert [without_cost(line) for line in receiver.said][-5:] == [
        "received traces 100 spans in 1 request",
        f"  {file} kept {count} of 100 spans",
        f"  {file} took N of CPU a span",
        f"  dropped {dropped} of 100 spans by {rule}: span.kind == SPAN_KIND_CLIENT",
        f'  dropped 0 of {count} spans by filter/health.trace_conditions[1]: span.name == "health"',
    ]


def test_what_is_dropped_whole_is_acknowledged_and_not_kept(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    arguments = ("--transform", rules(tmp_path), "--print", "jsonl", "--count", "3")
    receiver = start_receiver(*arguments, variables=UNWANTED)
    assert post(receiver, "health", "health") == (200, b"")
    assert post(receiver, "cart") == (200, b"")
    receiver.wait()
    # The count is of what came in: a sender of three spans can rely on it.
    assert receiver.said[-6:][0] == "received traces 3 spans in 2 requests"
    assert "  nothing was left of 1 request" in receiver.said
    assert [row["name"] for row in ask(run_cli, tmp_path, "SELECT name FROM spans")] == ["cart"]
    (line,) = (tmp_path / "printed").read_text().splitlines()
    attributes = json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"]
    assert {one["key"] for one in attributes} == {"seen", "cut"}


def test_a_failing_statement_is_told_once_counted_and_skipped(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver("--transform", rules(tmp_path), variables=UNWANTED)
    for _ in range(3):
        assert post(receiver, "abc", "cart")[0] == 200
    receiver.stop()
    statement = 'set(span.attributes["cut"], Substring(span.name, 0, 4))'
    assert sum(f"warning: {statement} failed on span 1 of 2 " in one for one in receiver.said) == 1
    assert f"  3 failures of {statement}" in receiver.said
    sql = "SELECT name, attr(attributes, 'cut') AS cut FROM spans GROUP BY ALL ORDER BY ALL"
    assert ask(run_cli, tmp_path, sql) == [
        {"name": "abc", "cut": None},
        {"name": "cart", "cut": "cart"},
    ]


def test_under_propagate_the_sender_is_told_which_statement_failed(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    text = RULES.replace("transform/mark:\n", "transform/mark:\n    error_mode: propagate\n")
    receiver = start_receiver("--transform", rules(tmp_path, text), variables=UNWANTED)
    status, answer = post(receiver, "cart", "abc", as_json=True)
    assert status == 400
    statement = 'set(span.attributes["cut"], Substring(span.name, 0, 4))'
    said = json.loads(answer)
    assert said["code"] == 3
    assert said["message"].startswith(f"{statement} failed on span 2 of 2 ")
    sent = run_cli("send", "traces", "--endpoint", receiver.grpc, "--count", "20", "--depth", "1")
    if sent.returncode:  # a route of it is shorter than four bytes
        assert "INVALID_ARGUMENT" in sent.stdout
    receiver.stop()
    assert any("refused 1 request: statement failed" in line for line in receiver.said)
    assert ask(run_cli, tmp_path, "SELECT name FROM spans WHERE name = 'cart'") == []


def test_hup_reads_the_file_again_and_a_bad_one_changes_nothing(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver("--transform", rules(tmp_path), variables=UNWANTED)
    rules(tmp_path, RULES.replace("span.kind ==", "span.knd =="))
    os.kill(receiver.pid, signal.SIGHUP)
    told(receiver, f"the rules stay as they are: {tmp_path}/rules.yaml:8:14: 'knd' is no path")
    assert post(receiver, "health", "cart")[0] == 200
    rules(tmp_path, RULES.replace("${env:UNWANTED}", "cart"))
    os.kill(receiver.pid, signal.SIGHUP)
    told(receiver, "rules.yaml again: its rules hold from now on")
    assert post(receiver, "health", "cart")[0] == 200
    receiver.stop()
    assert receiver.exit_code == 0
    names = [row["name"] for row in ask(run_cli, tmp_path, "SELECT name FROM spans ORDER BY name")]
    assert names == ["cart", "health"]
    place = "filter/health.trace_conditions[1]"
    assert f'  dropped 1 of 2 spans by {place}: span.name == "health"' in receiver.said
    assert f'  dropped 1 of 2 spans by {place}: span.name == "cart"' in receiver.said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULES.replace("span.kind ==", "span.knd =="), "rules.yaml:8:14: 'knd' is no path"),
        ("processors: {batch: {}}\n", "holds no OTTL"),
        ("a: [b", "no YAML"),
        ("tail_sampling: {policies: []}", "has nothing that runs on what arrives"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_at_the_start(
    run_cli: RunCli, tmp_path: Path, text: str, said: str
) -> None:
    done = run_cli("receive", "--store", "none", "--transform", rules(tmp_path, text))
    assert done.returncode == 2
    assert said in done.stderr
    assert "ready" not in done.stderr
    missing = run_cli("receive", "--store", "none", "--transform", "nowhere.yaml")
    assert missing.returncode == 2
    assert "cannot read nowhere.yaml: No such file or directory" in missing.stderr


def test_others_are_served_while_a_large_request_is_transformed(
    start_receiver: StartReceiver, tmp_path: Path
) -> None:
    slow = 'set(span.attributes["x"], SHA256(Concat([span.name, span.name], "x")))'
    text = "transform:\n  trace_statements:\n" + f"    - '{slow}'\n" * 60
    receiver = start_receiver("--transform", rules(tmp_path, text), store="none")
    large = spans_request(*["span"] * 5_000)
    connection = http.client.HTTPConnection(receiver.http, timeout=TIMEOUT_S)
    connection.request("POST", "/v1/traces", large.body, {"Content-Type": "application/x-protobuf"})
    # Nothing is asked of the rules for these, so they are answered before the large one is done.
    for _ in range(5):
        other = http.client.HTTPConnection(receiver.http, timeout=TIMEOUT_S)
        other.request("POST", "/v1/logs", b"", {"Content-Type": "application/x-protobuf"})
        assert other.getresponse().status == 200
        other.close()
    assert connection.sock is not None
    assert select.select([connection.sock], [], [], 0)[0] == []
    assert connection.getresponse().status == 200
    connection.close()
