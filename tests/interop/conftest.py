"""What interop tests share: programs of other languages, installed once a run."""

from pathlib import Path

import pytest

from tests.interop import node


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with OpenTelemetry for JavaScript; skips where it cannot be had."""
    return node.install(tmp_path_factory.mktemp("interop") / "javascript")
