"""What `otx receive --forward` sends on arrives through Go's own implementation, the Collector."""

from pathlib import Path

import pytest

from otx.model.signal import Signal
from tests.conftest import RunCli, StartReceiver, wait_until
from tests.interop.test_send_go import (  # noqa: F401 - fixtures are found by their names
    COUNT,
    PASSED_ON,
    SEED,
    SERVICES,
    Ports,
    arrived,
    collector,
    forwarding,
    made,
    without_times,
)


@pytest.mark.long
@pytest.mark.parametrize("signal", PASSED_ON)
@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_what_go_understands_is_what_was_received(
    forwarding: Ports,  # noqa: F811 - the fixture
    start_receiver: StartReceiver,
    run_cli: RunCli,
    tmp_path: Path,
    signal: Signal,
    transport: str,
) -> None:
    urls = {"grpc": f"127.0.0.1:{forwarding.grpc}", "http": f"http://127.0.0.1:{forwarding.http}"}
    receiver = start_receiver("--forward", f"{urls[transport]} compression=gzip")
    sent = run_cli(
        "send", str(signal), "--endpoint", receiver.grpc, "--count", str(COUNT),
        "--seed", str(SEED), "--services", str(SERVICES),
    )  # fmt: skip
    assert sent.returncode == 0, sent.stderr
    wait_until(lambda: bool(arrived(tmp_path, signal)), "all of it went through the Collector")
    receiver.stop()
    assert f"forwarded to {urls[transport]}: " in "\n".join(receiver.said)
    texts = [without_times(signal, one) for one in arrived(tmp_path, signal)]
    assert sorted(texts) == sorted(without_times(signal, one) for one in made(signal))
