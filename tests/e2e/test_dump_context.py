"""`otx dump` of a program whose threads say which span they work for, as a user calls it."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from otx.system.bpf_support import probe_all
from tests.conftest import RunCli
from tests.e2e.test_dump import UNPRIVILEGED, unprivileged

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PROGRAM = f"""
import threading
from otx.context import span
begun = threading.Barrier(5)
def work(number):
    with span(0x{TRACE}, number):
        begun.wait(20)
        threading.Event().wait()
def idle():
    with span(0x{TRACE}, 255):
        pass
    begun.wait(20)
    threading.Event().wait()
for number in (1, 2, 2):
    threading.Thread(target=work, args=(number,)).start()
threading.Thread(target=idle).start()
begun.wait(20)
print("ready", flush=True)
"""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """Where a program finds `otx.context` with the native part that is built for it here."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("this interpreter has no headers (python3-dev)")
    build = [sys.executable, "-m", "otx.context.build", str(tmp_path)]
    built = subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    return {"OTX_CONTEXT_NATIVE": built.stderr.strip(), "PYTHONPATH": str(ROOT)}


@contextmanager
def traced(variables: dict[str, str], *before: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Three threads within two spans, one that has left its span, and the main thread."""
    process = subprocess.Popen(
        [*before, sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        env={**os.environ, **variables},
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


def spans_of(text: str) -> list[tuple[str, str]]:
    threads = json.loads(text)["threads"]
    return [(it["trace_id"], it["span_id"]) for it in threads if it["trace_id"]]


EXPECTED = [(TRACE, f"{number:016x}") for number in (1, 2, 2)]


@pytest.mark.bpf
def test_each_thread_is_shown_with_its_trace_and_span(
    run_cli: RunCli, variables: dict[str, str]
) -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")
    with traced(variables) as process:
        form = run_cli("dump", str(process.pid), "--format", "json")
        text = run_cli("dump", str(process.pid)).stdout
    assert (form.returncode, form.stderr) == (0, "")
    assert sorted(spans_of(form.stdout)) == EXPECTED
    assert len(json.loads(form.stdout)["threads"]) == 5
    assert text.count(f"trace {TRACE} span {1:016x}\n") == 1
    # Threads that are at the same place stand together where they work for the same span.
    together = [line for line in text.splitlines() if line.startswith("2 threads, ")]
    assert [line for line in together if line.endswith(f"trace {TRACE} span {2:016x}")]


def test_without_root_they_are_found_too(
    cli_variables: dict[str, str], variables: dict[str, str]
) -> None:
    with traced(variables, *UNPRIVILEGED) as process:
        done = unprivileged(cli_variables, str(process.pid), "--format", "json")
    assert done.returncode == 0, done.stderr
    assert sorted(spans_of(done.stdout)) == EXPECTED
