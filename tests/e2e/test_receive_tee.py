"""`otx receive --tee` as a user runs it."""

from pathlib import Path

import pytest

from tests.conftest import RunCli, StartReceiver


@pytest.mark.parametrize("name", ["copy.jsonl", "copy.pb"])
def test_a_copy_can_be_sent_again(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path, name: str
) -> None:
    receiver = start_receiver("--tee", name, store="none")
    for kind in ("traces", "logs"):
        sent = run_cli("send", kind, "--endpoint", f"http://{receiver.http}", "--count", "20")
        assert sent.returncode == 0, sent.stderr
    receiver.stop()
    assert receiver.exit_code == 0
    again = start_receiver(store=str(tmp_path / "again"))
    sent = run_cli("send", "replay", name, "--endpoint", f"http://{again.http}")
    assert sent.returncode == 0, sent.stderr
    again.stop()
    said = "\n".join(again.said)
    assert "traces 20 spans" in said
    assert "logs 20 log records" in said


def test_a_full_disk_is_told_and_receiving_goes_on(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "full.jsonl").symlink_to("/dev/full")
    receiver = start_receiver("--tee", "full.jsonl")
    for _ in range(2):
        sent = run_cli("send", "traces", "--endpoint", f"http://{receiver.http}", "--count", "5")
        assert sent.returncode == 0, sent.stderr
    receiver.stop()
    assert receiver.exit_code == 0
    said = "\n".join(receiver.said)
    assert "full.jsonl: No space left on device; receiving goes on" in said
    assert "  2 × requests are not in" in said
    assert "received traces 10 spans in 2 requests" in said
