"""Telemetry through Go's own implementation, both ways: the Collector and telemetrygen."""

import itertools
import json
import random
import re
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.protobuf.message import Message

from otx.model.signal import Signal
from otx.otlp.files import read_file
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.source import make_source
from otx.otlp.wire import WIRE, Generated
from otx.services.send import REQUEST_RECORDS
from tests.conftest import CLI_TIMEOUT_S, RunCli, StartReceiver, wait_until
from tests.interop.opamp_peers import SOURCES, NotToBeHad, built, load, running, supervisor

TELEMETRYGEN = "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0"
COUNT, SEED, SERVICES = 1234, 7, 7
PASSED_ON = [Signal.TRACES, Signal.METRICS, Signal.LOGS]
"""What a Collector takes without feature gates."""


@dataclass(frozen=True)
class Ports:
    grpc: int
    http: int


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def configuration(ports: Ports, forward_to: str) -> str:
    protocols = {
        "grpc": {"endpoint": f"127.0.0.1:{ports.grpc}"},
        "http": {"endpoint": f"127.0.0.1:{ports.http}"},
    }
    pipeline = {"receivers": ["otlp"], "exporters": ["otlphttp"]}
    return json.dumps(
        {
            "receivers": {"otlp": {"protocols": protocols}},
            "exporters": {"otlphttp": {"endpoint": f"http://{forward_to}"}},
            "service": {
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {str(signal): pipeline for signal in PASSED_ON},
            },
        }
    )


@pytest.fixture(scope="module")
def collector() -> Path:
    try:
        return supervisor()[1]
    except NotToBeHad as reason:
        pytest.skip(str(reason))


@pytest.fixture
def forwarding(collector: Path, start_receiver: StartReceiver, tmp_path: Path) -> Iterator[Ports]:
    """A Collector that hands everything on to `otx receive`, which prints it."""
    receiver = start_receiver("--print", "jsonl", store="none")
    ports = Ports(free_port(), free_port())
    config = tmp_path / "collector.yaml"
    config.write_text(configuration(ports, receiver.http))
    with running([collector, "--config", config]):
        wait_until(lambda: all(map(listens, (ports.grpc, ports.http))), "the Collector listens")
        yield ports


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def arrived(tmp_path: Path, signal: Signal) -> list[Message]:
    """What was printed whole so far."""
    text = (tmp_path / "printed").read_bytes()
    (tmp_path / "whole").write_bytes(text[: text.rfind(b"\n") + 1])
    requests = [it for it in read_file(tmp_path / "whole") if it.signal is signal]
    if sum(it.records for it in requests) < COUNT:
        return []
    return [WIRE[signal].request_class.FromString(it.body) for it in requests]


def without_times(signal: Signal, message: Message) -> str:
    """Text of a request, its resources in a fixed order; Go writes messages without content.

    In order without their times: those of two groups follow each other as the machine had time.
    """
    resources: Generated = getattr(message, WIRE[signal].resources_field)
    left_out = re.compile(r"\s+\w+_unix_nano: \d+|\s+(status|negative) \{\s*\}")
    return "".join(sorted(left_out.sub("", str(one)) for one in resources))


@pytest.mark.long  # where no Collector was built before that takes a minute
@pytest.mark.parametrize("signal", PASSED_ON)
@pytest.mark.parametrize(
    "transport",
    [
        pytest.param(("grpc", "gzip"), id="grpc-gzip"),
        pytest.param(("http/protobuf", "zstd"), id="protobuf-zstd"),
        pytest.param(("http/json", "none"), id="json"),
    ],
)
def test_what_go_understands_is_what_was_sent(
    forwarding: Ports, run_cli: RunCli, tmp_path: Path, signal: Signal, transport: tuple[str, str]
) -> None:
    protocol, compression = transport
    port = forwarding.grpc if protocol == "grpc" else forwarding.http
    endpoint = f"127.0.0.1:{port}" if protocol == "grpc" else f"http://127.0.0.1:{port}"
    sent = run_cli(
        *("send", signal, "--endpoint", endpoint, "--protocol", protocol),
        *("--compression", compression, "--format", "json"),
        *("--count", str(COUNT), "--seed", str(SEED), "--services", str(SERVICES)),
    )
    assert json.loads(sent.stdout)["accepted"] == COUNT, sent.stderr
    wait_until(lambda: bool(arrived(tmp_path, signal)), "all has arrived")
    texts = [without_times(signal, one) for one in arrived(tmp_path, signal)]
    assert sorted(texts) == sorted(without_times(signal, one) for one in made(signal))


@pytest.mark.parametrize("signal", PASSED_ON)
def test_what_is_compared_does_not_depend_on_how_long_it_took(signal: Signal) -> None:
    ticks = itertools.count(time.time_ns(), 50_000_000)
    slowly = [without_times(signal, one) for one in made(signal, lambda: next(ticks))]
    assert slowly == [without_times(signal, one) for one in made(signal, lambda: 10**18)]


def made(signal: Signal, clock: Callable[[], int] = time.time_ns) -> list[Message]:
    """What the command has made up."""
    rng = random.Random(SEED)
    source = make_source(signal, Shape(SERVICES), rng, REQUEST_RECORDS, 4 << 20)
    requests = []
    for size in (REQUEST_RECORDS, COUNT - REQUEST_RECORDS):
        body, records = source.head, 0
        while records < size:
            part, count = source.next(clock(), size - records)
            body, records = body + part, records + count
        requests.append(WIRE[signal].request_class.FromString(body))
    return requests


@pytest.fixture(scope="module")
def telemetrygen() -> Path:
    """Collector contrib's load generator; minutes where it is not in the cache."""

    def build(go: str, name: str, draft: Path) -> None:
        folder = draft.with_suffix(".bin")
        load([go, "install", TELEMETRYGEN], SOURCES, {"GOBIN": str(folder)})
        (folder / name).replace(draft)
        folder.rmdir()

    try:
        return built("telemetrygen", build)
    except NotToBeHad as reason:
        pytest.skip(str(reason))


@pytest.mark.long
@pytest.mark.parametrize("way", ["grpc", "http"])
def test_what_telemetrygen_sends_arrives(
    telemetrygen: Path, start_receiver: StartReceiver, tmp_path: Path, way: str
) -> None:
    receiver = start_receiver("--print", "jsonl", store="none")
    endpoint = [receiver.grpc] if way == "grpc" else [receiver.http, "--otlp-http"]
    for signal in PASSED_ON:
        options = ["--otlp-insecure", f"--{signal}", "20", "--rate", "100"]
        subprocess.run(
            [telemetrygen, signal, "--otlp-endpoint", *endpoint, *options],
            check=True,
            capture_output=True,
            timeout=CLI_TIMEOUT_S,
        )
    receiver.stop()
    counts: Counter[Signal] = Counter()
    for request in read_file(tmp_path / "printed"):
        counts[request.signal] += request.records
    # A trace of it is two spans.
    assert counts == {Signal.TRACES: 40, Signal.METRICS: 20, Signal.LOGS: 20}
