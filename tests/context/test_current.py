"""What a reader of a thread finds while a program attaches, switches and ends."""

import sys

import pytest

from tests.context.conftest import Run, interpreters

PYTHONS = pytest.mark.parametrize("python", interpreters())

HEAD = """
import asyncio, contextvars, threading
from otx.context import current
assert not current.unavailable(), current.unavailable()
shown = current.native().published

def span_id():
    record = shown()
    return record and int.from_bytes(record[16:24], 'big')
"""


@PYTHONS
def test_spans_nest_and_end(run: Run, python: str) -> None:
    wrote = run(
        HEAD
        + """
print(span_id())
with current.span(1, 2):
    print(span_id())
    with current.span(1, 3):
        print(span_id(), shown()[24])
    print(span_id())
print(span_id())
""",
        python,
    )
    assert wrote.split() == ["None", "2", "3", "1", "2", "None"]


@PYTHONS
def test_threads_that_begin_their_first_span_together_all_show_it(run: Run, python: str) -> None:
    run(
        """
import threading
from otx.context import current
begun, seen = threading.Barrier(8), []

def work(number):
    begun.wait(20)
    with current.span(1, number):
        record = current.native().published()
        seen.append(record and int.from_bytes(record[16:24], 'big'))

threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert sorted(seen) == list(range(1, 9)), seen
""",
        python,
    )


@PYTHONS
def test_tasks_that_take_turns_show_their_own(run: Run, python: str) -> None:
    run(
        HEAD
        + """
async def work(number):
    token = current.attach(1, number)
    for _ in range(5):
        await asyncio.sleep(0)
        assert span_id() == number
        assert await asyncio.to_thread(span_id) == number
    current.detach(token)
    assert span_id() is None

async def main():
    await asyncio.gather(*map(work, range(1, 40)))
    assert span_id() is None

asyncio.run(main())
assert span_id() is None
""",
        python,
    )


@PYTHONS
def test_threads_show_their_own_and_give_it_back(run: Run, python: str) -> None:
    run(
        HEAD
        + """
import gc, sys
record = current.encode_record(7, 7)
before = sys.getrefcount(record)

def work():
    current.publish(record)
    assert span_id() == 7

for _ in range(50):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
gc.collect()
assert span_id() is None
assert sys.getrefcount(record) == before, (sys.getrefcount(record), before)
""",
        python,
    )


@PYTHONS
def test_a_context_runs_as_it_did(run: Run, python: str) -> None:
    wrote = run(
        HEAD
        + """
context = contextvars.copy_context()
print(context.run(lambda *args, **names: (args, names), 1, two=2))

def said(call):
    try:
        call()
    except Exception as error:
        print(type(error).__name__, error)

said(context.run)
said(lambda: context.run(lambda: 1 / 0))
said(lambda: context.run(context.run, print))
context.run(current.attach, 1, 9)
print(span_id(), context.run(span_id))
""",
        python,
    )
    assert wrote.splitlines()[0] == "((1,), {'two': 2})"
    assert wrote.splitlines()[1].startswith("TypeError run() missing 1 required")
    assert wrote.splitlines()[2].startswith("ZeroDivisionError")
    assert "is already entered" in wrote.splitlines()[3]
    assert wrote.splitlines()[4] == "None 9"


def test_the_package_has_all_that_a_program_without_the_sdk_needs(run: Run) -> None:
    wrote = run(
        """
import sys
from otx.context import attach, detach, publish_process, span, unavailable
assert not unavailable()
token = attach(1, 2)
detach(token)
with span(1, 2):
    publish_process({"service.name": "shop"})
print(*(name for name in sys.modules if name.startswith(("opentelemetry", "google", "otx."))))
"""
    )
    assert {name.split(".")[1] for name in wrote.split()} == {"context"}


def test_what_is_no_record_is_not_published(run: Run) -> None:
    run(
        HEAD
        + """
for record in (b'short', bytearray(28), 'text', 7):
    token = current.native().set(record)
    assert shown() is None, record
    current.native().reset(token)
"""
    )


def test_without_the_native_part_nothing_happens_and_the_reason_is_told(run: Run) -> None:
    wrote = run(
        """
from otx.context import current
with current.span(1, 2):
    print(current.native(), current.unavailable())
""",
        OTX_CONTEXT_NATIVE="/nowhere/_native.so",
    )
    assert wrote.startswith("None there is no /nowhere/_native.so; `python")
    assert "-m otx.context.build` builds it" in wrote


def test_a_native_part_of_another_kind_is_refused(run: Run) -> None:
    wrote = run(
        "from otx.context import current\nprint(current.unavailable())",
        OTX_CONTEXT_NATIVE=sys.executable,
    )
    assert "builds it" in wrote
