"""The session types are well-formed, the server's are their duals, and the two never get stuck."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.automaton import explore_handshakes, explore_queues, states
from otx.opamp.protocol import (
    CONNECTION,
    HTTP,
    SESSIONS,
    WEBSOCKET,
    Branch,
    Duplex,
    End,
    Label,
    Rec,
    Select,
    Side,
    Type,
    Var,
    choices,
    dual,
    faults,
    hears,
    says,
    understood,
    unfold,
)

CLIENT_SAYS = [label for label in Label if label.sender is Side.CLIENT]
SERVER_SAYS = [label for label in Label if label.sender is Side.SERVER]


@pytest.mark.parametrize("kind", SESSIONS.values(), ids=SESSIONS)
def test_each_type_is_well_formed_for_its_side(kind: Type) -> None:
    assert faults(kind, Side.CLIENT) == []
    assert faults(dual(kind), Side.SERVER) == []


@pytest.mark.parametrize("kind", SESSIONS.values(), ids=SESSIONS)
def test_the_dual_of_the_dual_is_the_type(kind: Type) -> None:
    assert dual(dual(kind)) == kind


@pytest.mark.parametrize("kind", SESSIONS.values(), ids=SESSIONS)
def test_every_label_of_one_side_is_met_by_the_other(kind: Type) -> None:
    for state in states(kind):
        said = {label for label, _ in choices(state).branches}
        heard = {label for label, _ in understood(state).branches}
        assert {label for label, _ in understood(dual(state)).branches} == said
        assert {label for label, _ in choices(dual(state)).branches} == heard


def test_every_label_is_used() -> None:
    used = {
        label
        for kind in SESSIONS.values()
        for state in states(kind)
        for choice in (choices(state), understood(state))
        for label, _ in choice.branches
    }
    assert used == set(Label)


@pytest.mark.parametrize("kind", [HTTP, WEBSOCKET], ids=["http", "websocket"])
def test_a_handshake_at_a_time_never_gets_stuck(kind: Type) -> None:
    assert explore_handshakes(kind, dual(kind)) == []


@pytest.mark.parametrize("capacity", [1, pytest.param(3, marks=pytest.mark.long)])
def test_a_connection_with_queues_never_gets_stuck(capacity: int) -> None:
    assert explore_queues(CONNECTION, dual(CONNECTION), capacity) == []


@pytest.mark.parametrize(
    "name", ["config", "config midway", "settings", "full state", "identity", "restart"]
)
def test_a_matter_with_queues_never_gets_stuck(name: str) -> None:
    assert explore_queues(SESSIONS[name], dual(SESSIONS[name]), capacity=1) == []


def test_a_side_that_forgets_an_answer_is_found() -> None:
    deaf = Rec("poll", says((Label.POST_REPORT, hears((Label.ANSWER, Var("poll"))))))
    found = explore_handshakes(deaf, dual(HTTP))
    assert "THROTTLED is not understood" in found


def test_two_that_wait_for_each_other_are_found() -> None:
    listener = hears((Label.ANSWER, End()))
    server = dual(says((Label.REPORT, End())))
    assert "nobody can go on" in explore_handshakes(listener, server)
    assert "nobody can go on" in explore_queues(listener, server, capacity=1)


def test_a_push_that_a_crossing_report_puts_out_of_place_is_found() -> None:
    """Whoever may push only before the first report cannot know that it is still before it."""
    client = Duplex(says((Label.REPORT, End())), hears((Label.OFFER, End())))
    found = explore_queues(client, dual(client), capacity=1)
    assert "REPORT puts ['OFFER'] out of place" in found


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (Var("x"), "x is bound by no Rec"),
        (Rec("x", Var("x")), "x loops without saying anything"),
        (says(), "a choice of nothing"),
        (says((Label.REPORT, End()), (Label.REPORT, End())), "REPORT leads to two places"),
        (says((Label.ANSWER, End())), "ANSWER is not for the client to say"),
        (hears((Label.REPORT, End())), "REPORT is not for the server to say"),
    ],
)
def test_what_is_no_type_says_why(kind: Type, fault: str) -> None:
    assert fault in faults(kind, Side.CLIENT)


def types(depth: int = 2) -> st.SearchStrategy[Type]:
    """Well-formed types of the client, loops among them."""
    if depth == 0:
        return st.sampled_from([End(), Var("loop")])
    then = st.deferred(lambda: types(depth - 1))
    branches = {
        side: st.dictionaries(st.sampled_from(labels), then, min_size=1, max_size=3).map(
            lambda found: tuple(found.items())
        )
        for side, labels in ((Side.CLIENT, CLIENT_SAYS), (Side.SERVER, SERVER_SAYS))
    }
    select = branches[Side.CLIENT].map(Select)
    branch = branches[Side.SERVER].map(Branch)
    return st.one_of(select, branch, st.builds(Duplex, select, branch))


@given(types().map(lambda body: Rec("loop", body)))
def test_duality_holds_for_any_type(kind: Type) -> None:
    assert faults(kind, Side.CLIENT) == []
    assert faults(dual(kind), Side.SERVER) == []
    assert dual(dual(kind)) == kind
    assert unfold(dual(kind)) == dual(unfold(kind))
    assert not any("understood" in fault for fault in explore_handshakes(kind, dual(kind)))
