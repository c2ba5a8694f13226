"""What waits beside the road: bounded, in order, and all of it handed on at the end."""

import threading

from otx.otlp.decode import Request
from otx.services.receive_beside import CAPACITY_BYTES, Beside
from tests.services.small_requests import spans_request

TIMEOUT_S = 20


def test_what_waits_is_bounded_and_handed_on_in_order() -> None:
    gate = threading.Event()
    came: list[Request] = []

    def hand_on(request: Request) -> None:
        gate.wait(TIMEOUT_S)
        came.append(request)

    beside = Beside(hand_on, "test", "the test is behind")
    requests = [spans_request(name) for name in "abc"]
    for request in requests:
        assert beside.reserve(CAPACITY_BYTES // 3)
        beside.put(request, CAPACITY_BYTES // 3)
    assert not beside.reserve(CAPACITY_BYTES // 3)
    gate.set()
    beside.close()
    assert came == requests
    assert beside.reserve(CAPACITY_BYTES)


def test_one_request_is_taken_however_large_it_is() -> None:
    beside = Beside(lambda request: None, "test", "")
    assert beside.reserve(CAPACITY_BYTES + 1)
    assert not beside.reserve(1)
    beside.release(CAPACITY_BYTES + 1)
    assert beside.reserve(1)
    beside.close()
