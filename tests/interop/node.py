"""OpenTelemetry for JavaScript, installed once into a folder of its own where node and npm are."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parent / "javascript"
_INSTALL_TIMEOUT_S = 120
_RUN_TIMEOUT_S = 60


def installed(folder: Path) -> Path:
    """The folder with the programs and their packages; skips where they cannot be had.

    Whoever comes first installs them, and the others wait.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(folder.with_suffix(".draft")).rename(folder)
    return folder


def _install(folder: Path) -> Path:
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
    flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--loglevel=error"]
    try:
        done = subprocess.run(
            ["npm", "install", *flags],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm needs more than {_INSTALL_TIMEOUT_S} s for OpenTelemetry's packages")
    if done.returncode != 0:
        pytest.skip(f"npm cannot install OpenTelemetry's packages: {done.stderr.strip()[-300:]}")
    return folder


def run(folder: Path, program: str, document: Any) -> Any:
    """What a program prints for a document on stdin, both JSON."""
    done = subprocess.run(
        ["node", program],
        cwd=folder,
        input=json.dumps(document),
        capture_output=True,
        text=True,
        timeout=_RUN_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
