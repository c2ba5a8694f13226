"""Lines of /proc: as many as the kernel wrote, whatever names stand in them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.proc_text import lines_of, read_lines


@given(st.lists(st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]))))
def test_only_line_feeds_end_lines(lines: list[str]) -> None:
    assert lines_of("\n".join(lines).encode()) == (lines or [""])


@given(st.binary())
def test_bytes_of_no_encoding_are_lines_too(content: bytes) -> None:
    assert len(lines_of(content)) == content.count(b"\n") + 1


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "status").write_bytes(b"Name:\ta\rb\nTgid:\t1\n")
    assert read_lines(tmp_path / "status") == ["Name:\ta\rb", "Tgid:\t1", ""]
    with pytest.raises(OSError, match="No such"):
        read_lines(tmp_path / "gone")
