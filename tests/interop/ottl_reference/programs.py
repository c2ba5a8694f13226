"""The reference programs: built once into a cache directory, and asked by lines of JSON."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.interop.ottl_reference.values import Json

_SOURCES = Path(__file__).parent
_BUILD_TIMEOUT_S = 1800
_RUN_TIMEOUT_S = 600
_BUILDS = {
    "standard": (".", ()),
    "processors": (".", ("-modfile=processors.mod", "-tags=processors")),
    "routing": ("routing", ()),
    "speed": ("speed", ("-modfile=../processors.mod", "-tags=processors")),
}
"""Of each program the folder of its module and what its build is told."""


class NotToBeHad(Exception):
    """There is no reference here: no Go, an old one, or its modules cannot be loaded."""


@dataclass(frozen=True)
class Reference:
    """A reference program."""

    program: Path

    def run(self, cases: Sequence[Json]) -> list[Json]:
        """What it makes of cases, in their order."""
        lines = "".join(json.dumps(case) + "\n" for case in cases)
        ran = subprocess.run(
            [self.program],
            input=lines.encode(),
            stdout=subprocess.PIPE,
            check=True,
            timeout=_RUN_TIMEOUT_S,
        )
        # Texts that are no UTF-8 are written as they are.
        answers = ran.stdout.decode(errors="surrogateescape").split("\n")
        return [json.loads(line) for line in answers if line]


def reference(name: str) -> Reference:
    """A program by its name; it is built where it has not been yet.

    Raises:
        NotToBeHad: It cannot be built here.
    """
    go = shutil.which("go")
    if go is None:
        raise NotToBeHad("go is not installed")
    folder, options = _BUILDS[name]
    program = _cache() / f"{name}-{_digest()}"
    if not program.exists():
        _build(go, _SOURCES / folder, options, program)
    return Reference(program)


def program_of(case: Json) -> str:
    """The program that knows what a case needs."""
    if "config" in case:
        return "routing" if "routing" in case["config"] else "processors"
    needs_more = case["context"] == "profile" or case.get("gates") or case.get("processor")
    return "processors" if needs_more else "standard"


def _build(go: str, module: Path, options: Sequence[str], program: Path) -> None:
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
    modfile = [one for one in options if one.startswith("-modfile")]
    loaded = _go([go, "mod", "download", *modfile], module, environment)
    if loaded.returncode:
        raise NotToBeHad(f"its modules cannot be loaded: {loaded.stderr.strip()}")
    program.parent.mkdir(parents=True, exist_ok=True)
    draft = program.with_suffix(f".{os.getpid()}")
    build = [go, "build", *options, "-ldflags=-s -w", "-o", str(draft), "."]
    built = _go(build, module, environment)
    assert built.returncode == 0, built.stderr
    draft.replace(program)


def _go(
    command: Sequence[str], module: Path, environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=module,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_BUILD_TIMEOUT_S,
        check=False,
    )


def _cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return base / "otx" / "ottl-reference"


def _digest() -> str:
    found = hashlib.sha256()
    for pattern in ("*.go", "*.mod", "*.sum"):
        for source in sorted(_SOURCES.rglob(pattern)):
            found.update(source.read_bytes())
    return found.hexdigest()[:16]
