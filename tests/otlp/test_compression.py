"""Content encodings, and that none of them makes us hold more than the limit."""

import gzip
import time
import tracemalloc
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from otx.otlp.compression import compress, decompress
from otx.otlp.refusal import Reason, Refusal

LIMIT = 1 << 20


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = [
    ("", bytes),
    ("identity", bytes),
    ("gzip", gzip.compress),
    ("GZIP", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("zstd", zstandard.ZstdCompressor().compress),
]


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_every_encoding_is_taken_off(name: str, pack: "type[bytes]") -> None:
    data = b"telemetry " * 1000
    assert decompress(pack(data), name, LIMIT) == data


@pytest.mark.parametrize("name", ["gzip", "zstd"])
@given(data=st.binary(max_size=5000))
def test_what_is_compressed_is_opened(name: str, data: bytes) -> None:
    assert decompress(compress(data, name), name, LIMIT) == data


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_several_members_are_one_body(name: str) -> None:
    assert decompress(compress(b"a", name) + compress(b"b", name), name, LIMIT) == b"ab"


def test_members_that_are_empty_cost_no_more_than_their_bytes() -> None:
    body = gzip.compress(b"") * 200_000 + gzip.compress(b"x")
    began_s = time.process_time()
    assert decompress(body, "gzip", LIMIT) == b"x"
    assert time.process_time() - began_s < 5  # their square takes 20 s and more


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_the_limit_is_exact(name: str, pack: "type[bytes]") -> None:
    assert len(decompress(pack(bytes(LIMIT)), name, LIMIT)) == LIMIT
    with pytest.raises(Refusal) as caught:
        decompress(pack(bytes(LIMIT + 1)), name, LIMIT)
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(("name", "pack"), PACKERS[2:])
def test_a_bomb_costs_no_more_than_the_limit(name: str, pack: "type[bytes]") -> None:
    bomb = pack(bytes(256 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(Refusal):
            decompress(bomb, name, LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("name", "pack"), PACKERS[2:])
@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_body_is_refused(name: str, pack: "type[bytes]", damage: str) -> None:
    whole = pack(b"telemetry " * 1000)
    body = {"cut": whole[:-3], "empty": b"", "other": b"\x0a" + whole}[damage]
    with pytest.raises(Refusal) as caught:
        decompress(body, name, LIMIT)
    assert caught.value.reason is Reason.UNDECODABLE


def test_an_unknown_encoding_is_named_with_those_that_are_known() -> None:
    with pytest.raises(Refusal, match="'lz4' is not supported; send gzip, deflate, zstd"):
        decompress(b"", "lz4", LIMIT)
