"""Addresses and networks."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import ExecutionError
from otx.ottl.ip import is_ipv6, parse_ip, parse_network


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("1.2.3.4", "01020304"),
        ("::1", "00000000000000000000000000000001"),
        ("::ffff:1.2.3.4", "01020304"),
        ("::FFFF:0102:0304", "01020304"),
        ("::1.2.3.4", "00000000000000000000000001020304"),
        ("1:2:3:4:5:6:7::", "00010002000300040005000600070000"),
    ],
)
def test_addresses(text: str, octets: str) -> None:
    assert parse_ip(text) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "256.1.1.1",
        " 1.2.3.4",
        "1.2.3.4\0",
        "１.2.3.4",
        "0x1.2.3.4",
        ":",
        ":::",
        "1:2:3:4:5:6:7:8::",
        "::12345",
        "fe80::1%eth0",
        "[::1]",
        "::ffff:01.2.3.4",
    ],
)
def test_no_addresses(text: str) -> None:
    assert parse_ip(text) is None


@given(st.ip_addresses())
def test_every_address_is_read(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    assert parse_ip(str(address)) == (mapped or address).packed


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("10.0.0.0/8", ["10.255.0.1", "::ffff:10.0.0.1"], ["11.0.0.1", "::1"]),
        ("10.1.2.3/8", ["10.9.9.9"], ["1.1.1.1"]),
        ("0.0.0.0/0", ["255.255.255.255"], ["::"]),
        ("1.2.3.4/032", ["1.2.3.4"], ["1.2.3.5"]),
        ("2001:db8::/32", ["2001:db8:1::"], ["2001:db9::"]),
        ("::ffff:10.0.0.0/104", ["10.1.1.1"], ["11.1.1.1"]),
        ("::/0", ["::1", "ff::"], ["1.2.3.4"]),
    ],
)
def test_networks(text: str, inside: list[str], outside: list[str]) -> None:
    network = parse_network(text)
    addresses = [(one, parse_ip(one)) for one in inside + outside]
    assert [one for one, address in addresses if address and network.contains(address)] == inside


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/8 ",
        "x/8",
        "10.0.0.0/+8",
        "10.0.0.0/٣",
        "fe80::1%eth0/64",
        "10.0.0.0/99999999999999999999",
    ],
)
def test_no_networks(text: str) -> None:
    with pytest.raises(ExecutionError):
        parse_network(text)


def test_ipv6_with_zones() -> None:
    assert is_ipv6("fe80::1%eth0")
    assert not is_ipv6("fe80::1%")
    assert not is_ipv6("1.2.3.4")
