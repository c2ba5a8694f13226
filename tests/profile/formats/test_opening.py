"""What a file is, told by its content; and what no file may do."""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import OtxError, UsageError
from otx.profile.formats import FORMS, opening, write_profile
from otx.profile.formats.opening import open_profile
from tests.profile.formats.profiles import EXAMPLE

READ = tuple(FORMS)
WRITTEN = {form: write_profile(EXAMPLE, form) for form in READ}


def opened_form(data: bytes) -> str:
    return open_profile(data, "x", lambda text: None).form


@pytest.mark.parametrize("form", READ)
@pytest.mark.parametrize(
    "packed", [lambda it: it, gzip.compress, lambda it: zstandard.ZstdCompressor().compress(it)]
)
def test_every_form_is_known_by_its_content(form: str, packed: Callable[[bytes], bytes]) -> None:
    assert opened_form(packed(WRITTEN[form])) == form


def test_a_byte_order_mark_and_blank_lines_are_no_matter() -> None:
    assert opened_form(b"\xef\xbb\xbf" + WRITTEN["json"]) == "json"
    for form in ("folded", "text", "html", "svg"):
        assert opened_form(b"\xef\xbb\xbf\n\n" + WRITTEN[form]) == form
    assert (
        opened_form(json.dumps(json.loads(WRITTEN["otlp-json"]), indent=2).encode()) == "otlp-json"
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"PERFILE2xxxx", "perf record"),
        (b"\x7fELF\x02\x01", "is a program"),
        (b"hello world\n", "in no form of a profile"),
        (b"{}", "no profile"),
        (b'{"a": 1}', "its keys: a"),
        (b'{"a": ', "no JSON: .* column"),
        ("{}".encode("utf-16"), "UTF-16"),
        (b'{"resourceSpans": [{}]}', "traces, not profiles"),
        (b"a;b 1\nbroken\n", "x:2: no count"),
        (b"\xff\xfe\x00\x01\x02", "UTF-16|no form"),
        (b"\x00\x01\x02\x03", "cut off"),
        (b"\x1f\x8b\x08\x00junk", "gzip"),
        (b"<!DOCTYPE html><title>x</title>", "an HTML page without data of otx"),
        (b"<?xml version='1.0'?>\n<svg></svg>", "an SVG picture without data of otx"),
        (b'{"caller_stacks": []}', "no whole stacks"),
        (b"callers\n  100.0%  main\n\nf: 3 samples\n\ncallees\n", "no whole stacks"),
        (b"before  a  3 samples\nafter   b  4 samples\n", "compares two profiles"),
    ],
)
def test_what_is_no_profile_is_said(data: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        opened_form(data)


def test_a_gzip_bomb_is_refused_while_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_BYTES", 1 << 20)
    packer = zlib.compressobj(9, wbits=31)
    bomb = packer.compress(bytes(1 << 26)) + packer.flush()
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        opened_form(bomb)


@pytest.mark.parametrize("form", READ)
@given(data=st.data())
def test_a_damaged_file_is_an_error_or_a_profile(form: str, data: st.DataObject) -> None:
    whole = WRITTEN[form]
    if form == "pprof":
        whole = gzip.decompress(whole)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(damaged)))
    for candidate in (bytes(damaged), whole[:end]):
        try:
            open_profile(candidate, "x", lambda text: None)
        except OtxError as error:
            assert error.message


@given(st.binary(max_size=400))
def test_any_bytes_are_an_error_or_a_profile(data: bytes) -> None:
    try:
        open_profile(data, "x", lambda text: None)
    except OtxError as error:
        assert error.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "shared",
                    "frames",
                    "profiles",
                    "stacks",
                    "count",
                    "values",
                    "name",
                    "unit",
                    "type",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_an_error_or_a_profile(document: object) -> None:
    for key in ("shared", "stacks", "resourceProfiles"):
        try:
            open_profile(json.dumps({key: document, "profiles": document}).encode(), "x", print)
        except OtxError as error:
            assert error.message
