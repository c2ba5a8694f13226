"""What interop tests share: programs of other languages, installed once a run."""

from pathlib import Path

import pytest

from tests.interop import node, opamp_peers


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with OpenTelemetry for JavaScript; skips where it cannot be had."""
    return node.install(tmp_path_factory.mktemp("interop") / "javascript")


@pytest.fixture(scope="session")
def go_peers() -> opamp_peers.Programs:
    """opamp-go's server and agent; skips where they cannot be had."""
    try:
        return opamp_peers.programs()
    except opamp_peers.NotToBeHad as error:
        pytest.skip(f"no opamp-go: {error}")


@pytest.fixture(scope="session")
def go_supervisor() -> tuple[Path, Path]:
    """The supervisor and its Collector; skips where they cannot be had."""
    try:
        return opamp_peers.supervisor()
    except opamp_peers.NotToBeHad as error:
        pytest.skip(f"no supervisor: {error}")
