"""IP addresses and networks as Go's `net` reads them.

The C library's inet_pton accepts what Go does: four decimal numbers without leading zeros, and
every form of IPv6. An IPv4 address within IPv6 (`::ffff:1.2.3.4`) is an IPv4 address.
"""

import socket
from dataclasses import dataclass

from otx.ottl.errors import ExecutionError

_MAPPED = bytes(10) + b"\xff\xff"
_MAX_MASK_DIGITS = 9


def parse_ip(text: str) -> bytes | None:
    """The 4 or 16 bytes of an address; None where it is none."""
    octets = _octets(text)
    if octets is None:
        return None
    return octets[12:] if octets[:12] == _MAPPED and len(octets) == 16 else octets


def is_ipv6(text: str) -> bool:
    """Whether a text is an IPv6 address, which may have a zone."""
    address, percent, zone = text.partition("%")
    return ":" in address and _octets(address) is not None and bool(zone or not percent)


def _octets(text: str) -> bytes | None:
    if not text.isascii() or "\0" in text:
        return None
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Network:
    """A range of addresses of one length.

    Attributes:
        prefix: The bits that its addresses share.
        size: How many bytes they have.
        host_bits: How many of their bits are free.
    """

    prefix: int
    size: int
    host_bits: int

    def contains(self, address: bytes) -> bool:
        """Whether an address of `parse_ip` is in it."""
        return (
            len(address) == self.size
            and int.from_bytes(address, "big") >> self.host_bits == self.prefix
        )


def parse_network(text: str) -> Network:
    """A network such as `10.0.0.0/8`.

    Raises:
        ExecutionError: It is none.
    """
    address, slash, mask = text.partition("/")
    octets = _octets(address)
    bits = int(mask) if mask.isascii() and mask.isdigit() and len(mask) <= _MAX_MASK_DIGITS else -1
    if not slash or octets is None or not 0 <= bits <= len(octets) * 8:
        raise ExecutionError(f"{text!r} is no network such as 10.0.0.0/8")
    free = len(octets) * 8 - bits
    if octets[:12] == _MAPPED and bits >= len(_MAPPED) * 8:
        octets = octets[12:]
    return Network(int.from_bytes(octets, "big") >> free, len(octets), free)
