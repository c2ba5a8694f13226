"""A library is taken where it is one of this version."""

import ctypes
import subprocess
from pathlib import Path

from otx.otlp.native import VERSION, load


def test_what_is_built_here_is_of_this_version(native: ctypes.CDLL) -> None:
    assert native.otx_version() == VERSION


def test_without_a_library_or_with_another_there_is_none(tmp_path: Path) -> None:
    assert load(tmp_path / "none.so") is None
    (tmp_path / "text.so").write_text("no library")
    assert load(tmp_path / "text.so") is None


def test_one_of_another_version_is_left_alone(tmp_path: Path) -> None:
    source, other = tmp_path / "other.c", tmp_path / "other.so"
    source.write_text(f"int otx_version(void) {{ return {VERSION + 1}; }}")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", other, source], check=True)
    assert load(other) is None
