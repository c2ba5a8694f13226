"""Where a server listens."""

import socket
from pathlib import Path

import pytest

from otx.errors import ExitCode, UsageError
from otx.otlp.address import Address, bind, cannot_listen


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:4317", Address("127.0.0.1", 4317)),
        ("[::1]:0", Address("::1", 0)),
        ("collector.local:1", Address("collector.local", 1)),
        (":4318", Address("", 4318)),
        ("unix:/run/otx.sock", Address(path="/run/otx.sock")),
    ],
)
def test_an_address_is_read_and_written(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "4317", "host", "host:", "host:x", "host:65536", "::1:4317", "unix:", "http://a:1"]
)
def test_what_is_no_address_is_said_so(text: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        Address.parse(text)


def test_a_taken_port_names_who_has_it() -> None:
    with bind(Address("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError) as caught:
            bind(address)
    error = cannot_listen(address, "--http", caught.value, "nginx (pid 7)")
    assert error.code is ExitCode.MACHINE
    assert error.message == f"cannot listen on {address}: it is in use by nginx (pid 7)"
    assert "--http HOST:PORT" in error.hint


def test_no_host_is_every_interface_of_both_families() -> None:
    with bind(Address("", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            pass


def test_a_unix_socket_left_behind_is_replaced_and_a_live_one_is_not(tmp_path: Path) -> None:
    address = Address(path=str(tmp_path / "socket"))
    bind(address).close()
    with bind(address), pytest.raises(OSError, match="in use"):
        bind(address)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    with pytest.raises(OSError):
        bind(Address(path=str(tmp_path / "precious")))
    assert (tmp_path / "precious").read_text() == "data"
