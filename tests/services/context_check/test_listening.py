"""Calls that come back, each to the request that it was asked for by."""

import json
import threading

from otx.services.context_check.listening import Callbacks, instructions, way_back
from otx.services.context_check.server import Request

BASE = "http://127.0.0.1:1"


def call(callbacks: Callbacks, url: str, name: str) -> int:
    path = url.removeprefix(BASE)
    return callbacks.answer(Request("POST", path, (("name", name),), b"", "127.0.0.1")).status


def test_calls_are_ordered_as_they_were_asked_for() -> None:
    callbacks = Callbacks()
    one, two = callbacks.expect(BASE, 2)
    assert [call(callbacks, two, "2"), call(callbacks, one, "1")] == [200, 200]
    assert callbacks.wait(2, 0) == [(("name", "1"),), (("name", "2"),)]


def test_of_a_call_that_is_repeated_the_first_counts() -> None:
    callbacks = Callbacks()
    (url,) = callbacks.expect(BASE, 1)
    assert [call(callbacks, url, "first"), call(callbacks, url, "again")] == [200, 200]
    assert callbacks.wait(1, 0) == [(("name", "first"),)]


def test_a_call_that_is_late_or_unknown_is_none() -> None:
    callbacks = Callbacks()
    (late,) = callbacks.expect(BASE, 1)
    callbacks.expect(BASE, 1)
    assert [call(callbacks, late, ""), call(callbacks, f"{BASE}/", "")] == [404, 404]
    assert callbacks.wait(1, 0) == []


def test_it_waits_for_calls_behind_the_answer() -> None:
    callbacks = Callbacks()
    (url,) = callbacks.expect(BASE, 1)
    thread = threading.Timer(0.05, call, (callbacks, url, "late"))
    thread.start()
    assert callbacks.wait(1, 30) == [(("name", "late"),)]
    thread.join()


def test_a_body_lists_what_to_call() -> None:
    assert json.loads(instructions(["http://a/", "http://b/"])) == [
        {"url": "http://a/", "arguments": []},
        {"url": "http://b/", "arguments": []},
    ]


def test_this_machine_is_reached_by_its_loopback_from_itself() -> None:
    assert way_back("127.0.0.1", 80) == ("127.0.0.1", True)
    # Every address of this machine reaches itself.
    assert way_back("127.0.0.2", 80).is_same_machine
