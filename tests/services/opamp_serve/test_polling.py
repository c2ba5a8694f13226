"""Bodies and encodings of plain HTTP."""

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.framing import Malformed
from otx.services.opamp_serve.polling import TooBig, takes_gzip, unpack


@pytest.mark.parametrize(
    ("accept", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("gzip;q=0.5, br", True),
        ("*", True),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("identity", False),
        ("deflate, br", False),
    ],
)
def test_gzip_is_sent_to_who_takes_it(accept: str, takes: bool) -> None:
    assert takes_gzip(accept) is takes


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3))
def test_what_is_packed_is_unpacked_also_in_members(parts: list[bytes]) -> None:
    assert unpack(b"".join(map(gzip.compress, parts)), 1_000) == b"".join(parts)


def test_a_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(bytes(50 << 20))
    assert len(bomb) < 100_000
    with pytest.raises(TooBig):
        unpack(bomb, 1 << 20)


@pytest.mark.parametrize(
    "body", [b"x", b"\x1f\x8b", zlib.compress(b"x"), gzip.compress(b"xyz", mtime=0)[:-4]]
)
def test_what_is_no_gzip_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        unpack(body, 1_000)


@given(st.binary(max_size=100))
def test_any_bytes_are_unpacked_or_refused(body: bytes) -> None:
    with suppress(Malformed, TooBig):
        unpack(body, 1_000)
