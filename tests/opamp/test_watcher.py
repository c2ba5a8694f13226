"""A watcher accepts what some reading explains, and nothing else."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.automaton import after_hearing, after_saying
from otx.opamp.protocol import (
    CONFIG,
    CONNECTION,
    FULL_STATE,
    IDENTITY,
    SESSIONS,
    Label,
    Type,
    choices,
    dual,
    understood,
    unfold,
)
from otx.opamp.watcher import WAITING, Watcher

TYPES = [CONNECTION, CONFIG, FULL_STATE, IDENTITY, dual(CONNECTION), dual(FULL_STATE)]


@given(st.sampled_from(TYPES), st.data())
def test_a_party_that_keeps_its_type_is_never_accused(kind: Type, data: st.DataObject) -> None:
    """The party reads what was sent whenever it likes, and says what its type permits then."""
    watcher, state = Watcher(kind, patience_ns=10**18), unfold(kind)
    sent: list[Label] = []
    seen = unfold(kind)
    for now_ns in range(data.draw(st.integers(0, 20))):
        step = data.draw(st.sampled_from(["sent", "read", "say"]))
        heard = [label for label, _ in understood(seen).branches]
        said = [label for label, _ in choices(state).branches]
        if step == "sent" and heard and len(sent) < WAITING:
            label = data.draw(st.sampled_from(heard))
            then = after_hearing(seen, label)
            assert then is not None
            sent.append(label)
            seen = unfold(then)
            watcher.hears(label, now_ns)
        elif step == "read" and sent:
            then = after_hearing(state, sent[0])
            if then is not None:
                state = unfold(then)
                sent.pop(0)
        elif step == "say" and said:
            label = data.draw(st.sampled_from(said))
            then = after_saying(state, label)
            assert then is not None
            state = unfold(then)
            assert watcher.says(label, now_ns)
            # What is sent next is what the other side may say, as far as it can know.
            seen = state
            for one in sent:
                seen = unfold(after_hearing(seen, one) or seen)


def explained(kind: Type, heard: list[Label], said: Label) -> bool:
    """Whether reading some of what was sent permits the party to say this."""
    state = unfold(kind)
    for label in [None, *heard]:
        if label is not None:
            then = after_hearing(state, label)
            if then is None:
                return False
            state = unfold(then)
        if after_saying(state, said) is not None:
            return True
    return False


@pytest.mark.parametrize("name", ["config", "full state", "identity", "connection"])
def test_what_nothing_explains_is_a_fault(name: str) -> None:
    kind = SESSIONS[name]
    server = [label for label in Label if label.sender.value == "server"]
    client = [label for label in Label if label.sender.value == "client"]
    known = [one for one in server if after_hearing(kind, one)] or server[:2]
    for count in range(3):
        for heard in product(known, repeat=count):
            for said in client:
                watcher = Watcher(kind, patience_ns=10**18)
                for label in heard:
                    watcher.hears(label, 0)
                assert watcher.says(said, 1) == explained(kind, list(heard), said)


def test_after_a_while_a_message_counts_as_read() -> None:
    watcher = Watcher(FULL_STATE, patience_ns=10)
    watcher.hears(Label.ASK, 0)
    assert watcher.says(Label.COMPRESSED, 10)
    watcher = Watcher(FULL_STATE, patience_ns=10)
    watcher.hears(Label.ASK, 0)
    assert not watcher.says(Label.COMPRESSED, 11)
    assert watcher.says(Label.FULL, 12)


def test_what_waits_is_bounded() -> None:
    watcher = Watcher(FULL_STATE, patience_ns=10**18)
    for now_ns in range(100):
        watcher.hears(Label.ASK, now_ns)
    assert len(watcher._waiting) == WAITING
    assert not watcher.says(Label.COMPRESSED, 100)
