"""What interop tests share: programs of other languages, installed once a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop import node, opamp_peers

PYTHON_CLIENT = "opentelemetry-opamp-client==0.5b0"
INSTALL_S = 120


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with OpenTelemetry for JavaScript, one a run; skips where it cannot be had."""
    base = tmp_path_factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return node.installed(run / "javascript")


@pytest.fixture(scope="session")
def python_opamp_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with OpenTelemetry's Python client of OpAMP; skips where it cannot be had."""
    folder = tmp_path_factory.mktemp("interop") / "python"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--target", str(folder), PYTHON_CLIENT],
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no {PYTHON_CLIENT}: {done.stderr.strip()[-200:]}")
    return folder


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
