"""The product of two session types, explored: can the two sides get stuck or misread each other?

A state is a type: what a party may say next is written in it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from otx.opamp.protocol import End, Label, Type, choices, dual, understood, unfold


def after_saying(kind: Type, label: Label) -> Type | None:
    """The type once this side said the label, or None where that is not in place."""
    return dict(choices(kind).branches).get(label)


def after_hearing(kind: Type, label: Label) -> Type | None:
    """The type once this side heard the label, or None where it does not understand it."""
    return dict(understood(kind).branches).get(label)


def states(kind: Type) -> set[Type]:
    """Every state that can be reached, opened once each."""
    found: set[Type] = set()
    waiting = [kind]
    while waiting:
        state = unfold(waiting.pop())
        if state in found:
            continue
        found.add(state)
        for choice in (choices(state), understood(state)):
            waiting.extend(then for _, then in choice.branches)
    return found


def explore_handshakes(client: Type, server: Type) -> list[str]:
    """What can go wrong when each message is heard as it is said, as over plain HTTP.

    Returns:
        One line a fault: a label that is not understood, a state in which nobody can go on.
    """
    wrong: dict[str, None] = {}
    for left, right in _reachable((unfold(client), unfold(server)), _handshakes):
        for speaker, listener in ((left, right), (right, left)):
            for label, _ in choices(speaker).branches:
                if after_hearing(listener, label) is None:
                    wrong[f"{label.name} is not understood"] = None
        ends = (left, right) == (End(), End())
        if not ends and not list(_handshakes((left, right))):
            wrong["nobody can go on"] = None
    return list(wrong)


class _Talk(NamedTuple):
    """Both sides, and what is on the way between them, oldest first.

    The order in which the client reads and speaks is the order of the conversation. The server
    learns it late: `base` is its state as far as it knows what the client had read, `unread` what
    it said since then. What it hears was said in `base`, whatever it said meanwhile.
    """

    client: Type
    read: int
    base: Type
    unread: tuple[Label, ...]
    to_server: tuple[tuple[Label, int], ...]
    to_client: tuple[Label, ...]


def explore_queues(client: Type, server: Type, capacity: int) -> list[str]:
    """What can go wrong when messages cross, as over a WebSocket.

    Args:
        client: The client's type; its order of reading and speaking is the conversation's.
        server: The server's type.
        capacity: How many messages fit each way, and how far the server may be ahead.

    Returns:
        One line a fault: a label that is not understood, a push that a crossing report puts out of
        place, a state in which nobody can go on, two sides that differ with nothing on the way.
    """
    wrong: dict[str, None] = {}
    first = _Talk(unfold(client), 0, unfold(server), (), (), ())

    def steps(talk: _Talk) -> Iterator[_Talk]:
        return _queued(talk, capacity, wrong)

    for talk in _reachable(first, steps):
        is_quiet = not talk.to_server and not talk.to_client
        if is_quiet and talk.base != unfold(dual(talk.client)):
            wrong["the two sides differ with nothing on the way"] = None
        if talk.client != End() and not list(steps(talk)):
            wrong["nobody can go on"] = None
    return list(wrong)


T = TypeVar("T")


def _reachable(first: T, steps: Callable[[T], Iterator[T]]) -> Iterator[T]:
    seen = {first}
    waiting = deque([first])
    while waiting:
        state = waiting.popleft()
        yield state
        for step in steps(state):
            if step not in seen:
                seen.add(step)
                waiting.append(step)


def _handshakes(pair: tuple[Type, Type]) -> Iterator[tuple[Type, Type]]:
    left, right = pair
    for label, then in choices(left).branches:
        if heard := after_hearing(right, label):
            yield unfold(then), unfold(heard)
    for label, then in choices(right).branches:
        if heard := after_hearing(left, label):
            yield unfold(heard), unfold(then)


def _queued(talk: _Talk, capacity: int, wrong: dict[str, None]) -> Iterator[_Talk]:
    if len(talk.to_server) < capacity:
        for label, then in choices(talk.client).branches:
            queue = (*talk.to_server, (label, talk.read))
            yield _settled(talk._replace(client=unfold(then), read=0, to_server=queue))
    if len(talk.unread) < capacity and (ahead := _replayed(talk.base, talk.unread)):
        for label, _ in choices(ahead).branches:
            unread, queue_back = (*talk.unread, label), (*talk.to_client, label)
            yield _settled(talk._replace(unread=unread, to_client=queue_back))
    if talk.to_client and talk.client != End():
        heard = after_hearing(talk.client, talk.to_client[0])
        if heard is None:
            wrong[f"{talk.to_client[0].name} is not understood"] = None
        else:
            yield _settled(
                talk._replace(
                    client=unfold(heard), read=talk.read + 1, to_client=talk.to_client[1:]
                )
            )
    if talk.to_server and (next_talk := _server_hears(talk, wrong)):
        yield _settled(next_talk)


def _server_hears(talk: _Talk, wrong: dict[str, None]) -> _Talk | None:
    label, read = talk.to_server[0]
    base = _replayed(talk.base, talk.unread[:read])
    unread = talk.unread[read:]
    heard = after_hearing(base, label) if base else None
    if heard is None:
        wrong[f"{label.name} is not understood"] = None
        return None
    if _replayed(unfold(heard), unread) is None:
        wrong[f"{label.name} puts {[one.name for one in unread]} out of place"] = None
        return None
    return talk._replace(base=unfold(heard), unread=unread, to_server=talk.to_server[1:])


def _replayed(state: Type, labels: tuple[Label, ...]) -> Type | None:
    for label in labels:
        then = after_saying(state, label)
        if then is None:
            return None
        state = unfold(then)
    return state


def _settled(talk: _Talk) -> _Talk:
    """With nothing on the way the server is as far as the client, whether it knows or not."""
    if talk.to_server or talk.to_client:
        return talk
    base = _replayed(talk.base, talk.unread)
    return talk if base is None else talk._replace(base=base, unread=(), read=0)
