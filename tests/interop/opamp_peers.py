"""Peers of OpAMP that nobody here wrote: opamp-go's server and agent, the supervisor, a Collector.

They are built once into the cache directory. `Peer` runs one and reads its lines of JSON.
"""

import contextlib
import hashlib
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent / "opamp_go"
SUPERVISED = SOURCES / "supervised"
BUILD_S = 1800
WAIT_S = 30
_BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.149.0"
_SUPERVISOR = "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/opampsupervisor"
_SUPERVISOR_VERSION = "v0.149.0"
APPLY_TIMEOUT = "config_apply_timeout: 5s"
"""As supervisor.yaml has it."""
Line = dict[str, Any]


class NotToBeHad(Exception):
    """There is no such peer here: no Go, an old one, or its modules cannot be loaded."""


@dataclass(frozen=True)
class Programs:
    """Where the programs are; those of the supervisor are built when they are asked for."""

    server: Path
    agent: Path


def programs() -> Programs:
    """opamp-go's server and agent.

    Raises:
        NotToBeHad: They cannot be built here.
    """
    return Programs(built("opampserver", _go_program), built("opampagent", _go_program))


def supervisor() -> tuple[Path, Path]:
    """The supervisor and a Collector with the extension it needs; minutes when nothing is cached.

    Raises:
        NotToBeHad: They cannot be built here.
    """
    return built("opampsupervisor", _supervisor), built("otelcol-opamp", _collector)


class Peer:
    """A running peer, ended by its own id.

    Attributes:
        lines: Every line of JSON it wrote so far.
    """

    def __init__(
        self, command: Sequence[str | Path], *, stop: signal.Signals = signal.SIGTERM, **more: Any
    ) -> None:
        """Start it; `stop` is the signal that ends it cleanly (the supervisor's is SIGINT)."""
        self._stop = stop
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **more,
        )
        self.lines: list[Line] = []
        self.rest: list[str] = []
        self._waiting: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def until(
        self, event: str, holds: Callable[[Line], bool] = lambda _: True, timeout_s: float = WAIT_S
    ) -> Line:
        """The next line of an event that holds; lines before it are passed over."""
        ends_s = time.monotonic() + timeout_s
        while True:
            try:
                line = self._waiting.get(timeout=max(ends_s - time.monotonic(), 0.001))
            except queue.Empty:
                raise AssertionError(f"no {event} in {timeout_s} s: {self.lines}") from None
            assert line is not None, f"it ended before {event}: {self.lines} {self.rest}"
            if line.get("event") == event and holds(line):
                return line

    def stop(self) -> int:
        """End it cleanly; its exit code."""
        self._process.send_signal(self._stop)
        return self._process.wait(WAIT_S)

    def close(self) -> None:
        """End it and whatever it left behind in its session."""
        if self.is_running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            for text in stdout:
                try:
                    line = json.loads(text)
                except ValueError:
                    self.rest.append(text.rstrip("\n"))
                    continue
                self.lines.append(line)
                self._waiting.put(line)
        self._waiting.put(None)


@contextlib.contextmanager
def running(command: Sequence[str | Path], **settings: Any) -> Iterator[Peer]:
    """A peer that is ended behind, also when a test fails."""
    peer = Peer(command, **settings)
    try:
        yield peer
    finally:
        peer.close()


def go_server(folder: Path, *options: str) -> tuple[list[str | Path], Path]:
    """The command of opamp-go's server on a free port, and the file whose content it offers."""
    config = folder / "offered.yaml"
    config.touch()
    options = ("-listen", "127.0.0.1:0", "-config", str(config), "-poll", "50ms", *options)
    return [programs().server, *options], config


def built(name: str, build: Callable[[str, str, Path], None]) -> Path:
    """A program of the cache, built where it is not there; `build` gets go, its name, its place.

    Raises:
        NotToBeHad: It cannot be built here.
    """
    go = shutil.which("go")
    if go is None:
        raise NotToBeHad("go is not installed")
    program = _cache() / f"{name}-{_digest()}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        draft = program.with_suffix(f".{os.getpid()}")
        build(go, name, draft)
        draft.replace(program)
    return program


def _go_program(go: str, name: str, draft: Path) -> None:
    load([go, "mod", "download"], SOURCES)
    _go([go, "build", "-ldflags=-s -w", "-o", str(draft), f"./{name}"], SOURCES)


def _supervisor(go: str, name: str, draft: Path) -> None:
    folder = draft.with_suffix(".module")
    folder.mkdir()
    try:
        _go([go, "mod", "init", f"example.invalid/{name}"], folder)
        load([go, "get", f"{_SUPERVISOR}@{_SUPERVISOR_VERSION}"], folder)
        _go([go, "build", "-ldflags=-s -w", "-o", str(draft), _SUPERVISOR], folder)
    finally:
        shutil.rmtree(folder)


def _collector(go: str, name: str, draft: Path) -> None:
    folder = draft.with_suffix(".module")
    folder.mkdir()
    try:
        load([go, "install", _BUILDER], folder, {"GOBIN": str(folder)})
        shutil.copy(SUPERVISED / "builder-b.yaml", folder)
        load([str(folder / "builder"), "--config", "builder-b.yaml"], folder)
        (folder / name / name).replace(draft)
    finally:
        shutil.rmtree(folder)


def load(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> None:
    ran = _run(command, folder, more or {})
    if ran.returncode:
        raise NotToBeHad(f"its modules cannot be loaded: {ran.stderr.strip()[-400:]}")


def _go(command: Sequence[str], folder: Path) -> None:
    ran = _run(command, folder, {})
    assert ran.returncode == 0, ran.stderr


def _run(
    command: Sequence[str], folder: Path, more: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    settings = {"GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **settings, **more},
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
    )


def _cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return base / "otx" / "opamp-peers"


def _digest() -> str:
    found = hashlib.sha256()
    for pattern in ("*.go", "go.mod", "go.sum", "builder-b.yaml"):
        for source in sorted(SOURCES.rglob(pattern)):
            found.update(source.read_bytes())
    return found.hexdigest()[:16]


def supervisor_config(
    folder: Path, url: str, programs: tuple[Path, Path], apply_timeout: str = "5s"
) -> list[str | Path]:
    """Write a supervisor's configuration; the command that runs it. It stops on SIGINT only.

    Args:
        apply_timeout: After it a Collector that is not healthy yet makes an offer FAILED, also a
            good one where the machine is busy; and a bad one is not FAILED before.
    """
    text = (SUPERVISED / "supervisor.yaml").read_text()
    assert APPLY_TIMEOUT in text
    text = text.replace(APPLY_TIMEOUT, f"config_apply_timeout: {apply_timeout}")
    text = text.replace("ws://127.0.0.1:14320/v1/opamp", url)
    text = text.replace("${DIR}/bin/otelcol-opamp", str(programs[1]))
    file = folder / "supervisor.yaml"
    file.write_text(text.replace("${DIR}", str(folder)))
    (folder / "run").mkdir(exist_ok=True)
    return [programs[0], "--config", file]


def collector_config(name: str) -> str:
    """A configuration for the supervised Collector, `good` or `bad`, on ports of its own."""
    text = (SUPERVISED / f"remote-{name}.yaml").read_text()
    return text.replace("127.0.0.1:14317", "127.0.0.1:0").replace("127.0.0.1:14318", "127.0.0.1:0")
