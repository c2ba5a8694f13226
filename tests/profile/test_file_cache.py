"""Files that were worked out: the same back, and nothing where a byte is not as it was written."""

import os
from collections.abc import Callable
from dataclasses import replace
from mmap import mmap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.file_cache import HEAD_SIZE, FileCache

PARTS: list[bytes | memoryview] = [b"first", bytes(300), memoryview(b"last")]
WHOLE = b"first" + bytes(300) + b"last"

Open = Callable[..., FileCache]


@pytest.fixture
def cache_in(tmp_path: Path) -> Open:
    def cache(directory: Path = tmp_path, max_size: int = 1 << 20, version: int = 7) -> FileCache:
        return FileCache(directory, ".thing", b"A MAGIC\0", version, max_size)

    return cache


def content(cache: FileCache, name: str) -> bytes | None:
    found = cache.load(name)
    return None if found is None else found[HEAD_SIZE:]


def test_what_was_stored_is_loaded(cache_in: Open, tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "new" / "folder")
    assert cache.load("a") is None
    cache.store("a", PARTS)
    assert content(cache, "a") == WHOLE
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["a.thing"]
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o077 == 0


def test_large_ones_are_mapped_and_small_ones_hold_no_descriptor(cache_in: Open) -> None:
    cache = cache_in()
    large = os.urandom(1 << 18)
    cache.store("large", [large])
    cache.store("small", [b"x"])
    assert isinstance(cache.load("large"), mmap)
    assert isinstance(cache.load("small"), bytes)
    assert content(cache, "large") == large


@given(st.integers(0, HEAD_SIZE + len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_makes_it_none(
    tmp_path_factory: pytest.TempPathFactory, at: int, change: int
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = FileCache(folder, ".thing", b"A MAGIC\0", 7)
    cache.store("a", PARTS)
    (path,) = folder.iterdir()
    raw = bytearray(path.read_bytes())
    raw[at] ^= change
    path.write_bytes(raw)
    assert cache.load("a") is None
    path.write_bytes(raw[:at])
    assert cache.load("a") is None
    cache.store("a", PARTS)
    assert content(cache, "a") == WHOLE


def test_another_version_is_none(cache_in: Open) -> None:
    cache_in().store("a", PARTS)
    assert cache_in(version=8).load("a") is None


def test_what_was_used_longest_ago_makes_room(cache_in: Open, tmp_path: Path) -> None:
    cache = cache_in(max_size=2 * (HEAD_SIZE + 100))
    for name, age_s in (("old", 30), ("older", 40)):
        cache.store(name, [bytes(100)])
        path = tmp_path / f"{name}.thing"
        os.utime(path, (path.stat().st_mtime - age_s,) * 2)
    assert cache.load("older") is not None  # used again just now
    cache.store("new", [bytes(100)])
    assert cache.load("old") is None
    assert cache.load("older") is not None
    assert cache.load("new") is not None


def test_what_would_leave_no_room_for_others_is_not_kept(cache_in: Open) -> None:
    cache = cache_in(max_size=1000)
    cache.store("a", [bytes(501)])
    assert cache.load("a") is None


def test_a_directory_that_cannot_be_is_no_error(cache_in: Open, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    cache = cache_in(file / "folder")
    cache.store("a", PARTS)
    assert cache.load("a") is None


def test_nothing_half_written_stays(
    cache_in: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    cache_in().store("a", PARTS)
    assert list(tmp_path.iterdir()) == []


def test_where_trust_matters_only_own_files_are_read(
    cache_in: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = replace(cache_in(), is_trusted=True)
    cache.store("a", PARTS)
    assert cache.load("a") is not None
    (tmp_path / "a.thing").chmod(0o620)
    assert cache.load("a") is None
    assert cache_in().load("a") is not None
    (tmp_path / "a.thing").chmod(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache.load("a") is None


def test_a_pipe_in_a_files_place_is_none_at_once(cache_in: Open, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.thing")
    assert cache_in().load("a") is None
