"""What is opened, and what is only looked at."""

import os
import stat
from pathlib import Path

import pytest

from otx.profile.regular_files import open_regular


def test_a_regular_file_is_opened_through_links_too(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"shop")
    link.symlink_to(file)
    for path in (file, link):
        descriptor = open_regular(str(path))
        assert os.read(descriptor, 10) == b"shop"
        os.close(descriptor)


def test_a_link_leads_nowhere_where_it_is_not_to_be_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"shop")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(OSError, match="no regular file"):
        open_regular(str(tmp_path / "link"), follows_links=False)
    os.close(open_regular(str(tmp_path / "file"), follows_links=False))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        open_regular(str(tmp_path / "pipe"))


@pytest.mark.parametrize("path", ["/dev/null", "/dev/ptmx", "/"])
def test_a_device_is_not_opened(path: str) -> None:
    assert not stat.S_ISREG(Path(path).stat().st_mode)
    with pytest.raises(OSError, match="no regular file"):
        open_regular(path)


def test_what_is_not_there_is_an_error_and_nothing_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (tmp_path / "gone", tmp_path):
        with pytest.raises(OSError):
            open_regular(str(path))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
