"""Building the native part, and what is said where that cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from otx.context import build
from tests.context.conftest import ROOT


def test_a_compiler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_config_var", lambda name: "no-such-compiler")
    with pytest.raises(build.BuildFailed, match="no-such-compiler"):
        build.build(Path("/tmp"))


def test_a_place_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "otx.context.build", str(tmp_path / "missing")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("error: otx.context cannot be built: ")
    assert "python3-dev" in done.stderr
