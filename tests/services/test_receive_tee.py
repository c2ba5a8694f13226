"""A copy of what comes in: every reader takes it, and it has whole requests alone."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.otlp.files import read_file
from otx.services.receive_tee import TeeFile
from tests.services.small_requests import spans_request


def unheard(kind: str, first: str) -> None:
    pytest.fail(f"{kind}: {first}")


@pytest.mark.parametrize("name", ["copy.jsonl", "copy.json", "copy", "copy.pb", "copy.binpb"])
def test_what_is_copied_is_read_again(tmp_path: Path, name: str) -> None:
    requests = [spans_request("a", "b"), spans_request("c")]
    file = TeeFile(tmp_path / name, unheard)
    for number, request in enumerate(requests, 1):
        file.write(request)
        # There at once, not when it is closed.
        assert [one.body for one in read_file(tmp_path / name)] == [
            one.body for one in requests[:number]
        ]
    file.close()


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1)))
def test_any_names_come_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("tee")
    requests = [spans_request(*some) for some in names]
    for name in ("copy.jsonl", "copy.pb"):
        file = TeeFile(folder / name, unheard)
        for request in requests:
            file.write(request)
        file.close()
        if requests:
            assert [it.body for it in read_file(folder / name)] == [it.body for it in requests]


def test_an_ending_of_no_form_is_told_and_nothing_is_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"\.txt is no form of OTLP"):
        TeeFile(tmp_path / "notes.txt", unheard)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_a_file_held_stays_until_there_is_something_new(tmp_path: Path) -> None:
    path = tmp_path / "copy.pb"
    path.write_bytes(b"before" * 100)
    TeeFile(path, unheard).close()
    assert path.read_bytes() == b"before" * 100
    file = TeeFile(path, unheard)
    file.write(spans_request("a"))
    file.close()
    assert [it.body for it in read_file(path)] == [spans_request("a").body]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory"):
        TeeFile(tmp_path / "absent" / "copy.jsonl", unheard)


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Make the kernel take no file beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["copy.jsonl", "copy.pb"])
def test_what_does_not_fit_leaves_no_half_and_the_next_is_written(
    tmp_path: Path, name: str
) -> None:
    heard: list[tuple[str, str]] = []
    path = tmp_path / name
    file = TeeFile(path, lambda kind, first: heard.append((kind, first)))
    file.write(spans_request("first"))
    with files_end_at(path.stat().st_size + 10):
        file.write(spans_request("lost"))
    file.write(spans_request("last"))
    file.close()
    assert [it.body for it in read_file(path)] == [
        spans_request("first").body,
        spans_request("last").body,
    ]
    ((kind, first),) = heard
    assert kind == f"requests are not in {path}"
    assert "File too large; receiving goes on" in first
