"""`otx trace-context check` as a user calls it: against itself, and against services that err."""

import itertools
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from otx.services.context_check.server import Reply, Request, Server
from tests.conftest import CLI_TIMEOUT_S, RunCli

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
StartEcho = Callable[..., "tuple[subprocess.Popen[str], str]"]


@pytest.fixture
def start_echo(cli_variables: dict[str, str], tmp_path: Path) -> Iterator[StartEcho]:
    """Starts `check --echo` on a free port: the process and its URL."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "tuple[subprocess.Popen[str], str]":
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "otx",
                "trace-context",
                "check",
                "--echo",
                "127.0.0.1:0",
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=cli_variables,
            cwd=tmp_path,
        )
        started.append(process)
        assert process.stderr is not None
        ready = re.fullmatch(r"ready (127\.0\.0\.1:\d+)\n", process.stderr.readline())
        assert ready is not None
        return process, f"http://{ready[1]}/"

    yield start
    for process in started:
        process.kill()
        process.communicate()


@contextmanager
def service(answer: Callable[[Request], Reply]) -> Iterator[str]:
    """The URL of a service that answers so."""
    with Server(socket.create_server(("127.0.0.1", 0)), answer) as server:
        yield f"http://127.0.0.1:{server.address[1]}/"


def check(run_cli: RunCli, url: str, *arguments: str) -> tuple[int, Any, str]:
    done = run_cli("trace-context", "check", url, "--format", "json", *arguments)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest.mark.parametrize("level", ["1", "2"])
def test_it_passes_its_own_check(level: str, run_cli: RunCli, start_echo: StartEcho) -> None:
    _, url = start_echo("--strict-level", level)
    code, document, said = check(run_cli, url, "--strict-level", level)
    assert (code, said, document["mode"]) == (0, "", "callback")
    assert [case for case in document["cases"] if case["verdict"] != "pass"] == []
    assert document["must"]["pass"] + document["should"]["pass"] == len(document["cases"])


def test_it_passes_without_calls_but_for_what_only_calls_show(
    run_cli: RunCli, start_echo: StartEcho
) -> None:
    _, url = start_echo()
    code, document, said = check(run_cli, url, "--mode", "response")
    assert (code, said, document["mode"]) == (0, "", "response")
    others = {case["id"] for case in document["cases"] if case["verdict"] != "pass"}
    assert others == {
        "traceparent-calls",
        "traceparent-calls-absent",
        "traceparent-calls-broken",
        "sent-names",
    }


def test_echo_ends_with_0_and_has_told_each_request(start_echo: StartEcho) -> None:
    process, url = start_echo()
    request = urllib.request.Request(url + "cart", headers={"traceparent": PARENT})
    with urllib.request.urlopen(request, timeout=CLI_TIMEOUT_S) as response:
        assert "✓ valid" in response.read().decode()
        assert response.headers["Server-Timing"].startswith(f"trace;desc=00-{TRACE}-")
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=CLI_TIMEOUT_S)
    assert (process.returncode, said) == (0, "")
    assert out == f"GET /cart  w3c  valid  {TRACE}\n"


def test_echo_tells_json_lines(start_echo: StartEcho) -> None:
    process, url = start_echo("--format", "json")
    with urllib.request.urlopen(url, timeout=CLI_TIMEOUT_S) as response:
        response.read()
    process.terminate()
    out, _ = process.communicate(timeout=CLI_TIMEOUT_S)
    assert (process.returncode, json.loads(out)["error"]) == (0, "missing_traceparent")


def test_a_service_that_is_not_there_is_said(run_cli: RunCli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    code, document, said = check(run_cli, url)
    assert (code, document) == (3, None)
    assert said.startswith(f"otx: error: cannot reach {url}: ")
    assert "  hint: " in said


def test_a_service_that_never_answers_is_a_timeout(run_cli: RunCli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        code, document, said = check(run_cli, url, "--timeout", "300ms")
    assert (code, document) == (4, None)
    assert "gives no answer in 0.3 s" in said


def test_nothing_that_can_be_judged_is_no_pass(run_cli: RunCli) -> None:
    with service(lambda _: Reply(200, "<html></html>", (), "text/html")) as url:
        code, document, said = check(run_cli, url, "--timeout", "300ms")
    assert (code, document["mode"]) == (1, "response")
    assert {case["verdict"] for case in document["cases"]} == {"unjudged"}
    assert said.startswith("the service made no call when asked to")


def test_a_mirror_of_what_arrived_is_not_taken_for_a_service(run_cli: RunCli) -> None:
    def mirror(request: Request) -> Reply:
        return Reply(200, json.dumps({"headers": dict(request.headers)}))

    with service(mirror) as url:
        code, document, _ = check(run_cli, url, "--mode", "response")
    excuses = {case["excuse"] for case in document["cases"] if case["id"] == "traceparent-valid"}
    assert code == 1
    assert excuses == {"the body shows the headers that arrived, not those that would be sent on"}
    assert "fail" not in {case["verdict"] for case in document["cases"]}


def test_a_service_that_refuses_broken_headers_fails(run_cli: RunCli) -> None:
    def strict(request: Request) -> Reply:
        parents = [value.strip() for name, value in request.headers if name == "traceparent"]
        if parents and not re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", parents[0]):
            return Reply(400, "{}")
        return Reply(200, "{}")

    with service(strict) as url:
        code, document, _ = check(run_cli, url, "--mode", "response")
    found = {case["id"]: case for case in document["cases"]}
    assert code == 1
    assert found["traceparent-tail-dot"]["findings"] == [
        {"requirement": "MUST", "message": "answers 400 to these headers"}
    ]
    assert found["traceparent-valid"]["verdict"] == "unjudged"


def test_a_service_that_goes_away_is_not_asked_further(run_cli: RunCli) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def once() -> None:
        connection, _ = listener.accept()
        listener.close()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\ntraceparent: " + PARENT.encode())

    thread = threading.Thread(target=once)
    thread.start()
    code, document, _ = check(run_cli, url, "--mode", "response")
    thread.join()
    verdicts = [case["verdict"] for case in document["cases"]]
    assert code == 1
    assert verdicts[:2] == ["pass", "fail"]
    assert set(verdicts[2:]) == {"unjudged"}
    assert document["cases"][-1]["excuse"] == "the service can no longer be reached"


def test_what_was_judged_before_ctrl_c_is_written(
    cli_variables: dict[str, str], tmp_path: Path
) -> None:
    numbers = itertools.count(1)
    is_third, goes_on = threading.Event(), threading.Event()

    def answer(_: Request) -> Reply:
        if next(numbers) == 3:
            is_third.set()
            goes_on.wait(CLI_TIMEOUT_S)
        return Reply(200, json.dumps({"traceparent": PARENT}))

    with service(answer) as url:
        arguments = ["check", url, "--mode", "response", "--format", "json", "--timeout", "1m"]
        process = subprocess.Popen(
            [sys.executable, "-m", "otx", "trace-context", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env=cli_variables,
            cwd=tmp_path,
        )
        assert is_third.wait(CLI_TIMEOUT_S)
        process.send_signal(signal.SIGINT)
        goes_on.set()
        out, _ = process.communicate(timeout=CLI_TIMEOUT_S)
    cases = json.loads(out)["cases"]
    assert process.returncode == 130
    assert (cases[0]["verdict"], cases[0]["excuse"]) == ("pass", None)
    assert (cases[-1]["verdict"], cases[-1]["excuse"]) == (
        "unjudged",
        "stopped before it was sent",
    )


@pytest.mark.long
def test_a_service_that_never_calls_is_not_waited_for_each_time(run_cli: RunCli) -> None:
    with service(lambda _: Reply(200, "{}")) as url:
        code, document, _ = check(run_cli, url, "--mode", "callback", "--timeout", "100ms")
    assert code == 1
    problems = {one["message"] for case in document["cases"] for one in case["findings"]}
    assert problems == {"makes no call, and answers 200"}


def test_text_shows_the_table_then_what_is_wrong(run_cli: RunCli) -> None:
    with service(lambda _: Reply(200, json.dumps({"traceparent": PARENT}))) as url:
        done = run_cli("trace-context", "check", url, "--mode", "response", "--strict-level", "1")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["pass", "MUST", "traceparent-absent", "no", "header", "at", "all"]
    at = lines.index("fail traceparent-valid: a valid header, sampled")
    assert lines[at + 1] == "  MUST  begins a new trace instead of going on"
    assert lines[at + 2] == "  rule  W3C Trace Context, 3.4 mutating the traceparent field"
    assert lines[at + 4] == f"  received  traceparent: {PARENT}"
    assert lines[-2].startswith("MUST    ")
    assert done.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("http://127.0.0.1:1/", "--echo", "127.0.0.1:0"),
        ("localhost:8080",),
        ("--echo", "8080"),
        ("--echo", "unix:/tmp/socket"),
        ("http://127.0.0.1:1/", "--timeout", "0s"),
        ("http://127.0.0.1:1/", "--timeout", "soon"),
        ("http://127.0.0.1:1/", "--listen", "unix:/tmp/socket"),
        ("http://127.0.0.1:1/", "--callback", "here"),
    ],
)
def test_unusable_arguments_are_refused(arguments: tuple[str, ...], run_cli: RunCli) -> None:
    done = run_cli("trace-context", "check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error" in done.stderr.lower()


@pytest.mark.parametrize("flag", ["--echo", "--listen"])
def test_a_port_in_use_is_said(flag: str, run_cli: RunCli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        url = [] if flag == "--echo" else [f"http://{address}/"]
        done = run_cli("trace-context", "check", *url, flag, address)
    assert done.returncode == 5
    assert f"cannot listen on {address}: it is in use" in done.stderr


def test_a_service_elsewhere_is_given_another_address(run_cli: RunCli) -> None:
    bodies: list[bytes] = []

    def answer(request: Request) -> Reply:
        bodies.append(request.body)
        return Reply(500, "")

    with service(answer) as url:
        check(run_cli, url, "--callback", "http://host.internal:9/base/", "--mode", "callback")
    called = json.loads(bodies[0])[0]["url"]
    assert re.fullmatch(r"http://host\.internal:9/base/callback/[0-9a-f]{32}\.0", called)
