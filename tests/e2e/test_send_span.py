"""`otx send span -- CMD` as scripts use it."""

import contextlib
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from otx.otlp.files import read_file
from otx.services.receive_process import ReceiverProcess
from tests.conftest import CLI_TIMEOUT_S, RunCli, StartReceiver

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@contextlib.contextmanager
def ending(process: "subprocess.Popen[Any]") -> Iterator[None]:
    """The process is gone on return, whatever the test found."""
    with process:
        try:
            yield
        finally:
            process.kill()


@pytest.fixture
def receiver(start_receiver: StartReceiver) -> ReceiverProcess:
    return start_receiver("--print", "jsonl", store="none")


def received(receiver: ReceiverProcess, tmp_path: Path) -> tuple[Span, dict[str, str]]:
    """The one span that arrived, and the texts of its resource."""
    receiver.stop()
    (request,) = read_file(tmp_path / "printed")
    (resource_spans,) = TracesData.FromString(request.body).resource_spans
    (span,) = resource_spans.scope_spans[0].spans
    resource = {it.key: it.value.string_value for it in resource_spans.resource.attributes}
    return span, resource


def values(span: Span) -> dict[str, object]:
    return {it.key: getattr(it.value, it.value.WhichOneof("value") or "") for it in span.attributes}


def test_a_command_continues_its_callers_trace_and_passes_it_on(
    receiver: ReceiverProcess, run_cli: RunCli, tmp_path: Path
) -> None:
    done = run_cli(
        *("send", "span", "--endpoint", receiver.grpc, "--name", "build", "--kind", "client"),
        *("--attr", "team=blue", "--", "sh", "-c", "echo $TRACEPARENT $TRACESTATE; exit 3"),
        variables={
            "TRACEPARENT": f"00-{TRACE}-{PARENT}-01",
            "TRACESTATE": "rojo=1",
            "OTEL_SERVICE_NAME": "ci",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%20b,service.name=no",
        },
    )
    assert (done.returncode, done.stderr) == (3, "")
    span, resource = received(receiver, tmp_path)
    assert done.stdout == f"00-{TRACE}-{span.span_id.hex()}-01 rojo=1\n"
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert (span.name, span.kind, span.trace_state) == ("build", Span.SPAN_KIND_CLIENT, "rojo=1")
    assert span.flags == 0x301
    assert (span.status.code, span.status.message) == (2, "exit code 3")
    assert 0 < span.end_time_unix_nano - span.start_time_unix_nano < 60e9
    found = values(span)
    assert found["process.exit.code"] == 3
    assert found["team"] == "blue"
    assert found["process.executable.name"] == "sh"
    assert isinstance(found["process.cpu.user_seconds"], float)
    assert int(str(found["process.memory.max_rss_bytes"])) > 100_000
    assert resource["service.name"] == "ci"
    assert resource["deployment.environment.name"] == "a b"


def test_without_a_caller_a_trace_begins(
    receiver: ReceiverProcess, run_cli: RunCli, tmp_path: Path
) -> None:
    done = run_cli(
        *("send", "span", "--endpoint", f"http://{receiver.http}", "--no-args", "--"),
        *("cat",),
        stdin="passed through",
        variables={"TRACESTATE": "left=over"},
    )
    assert (done.returncode, done.stdout) == (0, "passed through")
    span, resource = received(receiver, tmp_path)
    assert span.parent_span_id == b""
    assert span.trace_state == ""
    assert (span.name, span.flags, span.status.code) == ("cat", 0x101, 0)
    assert resource["service.name"] == "unknown_service:cat"
    assert "process.command_args" not in values(span)


def test_a_traceparent_that_is_invalid_is_said_and_not_continued(
    receiver: ReceiverProcess, run_cli: RunCli, tmp_path: Path
) -> None:
    done = run_cli(
        *("send", "span", "--endpoint", receiver.grpc, "--", "true"),
        variables={"TRACEPARENT": f"00-{'0' * 32}-{PARENT}-01"},
    )
    assert done.returncode == 0
    assert "TRACEPARENT is invalid (zero_trace_id)" in done.stderr
    span, _ = received(receiver, tmp_path)
    assert span.parent_span_id == b""


def test_what_the_caller_does_not_sample_is_not_sent(run_cli: RunCli) -> None:
    done = run_cli(
        *("send", "span", "--endpoint", "127.0.0.1:1", "--", "sh", "-c", "echo $TRACEPARENT"),
        variables={"TRACEPARENT": f"00-{TRACE}-{PARENT}-00"},
    )
    assert done.stdout.startswith(f"00-{TRACE}-")
    assert done.stdout.endswith("-00\n")
    assert "not sampled" in done.stderr


