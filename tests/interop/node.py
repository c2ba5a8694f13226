"""OpenTelemetry for JavaScript, installed once into a folder of its own where node and npm are."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parent / "javascript"
_INSTALL_TIMEOUT_S = 120
_RUN_TIMEOUT_S = 60


def install(folder: Path) -> Path:
    """The folder with the programs and their packages; skips where they cannot be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    shutil.copytree(SOURCES, folder)
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
