"""Locks end with their process, and looking at one takes nothing."""

from pathlib import Path

import pytest

from otx.store.durable import FileLock, is_locked, make_directory, replace_durably


def test_a_lock_is_seen_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    lock, other = FileLock(path), FileLock(path)
    assert lock.acquire()
    assert lock.acquire(), "it is ours already"
    assert is_locked(path)
    assert not other.acquire()
    lock.release()
    assert not is_locked(path)
    assert other.acquire()
    other.release()


def test_a_killed_process_holds_no_lock(tmp_path: Path, run_python: "object") -> None:
    assert callable(run_python)
    path = tmp_path / "lock"
    process = run_python(
        "import sys, pathlib\n"
        "from otx.store.durable import FileLock\n"
        "lock = FileLock(pathlib.Path(sys.argv[1]))\n"
        "assert lock.acquire()\n"
        "sys.stdout.write('held'); sys.stdout.flush(); sys.stdin.read()",
        str(path),
    )
    assert process.stdout.read(4) == b"held"
    assert is_locked(path)
    process.kill()
    process.wait(30)
    assert not is_locked(path)


def test_a_replaced_file_is_the_old_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    make_directory(path.parent)
    replace_durably(path, b"old")
    for ended_at in ("write file", "rename file"):

        def end(step: str, ended_at: str = ended_at) -> None:
            if step == ended_at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            replace_durably(path, b"new", end)
        assert path.read_bytes() == b"old"
    replace_durably(path, b"new")
    assert path.read_bytes() == b"new"
