"""`otx trace-context check` against services with OpenTelemetry's SDKs of two languages."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import RunCli

LEVEL_2_KEYS = {
    "tracestate-key-digit",
    "tracestate-key-at-last",
    "tracestate-key-at-twice",
    "tracestate-key-at-apart",
    "tracestate-tenant-242",
    "tracestate-system-15",
}
"""Both have the grammar of level 1 for keys."""
PYTHON_DUPLICATES = {
    "tracestate-twice-same",
    "tracestate-twice",
    "tracestate-twice-headers-same",
    "tracestate-twice-headers",
}
"""A key that is there twice drops all of tracestate."""
PYTHON_BAGGAGE = {"baggage-headers", "baggage-properties", "baggage-escapes"}
"""It reads the first header alone, takes properties for the value's, and writes a space as +."""
JAVASCRIPT_DROPS_ONE = {
    "tracestate-key-upper",
    "tracestate-key-dot",
    "tracestate-key-space",
    "tracestate-key-at-first",
    "tracestate-key-empty",
    "tracestate-key-257",
    "tracestate-no-equals",
    "tracestate-value-equals",
    "tracestate-value-empty",
    "tracestate-members-33",
}
"""A bad member is dropped, the others go on; of 33 the first 32."""


@contextmanager
def service(command: Sequence[str], folder: Path) -> Iterator[str]:
    """The URL of a service that runs as long as its stdin is open."""
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline().split()
        assert ready[:1] == ["ready"], "the service did not start"
        yield f"http://127.0.0.1:{ready[1]}/"
    finally:
        process.communicate(timeout=30)


def checked(run_cli: RunCli, url: str, *arguments: str) -> tuple[int, dict[str, set[str]], Any]:
    """The exit code, the ids of cases by verdict, and the document."""
    done = run_cli("trace-context", "check", url, "--format", "json", *arguments)
    document = json.loads(done.stdout)
    by_verdict: dict[str, set[str]] = {}
    for case in document["cases"]:
        by_verdict.setdefault(case["verdict"], set()).add(case["id"])
    return done.returncode, by_verdict, document


def test_python(run_cli: RunCli, tmp_path: Path) -> None:
    program = str(Path(__file__).with_name("python_service.py"))
    with service([sys.executable, program], tmp_path) as url:
        code, verdicts, document = checked(run_cli, url)
        assert (code, document["mode"]) == (1, "callback")
        assert verdicts["fail"] == {"traceparent-twice"}
        assert verdicts["warn"] == LEVEL_2_KEYS | PYTHON_DUPLICATES | PYTHON_BAGGAGE
        assert "unjudged" not in verdicts
        _, verdicts, _ = checked(run_cli, url, "--strict-level", "1")
        assert verdicts["warn"] == PYTHON_DUPLICATES | PYTHON_BAGGAGE


def test_javascript(run_cli: RunCli, javascript: Path) -> None:
    with service(["node", "service.mjs"], javascript) as url:
        code, verdicts, document = checked(run_cli, url)
        assert (code, document["mode"]) == (1, "callback")
        assert verdicts["fail"] == {"random-set", "random-set-not-sampled"}
        others = {"tracestate-value-257", "baggage-empty-value"}
        assert verdicts["warn"] == LEVEL_2_KEYS | JAVASCRIPT_DROPS_ONE | others
        assert "unjudged" not in verdicts
        code, verdicts, _ = checked(run_cli, url, "--strict-level", "1")
        assert (code, "fail" in verdicts) == (0, False)
