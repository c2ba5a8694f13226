"""What a bug report should hold, in one archive: doctor's findings, the configuration, crashes."""

import io
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from otx.config import SETTINGS, Config
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import to_json

MAX_CRASHES = 5
_HEADER = re.compile(r"(\bheader=[^=\s]*=)[^\s,]+")
"""A header behind a destination of `receive.forward`."""
_SECRET_WORDS = ("header", "token", "password", "secret", "key")


def write_bundle(
    environment: Environment, path: str, findings: Sequence[Mapping[str, Any]]
) -> None:
    """Write the archive.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        with tarfile.open(path, "w:gz") as archive:
            for name, data in _members(environment, findings):
                member = tarfile.TarInfo(f"otx-bundle/{name}")
                member.size = len(data)
                member.mtime = environment.clock() // 1_000_000_000
                archive.addfile(member, io.BytesIO(data))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def _members(
    environment: Environment, findings: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, bytes]]:
    yield "doctor.json", to_json(findings, indent=2).encode()
    yield "config.json", to_json(_settings(environment), indent=2).encode()
    crashes: list[Path] = sorted(environment.state_dir.glob("crash-*.txt"))[-MAX_CRASHES:]
    for crash in crashes:
        yield crash.name, crash.read_bytes()


def _settings(environment: Environment) -> dict[str, dict[str, str]]:
    config = Config(environment)
    return {
        key: {"value": _masked(key, config.get(key).text), "origin": config.get(key).origin}
        for key in SETTINGS
    }


def _masked(key: str, text: str) -> str:
    if text and any(word in key.lower() for word in _SECRET_WORDS):
        return "***"
    return _HEADER.sub(r"\1***", text)
