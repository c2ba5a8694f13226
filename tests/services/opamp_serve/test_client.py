"""A server that cannot be asked: why not, and what its database can and cannot say."""

import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otx.errors import ExitCode, PeerError, UsageError
from otx.services.opamp_serve import client
from otx.services.opamp_serve.client import RemoteFleet, StoredFleet, Unreachable
from otx.services.opamp_serve.database import open_to_write
from tests.services.opamp_serve.conftest import StartServing
from tests.services.opamp_serve.messages import full
from tests.services.opamp_serve.serving import wire


def test_a_database_does_not_say_who_is_gone(start_serving: StartServing) -> None:
    serving = start_serving()
    with wire(serving.url) as there:
        there.ask(full(1))
        serving.end(signal.SIGKILL)
    fleet = StoredFleet(serving.db, 0)
    (row,) = fleet.agents("")
    assert row["state"] == "unknown"
    found = fleet.why(row["uid"])
    assert found["blocked_at"] != "connection"
    assert any("no server runs that knows" in step["says"] for step in found["steps"])


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_server_that_hangs_is_not_one_that_is_not_there(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PROBE_S", 0.2)
    with pytest.raises(PeerError, match="does not answer within") as caught:
        RemoteFleet(f"http://127.0.0.1:{silent}").probe()
    assert caught.value.code == ExitCode.TIMEOUT
    assert not isinstance(caught.value, Unreachable)


def test_why_a_certificate_is_not_trusted_is_said() -> None:
    fleet = RemoteFleet("https://127.0.0.1:1")
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = "unable to get local issuer certificate"
    found = fleet._untrusted(error)
    assert "not trusted: unable to get local issuer" in found.message
    assert "--ca" in found.hint


def test_a_ca_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--ca .* cannot be used"):
        RemoteFleet("https://127.0.0.1:1", ca=tmp_path / "none").probe()


def test_a_damaged_fleet_is_told(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    with closing(open_to_write(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    body = bytearray(path.read_bytes())
    body[4096:8192] = bytes(4096)
    path.write_bytes(body)
    with pytest.raises(UsageError, match="cannot be read"):
        StoredFleet(path, 0)


def test_an_answer_that_is_lost_is_not_called_undone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        fleet = RemoteFleet(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(PeerError, match="before it answered") as caught:
            fleet.post("pushes", {})
        thread.join(30)
    assert not isinstance(caught.value, Unreachable)
    assert "whether it was done is not known" in caught.value.hint


@pytest.mark.parametrize(
    "url", ["http://h:port", "http://[::1", "ftp://h", "http://", "http://h:99999"]
)
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(UsageError, match="is no address of a server"):
        RemoteFleet(url)
