"""`otx send` as a user runs it."""

import json
import os
import pty
import socket
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.otlp.files import read_file
from otx.store.reader import Store
from tests.conftest import CLI_TIMEOUT_S, RunCli, StartReceiver
from tests.services.odd_servers import Answer, http_server


def test_traces_are_trees_of_the_shape_that_was_asked_for(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver()
    sent = run_cli(
        *("send", "traces", "--endpoint", f"http://{receiver.http}", "--count", "3000"),
        *("--services", "4", "--depth", "3", "--errors", "0.5", "--attr", "team=blue"),
        *("--resource", "region=north", "--compression", "zstd", "--format", "json"),
    )
    report = json.loads(sent.stdout)
    assert (report["sent"], report["accepted"], report["failed"]) == (3000, 3000, 0)
    assert report["latency_ms"]["p50"] <= report["latency_ms"]["max"]
    with closing(Store(tmp_path / "store")) as store:
        rows = list(
            store.query(
                "SELECT trace_id, span_id, parent_span_id, service, status, start_time, end_time,"
                " attr(attributes, 'team'), attr(resource, 'region') FROM spans"
            ).rows()
        )
    assert len(rows) == 3000
    assert len({row[1] for row in rows}) == 3000
    assert {row[3] for row in rows} == {"frontend", "checkout", "catalog", "cart"}
    assert {(row[7], row[8]) for row in rows} == {("blue", "north")}
    known = {(row[0], row[1]) for row in rows}
    roots = [row for row in rows if not row[2]]
    assert all((row[0], row[2]) in known for row in rows if row[2])
    traces = {row[0] for row in rows}
    assert len(roots) == len(traces)
    assert all(str(row[5]) < str(row[6]) for row in rows)
    failed = Counter(row[4] for row in roots)["ERROR"]
    assert 0.35 < failed / len(traces) < 0.65


def test_the_same_seed_makes_the_same_traces(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver("--print", "jsonl", store="none")
    for _ in range(2):
        run_cli("send", "traces", "--endpoint", receiver.grpc, "--count", "20", "--seed", "7")
    receiver.stop()
    first, second = map(names_and_ids, (tmp_path / "printed").read_text().splitlines())
    assert first == second


@pytest.mark.parametrize("signal", ["metrics", "logs", "profiles"])
@pytest.mark.parametrize(
    "transport",
    [
        ("grpc", "gzip"),
        ("http/protobuf", "zstd"),
        ("http/json", "none"),
    ],
    ids="-".join,
)
def test_every_signal_arrives_over_every_transport(
    start_receiver: StartReceiver,
    run_cli: RunCli,
    tmp_path: Path,
    signal: str,
    transport: tuple[str, str],
) -> None:
    receiver = start_receiver("--print", "jsonl", store="none")
    protocol, compression = transport
    endpoint = receiver.grpc if protocol == "grpc" else f"http://{receiver.http}"
    sent = run_cli(
        *("send", signal, "--endpoint", endpoint, "--protocol", protocol, "--count", "70"),
        *("--compression", compression, "--resource", "region=north", "--format", "json"),
    )
    assert json.loads(sent.stdout)["accepted"] == 70, sent.stderr
    receiver.stop()
    requests = list(read_file(tmp_path / "printed"))
    assert {request.signal for request in requests} == {Signal(signal)}
    assert sum(request.records for request in requests) == 70
    assert b"region" in requests[0].body


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf", "http/json"])
@pytest.mark.parametrize("slashes", ["", "//"])
def test_a_unix_socket_takes_every_transport(
    start_receiver: StartReceiver,
    run_cli: RunCli,
    tmp_path: Path,
    protocol: str,
    slashes: str,
) -> None:
    side = "--grpc" if protocol == "grpc" else "--http"
    receiver = start_receiver(side, f"unix:{tmp_path}/otx.sock", store="none")
    for signal in Signal:
        sent = run_cli(
            *("send", str(signal), "--count", "5", "--protocol", protocol),
            *("--endpoint", f"unix:{slashes}{tmp_path}/otx.sock"),
        )
        assert sent.returncode == 0, sent.stderr
        assert "accepted 5," in sent.stdout
    receiver.stop()


def test_a_unix_socket_that_is_not_there_is_named(run_cli: RunCli) -> None:
    done = run_cli("send", "logs", "--endpoint", "unix:none.sock", "--protocol", "http/json")
    assert done.returncode == 3
    assert "No such file or directory" in done.stderr
    assert "unix:none.sock" in done.stderr
    probed = run_cli(
        *("send", "logs", "--endpoint", "unix:none.sock", "--protocol", "http/json", "--probe"),
        variables={"all_proxy": "http://127.0.0.1:1"},
    )
    assert probed.returncode != 0
    assert "Traceback" not in probed.stderr


def test_workers_share_the_count(start_receiver: StartReceiver, run_cli: RunCli) -> None:
    receiver = start_receiver(store="none")
    sent = run_cli(
        *("send", "logs", "--endpoint", f"http://{receiver.http}", "--count", "5002"),
        *("--workers", "4", "--format", "json"),
    )
    report = json.loads(sent.stdout)
    assert (report["sent"], report["accepted"], report["requests"]) == (5002, 5002, 8)
    assert sum(it["requests"] for it in report["latency_histogram"]) == 8


def test_a_terminal_sees_how_far_it_is(
    start_receiver: StartReceiver, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    receiver = start_receiver(store="none")
    leader, follower = pty.openpty()
    command = ["send", "logs", "--endpoint", receiver.grpc, "--rate", "200/s", "--duration", "1s"]
    done = subprocess.run(
        [sys.executable, "-m", "otx", *command],
        stdout=subprocess.PIPE,
        stderr=follower,
        cwd=tmp_path,
        env=cli_variables,
        timeout=CLI_TIMEOUT_S,
        text=True,
        check=True,
    )
    os.close(follower)
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        drawn = terminal.read(4096).decode()
    assert "\r\x1b[K█" in drawn
    assert "log records" in drawn
    assert " left" in drawn
    assert drawn.endswith("\r\x1b[K")
    assert "log records, accepted " in done.stdout
    assert "\x1b" not in done.stdout


def test_a_probe_says_what_works_and_why_the_rest_does_not(
    start_receiver: StartReceiver, run_cli: RunCli
) -> None:
    receiver = start_receiver(store="none")
    probed = run_cli(
        *("send", "logs", "--probe", "--endpoint", f"http://{receiver.http}", "--format", "json")
    )
    assert probed.returncode == 0, probed.stderr
    rows = json.loads(probed.stdout)
    assert len(rows) == 12
    assert {(row["protocol"], row["accepted"], row["cause"]) for row in rows} == {
        ("grpc", False, "grpc_to_http"),
        ("http/protobuf", True, ""),
        ("http/json", True, ""),
    }
    text = run_cli(*("send", "logs", "--probe", "--protocol", "grpc", "--endpoint", receiver.http))
    assert text.returncode == 3
    assert f"{receiver.http} speaks HTTP/1.1, the request was gRPC\n  hint: " in text.stdout


def names_and_ids(line: str) -> list[tuple[str, str]]:
    return [
        (span["name"], span["spanId"])
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def test_a_rate_is_held(start_receiver: StartReceiver, run_cli: RunCli) -> None:
    receiver = start_receiver(store="none")
    sent = run_cli(
        *("send", "traces", "--endpoint", receiver.grpc, "--rate", "500/s", "--duration", "1s"),
        *("--format", "json"),
    )
    report = json.loads(sent.stdout)
    assert report["requests"] == 10
    assert 450 <= report["rate_per_s"] <= 550
    assert sent.stderr == ""


def test_a_rate_that_is_missed_is_said_so(start_receiver: StartReceiver, run_cli: RunCli) -> None:
    receiver = start_receiver(store="none")
    sent = run_cli(
        *("send", "traces", "--endpoint", receiver.grpc, "--rate", "90000000/s"),
        *("--duration", "300ms"),
    )
    assert "90000000/s was asked for" in sent.stderr


@pytest.mark.parametrize("endpoint", ["127.0.0.1:1", "http://127.0.0.1:1"])
def test_who_cannot_be_reached_is_named(run_cli: RunCli, endpoint: str) -> None:
    sent = run_cli("send", "traces", "--endpoint", endpoint)
    assert sent.returncode == 3
    assert "cannot reach" in sent.stderr
    assert "127.0.0.1:1" in sent.stderr
    assert "hint: is a receiver running?" in sent.stderr


@pytest.mark.parametrize("endpoint", ["no-such-host.invalid:1", "http://no-such-host.invalid:1"])
def test_a_name_without_an_address_is_not_tried_for_a_minute(
    run_cli: RunCli, endpoint: str
) -> None:
    sent = run_cli("send", "traces", "--endpoint", endpoint)
    assert sent.returncode == 3
    assert f"cannot reach {endpoint}" in sent.stderr


def test_who_does_not_answer_in_time_is_exit_4(run_cli: RunCli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        sent = run_cli("send", "traces", "--endpoint", endpoint, "--timeout", "100ms")
    assert sent.returncode == 4
    assert f"no answer from {endpoint}" in sent.stderr


def test_the_wrong_port_is_named(start_receiver: StartReceiver, run_cli: RunCli) -> None:
    receiver = start_receiver(store="none")
    http_to_grpc = run_cli("send", "traces", "--endpoint", f"http://{receiver.grpc}")
    assert http_to_grpc.returncode == 3
    assert "the answer is HTTP/2, as of a gRPC port" in http_to_grpc.stderr
    assert "hint: that port speaks gRPC: --protocol grpc" in http_to_grpc.stderr
    grpc_to_http = run_cli("send", "traces", "--endpoint", receiver.http, "--timeout", "2s")
    assert grpc_to_http.returncode == 3
    assert f"hint: that port speaks HTTP: --endpoint http://{receiver.http}" in grpc_to_http.stderr
    receiver.stop()
    assert any("HTTP/2 or gRPC to the HTTP port" in line for line in receiver.said)


def test_what_is_refused_is_told_and_is_exit_3(
    start_receiver: StartReceiver, run_cli: RunCli
) -> None:
    receiver = start_receiver("--max-request", "1KiB", store="none")
    for endpoint in (receiver.grpc, f"http://{receiver.http}"):
        sent = run_cli("send", "traces", "--endpoint", endpoint, "--count", "100")
        assert sent.returncode == 3
        assert "accepted 0, rejected 0, failed 100" in sent.stdout
        assert "larger than" in sent.stdout


@pytest.mark.parametrize(("retry_for", "tries"), [("0s", 1), ("2500ms", 3)])
def test_how_long_a_request_is_sent_again_can_be_said(
    run_cli: RunCli, tmp_path: Path, retry_for: str, tries: int
) -> None:
    recorded = tmp_path / "recorded.jsonl"
    recorded.write_text('{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}\n')
    # Two waits of a second are within it, a third one is not.
    busy = Answer(503, (("Retry-After", "1"),))
    for command in (["traces", "--count", "1"], ["replay", str(recorded)]):
        with http_server([busy]) as (place, paths):
            endpoint = ("--endpoint", f"http://{place}")
            done = run_cli("send", *command, *endpoint, "--retry-for", retry_for)
        assert done.returncode == 3, done.stderr
        assert len(paths) == tries
        assert f"retried {tries - 1}" in done.stdout


def test_the_standard_variables_are_followed(
    start_receiver: StartReceiver, run_cli: RunCli
) -> None:
    receiver = start_receiver(store="none")
    sent = run_cli(
        *("send", "traces", "--count", "5"),
        variables={
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://{receiver.http}/v1/traces",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
        },
    )
    assert sent.returncode == 0, sent.stderr
    assert "(http/json, from OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)" in sent.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--endpoint", "ftp://x"], "it is no http or https URL"),
        (["--rate", "fast"], "'fast' is no rate"),
        (["--rate", "0"], "--rate has to be above 0"),
        (["--header", "x"], "'x' is no header"),
        (["--header", "x=a\nb"], "the value of header 'x' has characters"),
        (["--endpoint", "http://a..b:1"], "'a..b' is no name of a host"),
        (["--retry-for", "long"], "'long' is no duration"),
        (["--duration", "0s"], "--duration has to be above 0"),
        (["--max-request", "65MiB"], "more than the 64.0 MiB that OTLP lets a client send"),
        (["--max-request", "10"], "more than --max-request"),
        (["--attr", "x"], "'x' is no attribute"),
        (["--compression", "zstd", "--endpoint", "localhost:1"], "zstd is for HTTP only"),
    ],
)
def test_unusable_arguments_are_said_so(run_cli: RunCli, arguments: list[str], said: str) -> None:
    done = run_cli("send", "traces", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
