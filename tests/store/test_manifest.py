"""A manifest is what was written, or said to be none, whatever stands in its file."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.store.errors import StoreDamaged
from otx.store.log_position import LogPosition
from otx.store.manifest import (
    Manifest,
    Retired,
    Segment,
    copy_path,
    manifest_problem,
    mend_manifest,
    read_manifest,
    write_manifest,
)

WRITTEN = Manifest(
    version=3,
    segments=(Segment("a.parquet", "spans", 1, 2, 3, 4, 5),),
    positions={"log": LogPosition(1, 32)},
    retired=(Retired("b.parquet", 6),),
    aside_requests=1,
    odd_spans={"no-ids": 2},
    aside_segments=1,
    aside_rows=7,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_manifest(tmp_path / "manifest", WRITTEN)
    assert read_manifest(tmp_path / "manifest") == WRITTEN


def test_where_nothing_was_converted_it_is_empty(tmp_path: Path) -> None:
    assert read_manifest(tmp_path / "manifest") == Manifest()


@pytest.mark.parametrize("content", [b"", b"[]", b"7", b"[" * 10_000, b"{}"])
def test_what_is_none_is_said_to_be(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest").write_bytes(content)
    with pytest.raises(StoreDamaged, match="is no manifest of a store"):
        read_manifest(tmp_path / "manifest")


@given(st.sampled_from([b"Infinity", b"-1e400", b"null", b"{}", b'"x"']), st.integers(0, 12))
def test_another_value_is_read_or_said_to_be_none(
    tmp_path_factory: pytest.TempPathFactory, value: bytes, nth: int
) -> None:
    path = tmp_path_factory.mktemp("store") / "manifest"
    write_manifest(path, WRITTEN)
    parts = path.read_bytes().split(b" ")
    at = nth % len(parts)
    parts[at] = value + parts[at].lstrip(b"0123456789")
    path.write_bytes(b" ".join(parts))
    with suppress(StoreDamaged):
        read_manifest(path)


def test_a_copy_that_was_never_published_gives_way_and_a_lost_manifest_does_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "MANIFEST.json"

    def crash(step: str) -> None:
        if step == "write MANIFEST.json":
            raise KeyboardInterrupt

    write_manifest(path, Manifest(version=1))
    with pytest.raises(KeyboardInterrupt):
        write_manifest(path, Manifest(version=2), crash)
    assert read_manifest(path).version == 1
    mend_manifest(path)
    assert copy_path(path).read_bytes() == path.read_bytes()
    path.write_bytes(b"")
    assert read_manifest(path).version == 1
    assert "is no manifest" in manifest_problem(path)
    mend_manifest(path)
    assert manifest_problem(path) == ""
    for one in (path, copy_path(path)):
        one.write_bytes(b"[]")
    with pytest.raises(StoreDamaged) as refused:
        read_manifest(path)
    assert "compact" in refused.value.hint
