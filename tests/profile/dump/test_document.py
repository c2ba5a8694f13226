"""A dump as one JSON document."""

from otx.profile.dump.document import dump_document
from tests.profile.dump.dumps import DUMP, SPAN, TRACE

KEYS = [
    *("tid", "name", "state", "cpu_seconds", "wait_channel", "syscall", "waits_on", "lock"),
    *("lock_holder", "holds_gil", "torn", "unwound_fully", "trace_id", "span_id", "stack"),
]


def test_every_thread_has_every_key() -> None:
    document = dump_document(DUMP)
    assert [list(thread) for thread in document["threads"]] == [KEYS] * 4
    assert (document["pid"], document["runtime"], document["took_ms"]) == (42, "CPython 3.11", 4.1)


def test_frames_are_root_first_with_their_variables() -> None:
    running = dump_document(DUMP)["threads"][0]
    assert [frame["name"] for frame in running["stack"]] == ["<module>", "Cart.total"]
    assert running["stack"][0]["task"] == "pay"
    assert running["stack"][1]["role"] == "coroutine"
    assert running["stack"][1]["locals"] == {"price": "7", "n": "'x'"}
    assert (running["trace_id"], running["span_id"]) == (TRACE, SPAN)


def test_what_is_not_known_is_null() -> None:
    torn = dump_document(DUMP)["threads"][3]
    assert torn["torn"] and not torn["unwound_fully"]
    assert [torn[key] for key in ("syscall", "lock", "lock_holder", "trace_id")] == [None] * 4
