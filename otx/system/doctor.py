"""What this machine can do for otx, and the fix for what it can't.

Each probe looks at one thing and answers with `Finding`s; none changes anything. What otx needs
of BPF is probed by `otx.system.bpf_support`.
"""

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from otx import __version__
from otx.environment import Environment
from otx.model.units import format_size
from otx.system.bpf_support import probe_all
from otx.system.ports import is_free, listener_of

Status: TypeAlias = Literal["ok", "warn", "fail"]

MIN_FREE_BYTES = 1 << 30
MIN_COLUMNS, MIN_LINES = 80, 24

EXTRAS = {
    "grpc": ("receive", "OTLP over gRPC"),
    "httptools": ("receive", "OTLP over HTTP"),
    "zstandard": ("receive", "zstd bodies"),
    "duckdb": ("store", "otx query, trace, tui"),
    "pyarrow": ("store", "keeping what is received as columns"),
    "textual": ("tui", "otx tui"),
    "multi_demangle": ("profile", "names of C++ and Rust functions"),
    "opentelemetry.sdk": ("demo", "the demo's shop"),
}
"""Module -> (the extra that brings it, what it is for)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe found.

    Attributes:
        name: What was looked at.
        status: `ok`; `warn` where something is lost; `fail` where a command won't work.
        detail: What is there.
        fix: What to do about it; empty where nothing is wrong.
    """

    name: str
    status: Status
    detail: str
    fix: str = ""


def examine(environment: Environment, store_dir: Path) -> list[Finding]:
    """Run every probe."""
    findings = [probe_otx(), probe_kernel()]
    findings += probe_bpf()
    findings += probe_packages()
    findings += probe_ports()
    findings.append(probe_terminal(environment))
    findings.append(probe_store(store_dir))
    return findings


def probe_otx() -> Finding:
    """The versions of otx and of its interpreter."""
    return Finding("otx", "ok", f"{__version__} on Python {platform.python_version()}")


def probe_kernel() -> Finding:
    """The kernel's release and machine."""
    detail = f"{platform.system()} {platform.release()} {platform.machine()}"
    if sys.platform != "linux":
        return Finding("kernel", "fail", detail, "otx runs on Linux")
    return Finding("kernel", "ok", detail)


def probe_bpf() -> Iterator[Finding]:
    """What sampling with BPF needs: kernel types, libbpf, rights."""
    for probe in probe_all():
        yield Finding(probe.name, "ok" if probe.ok else "fail", probe.detail, probe.fix)


def probe_packages() -> Iterator[Finding]:
    """The optional Python packages."""
    for module, (extra, purpose) in EXTRAS.items():
        name = f"python {module}"
        if _is_installed(module):
            yield Finding(name, "ok", purpose)
        else:
            yield Finding(name, "fail", f"missing: {purpose}", f"pip install 'otx[{extra}]'")


def probe_ports() -> Iterator[Finding]:
    """Whether OTLP's ports are free, or who listens there."""
    for port, what in ((4317, "OTLP/gRPC"), (4318, "OTLP/HTTP")):
        name = f"port {port}"
        if is_free("127.0.0.1", port):
            yield Finding(name, "ok", f"{what}: free")
            continue
        flag = "--grpc" if port == 4317 else "--http"
        holder = listener_of(port) or "taken"
        fix = f"otx receive {flag} 127.0.0.1:0 picks a free one"
        yield Finding(name, "warn", f"{what}: {holder}", fix)


def probe_terminal(environment: Environment) -> Finding:
    """What the terminal can show."""
    term = environment.variables.get("TERM", "")
    if not environment.stdout_is_terminal:
        return Finding("terminal", "ok", "stdout is no terminal: plain output")
    columns, lines = shutil.get_terminal_size()
    depth = "truecolour" if environment.variables.get("COLORTERM") else "256 colours or fewer"
    detail = f"{term or 'no TERM'}, {columns}×{lines}, {depth}"
    if term in ("", "dumb"):
        return Finding(
            "terminal", "warn", detail, "set TERM, e.g. TERM=xterm-256color, for otx tui"
        )
    if columns < MIN_COLUMNS or lines < MIN_LINES:
        return Finding(
            "terminal", "warn", detail, f"otx tui wants {MIN_COLUMNS}×{MIN_LINES} or more"
        )
    return Finding("terminal", "ok", detail)


def probe_store(store_dir: Path) -> Finding:
    """Whether the store can be written, and the room there is."""
    existing = next(path for path in (store_dir, *store_dir.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{store_dir}, {format_size(free)} free"
    if not os.access(existing, os.W_OK):
        return Finding(
            "store", "fail", detail, f"{existing} cannot be written: name another with --store"
        )
    if free < MIN_FREE_BYTES:
        return Finding("store", "warn", detail, "little room: name another disk with --store")
    return Finding("store", "ok", detail)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
