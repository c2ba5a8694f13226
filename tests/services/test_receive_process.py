"""A receiver for screens: started, used, ended, and gone with its parent."""

import http.client
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.services.receive_process import start_receiver_process
from otx.store.layout import ReceiverLock

TIMEOUT_S = 30

PARENT = """
import sys
from pathlib import Path
from otx.services.receive_process import start_receiver_process
receiver = start_receiver_process(Path(sys.argv[1]))
print(receiver.pid, flush=True)
sys.stdin.read()
"""


def test_it_receives_until_it_is_stopped(tmp_path: Path) -> None:
    receiver = start_receiver_process(tmp_path / "store")
    try:
        connection = http.client.HTTPConnection(receiver.http, timeout=TIMEOUT_S)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/v1/traces", b"{}", headers)
        assert connection.getresponse().status == 200
        connection.close()
        assert receiver.is_running
        holder = ReceiverLock.holder(tmp_path / "store")
        assert holder is not None
        assert (holder.pid, holder.grpc, holder.http) == (
            receiver.pid,
            receiver.grpc,
            receiver.http,
        )
    finally:
        receiver.stop()
    assert receiver.exit_code == 0
    receiver.stop()


def test_why_it_cannot_start_is_passed_on(tmp_path: Path) -> None:
    first = start_receiver_process(tmp_path / "store")
    try:
        with pytest.raises(MachineError, match="already receives for the store") as caught:
            start_receiver_process(tmp_path / "store")
        assert "--store" in caught.value.hint
        with pytest.raises(MachineError, match="is in use"):
            start_receiver_process(tmp_path / "other", http=first.http)
    finally:
        first.stop()


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "store")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert parent.stdout is not None
        # No child of ours: its pidfd says when it is gone, and its locks with it (pidfd_open(2)).
        receiver = os.pidfd_open(int(parent.stdout.readline()))
        assert ReceiverLock.holder(tmp_path / "store") is not None
        os.kill(parent.pid, signal.SIGKILL)
    finally:
        parent.kill()
        parent.communicate()
    gone, _, _ = select.select([receiver], [], [], TIMEOUT_S)
    os.close(receiver)
    assert gone
    assert ReceiverLock.holder(tmp_path / "store") is None
