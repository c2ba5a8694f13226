"""A program with opentelemetry-sdk: every span is shown where it is current, and nowhere else."""

import pytest

from tests.context.conftest import Run

pytest.importorskip("opentelemetry.sdk.trace")

HEAD = """
import asyncio
from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from otx.context.current import native
from otx.context.sdk import ContextSpanProcessor
shown = native().published
provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
provider.add_span_processor(ContextSpanProcessor())
tracer = provider.get_tracer("test")

def is_shown(span):
    ids = span.get_span_context()
    record = shown()
    return bool(record) and int.from_bytes(record[16:24], "big") == ids.span_id
"""


def test_a_span_that_is_started_is_shown_once_it_is_current(run: Run) -> None:
    run(
        HEAD
        + """
span = tracer.start_span("started")
assert shown() is None
with trace.use_span(span):
    assert is_shown(span)
    with tracer.start_as_current_span("child") as child:
        assert is_shown(child)
    assert is_shown(span)
assert shown() is None
"""
    )


def test_tasks_inherit_and_take_turns(run: Run) -> None:
    run(
        HEAD
        + """
async def work(parent):
    assert is_shown(parent)
    with tracer.start_as_current_span("work") as span:
        for _ in range(5):
            await asyncio.sleep(0)
            assert is_shown(span)
    assert is_shown(parent)

async def main():
    with tracer.start_as_current_span("main") as parent:
        await asyncio.gather(*(work(parent) for _ in range(20)))
        assert is_shown(parent)

asyncio.run(main())
assert shown() is None
"""
    )


def test_an_unsampled_span_is_shown_with_its_flags(run: Run) -> None:
    run(
        HEAD
        + """
with TracerProvider(sampler=ALWAYS_OFF).get_tracer("off").start_as_current_span("off") as span:
    assert is_shown(span) and not shown()[25] & 1
"""
    )


def test_the_resource_is_published_with_the_first_span(run: Run) -> None:
    run(
        HEAD
        + """
assert "OTEL_CTX" not in open("/proc/self/maps").read()
tracer.start_span("first").end()
assert open("/proc/self/maps").read().count("OTEL_CTX") == 1
"""
    )


def test_without_the_native_part_spans_work_and_one_warning_is_logged(run: Run) -> None:
    program = HEAD.replace("shown = native().published", "assert native() is None")
    wrote = run(
        "import logging, sys\nlogging.basicConfig(stream=sys.stdout)"
        + program
        + "with tracer.start_as_current_span('x') as span: assert span.is_recording()",
        OTX_CONTEXT_NATIVE="/nowhere.so",
    )
    assert wrote.count("spans are not published to profilers") == 1


def test_a_loop_whose_switches_are_not_seen_is_warned_of_once(run: Run) -> None:
    wrote = run(
        "import logging, sys, types\nlogging.basicConfig(stream=sys.stdout)"
        + HEAD
        + """
sys.modules["uvloop"] = types.ModuleType("uvloop")
for _ in range(2):
    tracer.start_span("x").end()
"""
    )
    assert wrote.count("uvloop switches tasks unseen") == 1
