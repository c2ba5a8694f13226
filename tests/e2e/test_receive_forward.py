"""`otx receive --forward` as a user runs it."""

import http.client
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otx.model.signal import Signal
from otx.otlp.wire import WIRE
from otx.services.receive_process import ReceiverProcess
from tests.conftest import RunCli, StartReceiver, wait_until
from tests.e2e.far_end import far_end
from tests.e2e.test_receive_kill import request_of
from tests.services.odd_servers import Answer

TIMEOUT_S = 30
SPANS = 3
RULES = """
processors:
  filter: {trace_conditions: ['span.name != ""']}
  transform: {log_statements: ['set(log.body, "hidden")']}
service:
  pipelines:
    traces: {processors: [filter]}
    logs: {processors: [transform]}
"""


def body_of(number: int) -> bytes:
    return request_of([f"{number * SPANS + place:016x}" for place in range(1, SPANS + 1)])


def send(receiver: ReceiverProcess, *bodies: bytes, path: str = "/v1/traces") -> None:
    """Send requests, one after the other; each must be acknowledged."""
    connection = http.client.HTTPConnection(receiver.http, timeout=TIMEOUT_S)
    for body in bodies:
        connection.request("POST", path, body, {"Content-Type": "application/x-protobuf"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def end(receiver: ReceiverProcess) -> str:
    receiver.stop()
    assert receiver.exit_code == 0
    return "\n".join(receiver.said)


def test_a_dead_destination_gets_all_in_order_once_it_lives(start_receiver: StartReceiver) -> None:
    port = free_port()
    sent = [body_of(number) for number in range(60)]
    with far_end() as lives:
        receiver = start_receiver("--forward", lives.url, "--forward", f"http://127.0.0.1:{port}")
        send(receiver, *sent[:30])
        wait_until(lambda: len(lives.taken) == 30, "who lives does not wait for who is dead")
        with far_end(port=port) as late:
            send(receiver, *sent[30:])
            wait_until(lambda: len(late.taken) == 60, "who was dead gets all")
            said = end(receiver)
        assert lives.taken == sent
        assert late.taken == sent
    assert f"forwarded to {lives.url}: 180 spans\n" in said + "\n"
    assert re.search(rf"forwarded to http://127.0.0.1:{port}: 180 spans, tried again", said)


def test_every_signal_goes_on_byte_for_byte_over_both_transports(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    over_grpc = start_receiver("--tee", "grpc.pb", store="none")
    over_http = start_receiver("--tee", "http.pb", store="none")
    receiver = start_receiver(
        "--tee", "first.pb",
        "--forward", over_grpc.grpc,
        "--forward", f"http://{over_http.http} compression=gzip header=x-team=shop",
    )  # fmt: skip
    for signal in Signal:
        done = run_cli("send", str(signal), "--endpoint", receiver.grpc, "--count", "50")
        assert done.returncode == 0, done.stderr
    for one in (receiver, over_grpc, over_http):
        end(one)
    first = (tmp_path / "first.pb").read_bytes()
    assert first
    assert (tmp_path / "grpc.pb").read_bytes() == first
    assert (tmp_path / "http.pb").read_bytes() == first


def test_what_rules_make_of_it_goes_on(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    with far_end() as far:
        receiver = start_receiver("--transform", "rules.yaml", "--forward", far.url)
        for signal in ("traces", "logs"):
            run_cli("send", signal, "--endpoint", receiver.grpc, "--count", "5")
        end(receiver)
        assert [path for path, _ in far.tries] == ["/v1/logs"]
        assert b"hidden" in far.taken[0]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(503, (("Retry-After", "0"),)), "tried again 2 times"),
        (Answer(429), "tried again 2 times"),
        (Answer(400, body=b"no such thing"), "refused 6 spans"),
        (Answer(413), "refused 6 spans"),
        (None, "tried again 2 times"),
    ],
    ids=["503", "429", "400", "413", "hangs"],
)
def test_answers_are_read_as_otlp_has_them(
    start_receiver: StartReceiver, answer: Answer | None, says: str
) -> None:
    sent = [body_of(number) for number in range(5)]
    with far_end(lambda number: answer if number < 2 else Answer()) as far:
        receiver = start_receiver("--forward", f"{far.url} timeout=500ms")
        send(receiver, *sent)
        refused = 2 if says.startswith("refused") else 0
        wait_until(lambda: far.taken == sent[refused:], "what is not refused arrives, in order")
        said = end(receiver)
    assert f"forwarded to {far.url}: {(5 - refused) * SPANS} spans, {says}" in said


def test_a_partial_success_is_counted_and_not_sent_again(start_receiver: StartReceiver) -> None:
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = 2
    response.partial_success.error_message = "two are too old"
    with far_end(lambda number: Answer(body=response.SerializeToString())) as far:
        receiver = start_receiver("--forward", far.url)
        send(receiver, body_of(1))
        said = end(receiver)
        assert len(far.tries) == 1
    assert f"forwarded to {far.url}: 1 span, rejected 2 spans" in said
    assert f"{far.url} says: two are too old" in said


def test_what_waits_at_the_end_is_told_and_goes_on_with_the_next_start(
    start_receiver: StartReceiver,
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    sent = [body_of(number) for number in range(20)]
    receiver = start_receiver("--forward", url)
    send(receiver, *sent)
    said = end(receiver)
    assert re.search(
        rf"    60 spans \(.*KiB\) wait for {url}; they go on when otx receive starts again "
        r"\(Connection refused\)",
        said,
    )
    receiver = start_receiver()
    said = end(receiver)
    assert re.search(rf"KiB wait for {url}; --forward sends it on", said)
    with far_end(port=int(url.rpartition(":")[2])) as far:
        receiver = start_receiver("--forward", url)
        wait_until(lambda: far.taken == sent, "they go on")
        end(receiver)


@pytest.mark.parametrize(
    "form", ["127.0.0.1:{}", pytest.param("http://127.0.0.1:{}", marks=pytest.mark.long)]
)
def test_the_end_does_not_wait_for_who_never_answers(
    start_receiver: StartReceiver, form: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, far_end() as lives:
        url = form.format(silent.getsockname()[1])
        receiver = start_receiver("--forward", f"{url} timeout=1h", "--forward", lives.url)
        send(receiver, body_of(1))
        wait_until(lambda: bool(lives.taken), "the other one has it")
        said = end(receiver)
    assert f"forwarded to {url}: nothing" in said
    assert f"B wait for {url}; they go on when otx receive starts again" in said
    assert "did not end in time" not in said


def test_who_is_named_no_longer_keeps_what_waited_for_it(start_receiver: StartReceiver) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    receiver = start_receiver("--forward", url)
    send(receiver, body_of(1))
    assert f"wait for {url}; they go on" in end(receiver)
    with far_end() as other:
        receiver = start_receiver("--forward", other.url)
        send(receiver, body_of(2))
        wait_until(lambda: len(other.taken) == 1, "it is sent")
        assert "wait for " + url + ", which --forward does not name" in end(receiver)
    with far_end(port=int(url.rpartition(":")[2])) as far:
        receiver = start_receiver("--forward", url)
        wait_until(lambda: len(far.taken) == 1, "what waited before goes on")
        end(receiver)
        assert len(far.taken) == 1, "what came while it was not named is not for it"


def test_what_the_bound_has_no_room_for_is_lost_and_counted(
    start_receiver: StartReceiver, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    receiver = start_receiver("--forward", url, "--forward-keep", "2KiB", "--print", "summary")
    send(receiver, *[body_of(number) for number in range(40)])
    printed = tmp_path / "printed"
    wait_until(lambda: "lost" in printed.read_text(), "the summary tells it")
    said = end(receiver)
    assert re.search(r"waits .*: Connection refused, .* behind", printed.read_text())
    (lost,) = re.findall(r"lost (\d+) spans", said)
    (waiting,) = re.findall(r"(\d+) spans \(.*\) wait for", said)
    assert int(lost) + int(waiting) == 120


def test_the_store_gives_the_logs_back_once_they_are_sent(
    start_receiver: StartReceiver, tmp_path: Path
) -> None:
    with far_end() as far:
        receiver = start_receiver("--forward", far.url)
        send(receiver, *[body_of(number) for number in range(20)])
        end(receiver)
    assert list((tmp_path / "store" / "forward" / "logs").iterdir()) == []


def test_a_way_back_is_refused(run_cli: RunCli) -> None:
    port = free_port()
    done = run_cli(
        "receive", "--grpc", f"127.0.0.1:{port}", "--http", "127.0.0.1:0",
        "--forward", f"localhost:{port}",
    )  # fmt: skip
    assert done.returncode == 2
    assert f"--forward localhost:{port} leads back to this receiver" in done.stderr


@pytest.mark.parametrize("scheme", ["http://", pytest.param("", marks=pytest.mark.long)])
def test_two_that_forward_to_each_other_notice(start_receiver: StartReceiver, scheme: str) -> None:
    port = free_port()
    one = start_receiver("--forward", f"{scheme}127.0.0.1:{port}", store="one")
    listening = ("--http", f"127.0.0.1:{port}") if scheme else ("--grpc", f"127.0.0.1:{port}")
    back = f"http://{one.http}" if scheme else one.grpc
    other = start_receiver("--forward", back, *listening, store="other")
    send(one, *map(body_of, range(3)))
    send(other, body_of(3))

    def told() -> bool:
        return any("come back to it" in line for line in (*one.said, *other.said))

    wait_until(told, "the ring")
    said = [end(one), end(other)]
    assert any("passed over: " in text and "take one --forward out" in text for text in said)
    # Three and one came from elsewhere, and one at least went on until the ring was noticed; each
    # may have gone round once more.
    counts = [re.search(r"received .* in (\d+) requests?", text) for text in said]
    assert 5 <= sum(int(count[1]) for count in counts if count) <= 14


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--forward", "c:4317", "--store", "none"], "--forward needs a store"),
        (["--forward-keep", "1h"], "--forward-keep is about --forward"),
        (["--forward", "ftp://c"], "no endpoint"),
        (["--forward", "c:4317", "--forward", "c:4317"], "is there twice"),
    ],
)
def test_what_cannot_be_done_is_refused(run_cli: RunCli, arguments: list[str], says: str) -> None:
    addresses = ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    done = run_cli("receive", *addresses, *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "hint:" in done.stderr or "twice" in says


def test_a_header_is_on_no_command_line(start_receiver: StartReceiver) -> None:
    with far_end() as far:
        receiver = start_receiver(variables={"OTX_RECEIVE_FORWARD": f"{far.url} header=key=hush"})
        send(receiver, body_of(1))
        wait_until(lambda: bool(far.taken), "it is forwarded")
        commands = [
            path.read_bytes()
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if path.parent.joinpath("comm").exists()
        ]
        assert not any(b"hush" in command for command in commands)
        assert "hush" not in end(receiver)


def test_a_channel_that_had_failed_finds_who_is_back(start_receiver: StartReceiver) -> None:
    port = free_port()
    receiver = start_receiver("--forward", f"127.0.0.1:{port}")
    send(receiver, body_of(1))
    wait_until(lambda: "takes nothing now" in "\n".join(receiver.said), "it is tried")
    taken: list[bytes] = []
    server = grpc.server(ThreadPoolExecutor(2))

    def export(request: bytes, context: grpc.ServicerContext) -> bytes:
        taken.append(request)
        return b""

    method = WIRE[Signal.TRACES]
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(export)
    service = grpc.method_handlers_generic_handler(method.grpc_service, {"Export": handler})
    server.add_generic_rpc_handlers((service,))
    assert server.add_insecure_port(f"127.0.0.1:{port}") == port
    server.start()
    wait_until(lambda: len(taken) == 1, "it is found")
    end(receiver)
    server.stop(None).wait()
