"""`otx profile` of a program that says which span each thread works for, as a user calls it."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from otx.system.bpf_support import probe_all
from tests.conftest import RunCli
from tests.e2e.sampled import sample_work

pytest.importorskip("opentelemetry.sdk.trace")
ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, sys, threading
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import RandomIdGenerator, TracerProvider
from otx.context.sdk import ContextSpanProcessor

NAMES = ["alpha", "beta", "gamma", "delta"]

class Ids(RandomIdGenerator):
    def generate_span_id(self):
        return NAMES.index(wanted.get()) + 1

import contextvars
wanted = contextvars.ContextVar("wanted")
provider = TracerProvider(
    resource=Resource({"service.name": "shop", "deployment.environment.name": "test"}),
    id_generator=Ids(),
)
provider.add_span_processor(ContextSpanProcessor())
tracer = provider.get_tracer("test")

def burn():
    for _ in range(3000): pass
def alpha(): burn()
def beta(): burn()
def gamma(): burn()
def delta(): burn()

def thread(work):
    wanted.set(work.__name__)
    while True:
        with tracer.start_as_current_span(work.__name__):
            for _ in range(20): work()

async def task(work):
    wanted.set(work.__name__)
    while True:
        with tracer.start_as_current_span(work.__name__):
            for _ in range(20):
                work()
                await asyncio.sleep(0)

async def main():
    threading.Thread(target=thread, args=(gamma,), daemon=True).start()
    print("ready", flush=True)
    await asyncio.gather(task(alpha), task(beta), asyncio.to_thread(thread, delta))

asyncio.run(main())
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A program of two tasks and two threads, each of which has spans with an id of its own."""
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("this interpreter has no headers (python3-dev)")
    build = [sys.executable, "-m", "otx.context.build", str(tmp_path)]
    built = subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    variables = {"OTX_CONTEXT_NATIVE": built.stderr.strip(), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, env={**os.environ, **variables}
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


SPANS = {
    name: f"{number:016x}" for number, name in enumerate(("alpha", "beta", "gamma", "delta"), 1)
}


def test_samples_carry_the_span_of_their_thread_or_task(
    run_cli: RunCli,
    cli_variables: dict[str, str],
    shop: "subprocess.Popen[bytes]",
    tmp_path: Path,
) -> None:
    words = ("--pid", str(shop.pid), "-F", "299", "--format", "json", "--store")
    store = str(tmp_path / "store")
    done = sample_work(cli_variables, shop.pid, *words, store, works_s=1.0)
    assert (done.returncode, done.stderr) == (0, "")
    right = wrong = 0
    for stack in json.loads(done.stdout)["stacks"]:
        names = [frame["name"] for frame in stack["frames"]]
        labels = {label["key"]: label["value"] for label in stack.get("labels", ())}
        for name in SPANS.keys() & set(names):
            is_right = labels.get("span_id") == SPANS[name] and len(labels["trace_id"]) == 32
            right += stack["count"] * is_right
            wrong += stack["count"] * (not is_right)
    assert right > 100
    assert right / (right + wrong) >= 0.99, (right, wrong)
    sql = "SELECT DISTINCT span_id, service FROM samples WHERE span_id <> ''"
    rows = run_cli("query", sql, "--store", store, "--format", "jsonl")
    found = [json.loads(line) for line in rows.stdout.splitlines()]
    assert {row["span_id"] for row in found} == set(SPANS.values())
    assert {row["service"] for row in found} == {"shop"}