@pytest.mark.parametrize("endpoint", ["127.0.0.1:1", "http://127.0.0.1:1"])
def test_the_commands_own_code_is_returned_though_nothing_listens(
    run_cli: RunCli, endpoint: str
) -> None:
    done = run_cli("send", "span", "--endpoint", endpoint, "--", "sh", "-c", "exit 42")
    assert done.returncode == 42
    assert "the span was not sent: cannot reach" in done.stderr


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://x", "'ftp://x' is no endpoint"),
        ("OTX_SEND_PROTOCOL", "smtp", "no protocol 'smtp'"),
    ],
)
def test_what_the_surroundings_say_in_vain_keeps_no_command_from_running(
    run_cli: RunCli, tmp_path: Path, variable: str, text: str, said: str
) -> None:
    done = run_cli(
        *("send", "span", "--", "sh", "-c", "touch ran; exit 4"), variables={variable: text}
    )
    assert done.returncode == 4
    assert (tmp_path / "ran").exists()
    assert f"the span was not sent: {said}" in done.stderr


def test_a_command_that_cannot_be_started_is_as_in_a_shell(
    receiver: ReceiverProcess, run_cli: RunCli, tmp_path: Path
) -> None:
    absent = run_cli("send", "span", "--endpoint", "http://127.0.0.1:1", "--", "no-such-program")
    assert absent.returncode == 127
    assert "cannot run no-such-program: No such file or directory" in absent.stderr
    (tmp_path / "data").write_text("no program")
    refused = run_cli("send", "span", "--endpoint", receiver.grpc, "--", "./data")
    assert refused.returncode == 126
    span, _ = received(receiver, tmp_path)
    assert span.status.message == "Permission denied"
    assert values(span)["process.exit.code"] == 126


def test_a_signal_is_passed_on_and_its_code_returned(
    receiver: ReceiverProcess, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    command = ["send", "span", "--endpoint", receiver.grpc, "--", "sh", "-c"]
    process = subprocess.Popen(
        [sys.executable, "-m", "otx", *command, "echo ready; exec sleep 60"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=cli_variables,
    )
    with ending(process):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(CLI_TIMEOUT_S) == 128 + signal.SIGTERM
    span, _ = received(receiver, tmp_path)
    assert span.status.message == "killed by SIGTERM"
    assert values(span)["process.exit.signal"] == "SIGTERM"
    (event,) = span.events
    assert event.name == "signal"
    assert span.start_time_unix_nano < event.time_unix_nano <= span.end_time_unix_nano


def test_a_command_may_handle_the_signal_itself(
    tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    script = "trap 'echo heard; exit 5' INT; echo ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        [sys.executable, "-m", "otx", "send", "span", "--", "sh", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
        env={**cli_variables, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
    )
    with ending(process):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(CLI_TIMEOUT_S) == 5
        assert process.stdout.read() == "heard\n"


COUNTS_INTERRUPTS = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("ready", flush=True)
signal.sigwait([signal.SIGINT])
again = signal.sigtimedwait([signal.SIGINT], 0.3)
print("heard", 1 if again is None else 2, flush=True)
"""


def test_a_terminal_interrupts_the_command_once(
    tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    if shutil.which("setsid") is None:
        pytest.skip("setsid is not installed")
    leader, follower = pty.openpty()
    otx = ["setsid", "--ctty", "--wait", sys.executable, "-m", "otx"]
    words = ["send", "span", "--endpoint", "127.0.0.1:1", "--", sys.executable, "-c"]
    process = subprocess.Popen(
        [*otx, *words, COUNTS_INTERRUPTS],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=tmp_path,
        env=cli_variables,
    )
    os.close(follower)
    seen = ""
    with ending(process), os.fdopen(leader, "r+b", buffering=0) as terminal:

        def read_until(word: str) -> None:
            nonlocal seen
            while word not in seen:
                seen += terminal.read(4096).decode()

        read_until("ready")
        terminal.write(b"\x03")
        read_until("heard")
        read_until("was not sent")
        assert process.wait(CLI_TIMEOUT_S) == 0
    assert "heard 1" in seen


def test_unusable_arguments_are_found_before_the_command_runs(
    run_cli: RunCli, tmp_path: Path
) -> None:
    for arguments in (["--endpoint", "ftp://x"], ["--attr", "x"], ["--timeout", "0s"]):
        done = run_cli("send", "span", *arguments, "--", "touch", "ran")
        assert done.returncode == 2
    assert run_cli("send", "span").returncode == 2
    assert not (tmp_path / "ran").exists()
