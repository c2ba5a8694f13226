"""Functions on addresses, URLs and user agents."""

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter, converter_builder
from otx.ottl.go_strconv import parse_int
from otx.ottl.go_url import Url, parse_query, parse_url
from otx.ottl.ip import Network, parse_ip, parse_network
from otx.ottl.lift import Always
from otx.ottl.parameters import Get, Integer, Text
from otx.ottl.user_agents import describe, prepare
from otx.ottl.values import Map

_PROTOCOLS = {"ICMP": 1, "TCP": 6, "UDP": 17, "RSVP": 46, "ICMP6": 58, "SCTP": 132}
_UINT16_MAX = 0xFFFF
_network = lru_cache(1024)(parse_network)


@converter_builder(
    "IsInCIDR", since="0.146", example=Example('IsInCIDR("10.1.2.3", ["10.0.0.0/8"])', "true")
)
def is_in_cidr(target: Get[Text], networks: list[Get[Text]]) -> Gives[bool]:
    """Whether an address is in one of several networks; what is no address is in none."""
    literals = _literal_networks(networks)
    if len(literals) == len(networks):
        return lambda record: _is_in_one(parse_ip(target(record)), literals)

    def run(record: Any) -> bool:
        address = parse_ip(target(record))
        if address is None:
            return False
        return any(_network(one(record)).contains(address) for one in networks)

    return run


def _literal_networks(networks: Sequence[Get[Text]]) -> list[Network]:
    """The networks that are literals, up to the first that is none."""
    found = []
    for one in networks:
        if not isinstance(one, Always):
            break
        found.append(parse_network(one.value))
    return found


def _is_in_one(address: bytes | None, networks: Sequence[Network]) -> bool:
    return address is not None and any(one.contains(address) for one in networks)


@converter(
    "CommunityID",
    fails="an address, a port or the protocol is none",
    since="0.131",
    example=Example(
        'CommunityID("10.0.0.1", 5060, "10.0.0.2", 80)', '"1:R1BJF+G7mXdTgELK6p20sGlIZpY="'
    ),
)
def community_id(
    source_ip: Text,
    source_port: Integer,
    destination_ip: Text,
    destination_port: Integer,
    protocol: Text = "TCP",
    seed: Integer = 0,
) -> str:
    """The Community ID of a connection, which is the same for both directions."""
    source = _endpoint(source_ip, source_port)
    destination = _endpoint(destination_ip, destination_port)
    number = _PROTOCOLS.get(protocol)
    if number is None:
        raise ExecutionError(f"{protocol!r} is none of {', '.join(_PROTOCOLS)}")
    if not 0 <= seed <= _UINT16_MAX:
        raise ExecutionError(f"{seed} is no seed: it takes 0 to {_UINT16_MAX}")
    lower, higher = sorted((source, destination), key=lambda one: (len(one[0]), one))
    octets = b"".join(
        [seed.to_bytes(2, "big"), lower[0], higher[0], bytes((number, 0)), lower[1], higher[1]]
    )
    # The Community ID is defined by this hash; nothing is kept safe by it.
    return f"1:{base64.b64encode(hashlib.sha1(octets, usedforsecurity=False).digest()).decode()}"


def _endpoint(ip: str, port: int) -> tuple[bytes, bytes]:
    if not 0 <= port <= _UINT16_MAX:
        raise ExecutionError(f"{port} is no port: it takes 0 to {_UINT16_MAX}")
    address = parse_ip(ip)
    if address is None:
        raise ExecutionError(f"{ip!r} is no address")
    return address, port.to_bytes(2, "big")


@converter(
    "URL",
    fails="uri is no URL",
    since="0.127",
    example=Example(
        'URL("https://example.com/a.png?b=1")',
        '{"url.original": "https://example.com/a.png?b=1", "url.scheme": "https",'
        ' "url.domain": "example.com", "url.path": "/a.png", "url.query": "b=1",'
        ' "url.extension": "png"}',
    ),
)
def url(uri: Text) -> dict[str, Any]:
    """The parts of a URL by the names of semantic conventions."""
    if not uri:
        raise ExecutionError("an empty text is no URL")
    if uri.startswith("?"):
        found = parse_query(uri[1:])
        return {"query": found} if found else {}
    return _parts(parse_url(uri))


def _parts(url: Url) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "url.original": str(url),
        "url.domain": url.hostname,
        "url.scheme": url.scheme,
        "url.path": url.path,
    }
    if url.port:
        parts["url.port"] = parse_int(url.port, 10)
    if url.fragment:
        parts["url.fragment"] = url.fragment
    if url.user is not None:
        parts["url.user_info"] = str(url.user)
        if url.user.name:
            parts["url.username"] = url.user.name
        if url.user.password is not None:
            parts["url.password"] = url.user.password
    if url.query:
        parts["url.query"] = url.query
    extension = url.path.rpartition(".")[2]
    if extension and "." in url.path:
        parts["url.extension"] = extension
    return parts


@converter_builder(
    "UserAgent",
    since="0.134",
    example=Example(
        'UserAgent("curl/7.81.0")',
        '{"user_agent.name": "curl", "user_agent.original": "curl/7.81.0",'
        ' "user_agent.version": "7.81.0", "os.name": "Other"}',
    ),
)
def user_agent_(user_agent: Get[Text]) -> Gives[Map]:
    """What a user agent says of itself: its name and version, and those of its system."""
    prepare()
    return lambda record: describe(user_agent(record))
