import threading

from otx.services.opamp_tap.events import Event, Kind
from otx.services.opamp_tap.outbox import EVENT_BYTES, Outbox


def event(number: int, size: int = 0) -> Event:
    return Event(Kind.MESSAGE, number, 1, ["x"], data=bytes(size))


def test_what_does_not_fit_is_counted() -> None:
    outbox = Outbox(most_events=2)
    for number in range(5):
        outbox.put(event(number))
    taken = [outbox.take(0), outbox.take(0), outbox.take(0)]
    assert [one and one.at_ns for one in taken] == [0, 1, None]
    assert outbox.lost == 3


def test_bytes_are_bounded_and_one_event_always_fits() -> None:
    outbox = Outbox(most_bytes=10 * EVENT_BYTES)
    outbox.put(event(0, 100 * EVENT_BYTES))
    outbox.put(event(1))
    assert outbox.lost == 1
    assert outbox.take(0) is not None
    outbox.put(event(2))
    assert outbox.lost == 1


def test_whoever_waits_is_woken_by_an_event_and_by_the_end() -> None:
    outbox = Outbox()
    taken: list[Event | None] = []

    def take_all() -> None:
        while not outbox.is_done:
            taken.append(outbox.take())

    thread = threading.Thread(target=take_all)
    thread.start()
    outbox.put(event(7))
    outbox.close()
    thread.join(20)
    assert not thread.is_alive()
    assert [one.at_ns for one in taken if one] == [7]
    outbox.put(event(8))
    assert outbox.take(0) is None
