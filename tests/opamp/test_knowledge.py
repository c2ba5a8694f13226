"""The table of what a server knows, against the real server and against the searcher's model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.knowledge import TABLE, Heard, Knowledge, Step
from otx.opamp.opamp_pb2 import ServerToAgent
from otx.opamp.server.agent import Progress
from spec.search import cfgsync
from spec.search.explore import explore
from tests.opamp.server.world import Speaker, World, asks_full, config_status


@pytest.mark.parametrize("known", Knowledge)
@pytest.mark.parametrize("heard", Heard)
def test_every_pair_has_its_row(known: Knowledge, heard: Heard) -> None:
    step = TABLE[known, heard]
    assert not (step.asks and step.offers)
    assert step.asks == (
        step.to is Knowledge.NEED_FULL and heard not in (Heard.ASSIGNED, Heard.LOST)
    )


@pytest.mark.parametrize("heard", [one for one in Heard if one is not Heard.COMPLETE])
def test_nothing_but_a_complete_report_ends_the_need(heard: Heard) -> None:
    assert TABLE[Knowledge.NEED_FULL, heard].to is Knowledge.NEED_FULL


class Watched:
    """The real server, with the table beside it."""

    def __init__(self) -> None:
        self.world = World()
        self.speaker = Speaker(self.world)
        self.known = Knowledge.UNKNOWN
        self.is_there = False
        self.assigned = self.reported = b""

    def reconnect(self) -> None:
        self.world.fleet.lost(self.speaker.link, self.world.now_ns)
        self.speaker.link = self.world.link()
        self.is_there = False
        self.known = TABLE[self.known, Heard.LOST].to

    def assign(self) -> None:
        if self.known is Knowledge.UNKNOWN:
            return  # there is nobody to assign to
        body = f"a: {len(self.world.fleet.rollouts.pushes)}"
        self.assigned = self.world.push(body=body).config_hash
        if self.is_there:
            self._check(self.speaker.is_pushed(), TABLE[self.known, Heard.ASSIGNED])

    def complete(self) -> None:
        # Without a status where an offer is on its way: it was sent before that arrived.
        progress = Progress.APPLIED if self.reported else Progress.UNSET
        is_offered = self.known is Knowledge.OFFERED
        told = None if is_offered else config_status(progress, self.reported)
        self._report(self.speaker.full(remote_config_status=told), Heard.COMPLETE)

    def fitting(self) -> None:
        self._report(self.speaker.report(), Heard.FITTING)

    def gap(self) -> None:
        self.speaker.number += 5
        self._report(self.speaker.report(), Heard.GAP)

    def status(self) -> None:
        if self.known is Knowledge.OFFERED:
            self.reported = self.assigned
            answer = self.speaker.says(Progress.APPLIED, self.reported)
            self._report(answer, Heard.STATUS)

    def _report(self, answer: ServerToAgent, heard: Heard) -> None:
        self.is_there = True
        step = TABLE[self.known, heard]
        if step.to is Knowledge.KNOWN and self.assigned != self.reported:
            step = TABLE[Knowledge.KNOWN, Heard.ASSIGNED]
        self._check(answer, step)

    def _check(self, message: ServerToAgent | None, step: Step) -> None:
        assert (message is not None and asks_full(message)) == step.asks
        assert (message is not None and message.HasField("remote_config")) == step.offers
        self.known = step.to
        assert self.speaker.agent.needs_full == (self.known is Knowledge.NEED_FULL)


WAYS = ["complete", "complete", "fitting", "gap", "reconnect", "assign", "status"]


@given(st.lists(st.sampled_from(WAYS)))
def test_the_real_server_keeps_to_it(ways: list[str]) -> None:
    watched = Watched()
    for way in ways:
        getattr(watched, way)()


def test_the_model_keeps_to_it() -> None:
    """`needFull` of CfgSync changes as the table says, for every report in every state."""
    variant = cfgsync.Variant(crashes=0, changes=0)
    for state in explore(cfgsync.model(variant)).parents:
        for then in cfgsync.serve(variant, state):
            report = state.toServer[0]
            follows = state.knownSequence != cfgsync.NOTHING and (
                report.sequence == (state.knownSequence + 1) % variant.modulus
            )
            heard = Heard.COMPLETE if report.is_full else Heard.FITTING if follows else Heard.GAP
            is_unknown = state.knownSequence == cfgsync.NOTHING
            known = (
                Knowledge.UNKNOWN
                if is_unknown
                else Knowledge.NEED_FULL
                if state.needFull
                else Knowledge.KNOWN
            )
            step = TABLE[known, heard]
            assert then.needFull == (step.to is Knowledge.NEED_FULL)
            assert then.toClient[-1].asks == step.asks
