"""Every reader of foreign bytes is fuzzed for a while, guided by coverage."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[2] / "examples" / "fuzz"
TARGETS = sorted(path.name for path in (FUZZ / "seeds").iterdir())
SECONDS = 30


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_but_its_own_error_gets_out(target: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install -e '.[fuzz]'")
    done = subprocess.run(
        [sys.executable, str(FUZZ / "fuzz.py"), target, "--seconds", str(SECONDS)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS * 4,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert list(tmp_path.glob("crash-*")) == []
