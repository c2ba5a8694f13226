"""The agent's configuration loop: what it says is true, and no crash loses or repeats anything."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otx.opamp.config_machine import (
    BASELINE,
    PROVEN_ATTEMPTS,
    REMEMBERED_FAILURES,
    Action,
    Actions,
    ConfigMachine,
    Offer,
    Record,
)
from otx.opamp.config_table import TABLE, Act, Event, Phase, Process, Status
from otx.opamp.effect import Once, UsedTwice
from otx.opamp.opamp_pb2 import AgentConfigMap

KINDS = {
    b"good": "",
    b"fine": "",
    b"invalid": "refused",
    b"unlaunchable": "up",
    b"sick": "healthy",
    b"dies later": "survived",
}
"""Hash -> the step at which this configuration fails; "" never."""


class World:
    """A supervisor: carries the machine's actions out, against a disk and a process.

    Actions are carried out one at a time, so that a crash may come between any two.
    """

    def __init__(self) -> None:
        self.disk = Record()
        self.contents: set[bytes] = {BASELINE}
        self.launched: list[bytes] = []
        self.reports: list[tuple[bytes, Status]] = []
        self.survivors: set[bytes] = {BASELINE}
        self.verdicts: dict[bytes, int] = {}
        self.boot()

    def boot(self) -> None:
        """The agent's process starts; whatever ran is gone."""
        self.machine = ConfigMachine(self.disk)
        self.todo: list[Action] = []
        self.due: list[tuple[str, bytes, int]] = []
        self.running: bytes | None = None
        self.reports = [(self.disk.received, self.disk.status)]
        self._add(self.machine.start())

    def offer(self, config_hash: bytes) -> None:
        self._add(self.machine.offered(Once(Offer(config_hash, AgentConfigMap()))))

    def act(self) -> None:
        """Carries out the oldest action."""
        action = self.todo.pop(0)
        if action.act is Act.SAVE:
            if action.offer is not None:
                self.contents.add(action.offer.take().hash)
            self.disk = action.record
        elif action.act is Act.REPORT:
            self._report(action.record)
        elif action.act is Act.VALIDATE:
            self.due = [one for one in self.due if one[0] != "validated"]
            self.due.append(("validated", action.hash, 0))
        elif action.act is Act.WATCH:
            self.due.append(("healthy", action.hash, action.launch))
        elif action.act is Act.OBSERVE:
            self.due.append(("survived", action.hash, action.launch))
        else:
            assert action.hash in self.contents, "launched without content"
            self.running = None
            self.launched.append(action.hash)
            self.due = [one for one in self.due if one[0] == "validated"]
            self.due.append(("up", action.hash, action.launch))

    def happen(self) -> None:
        """What is awaited comes: by what kind of configuration it is."""
        what, config_hash, launch = self.due.pop(0)
        fails_at = KINDS.get(config_hash, "")
        if what == "validated":
            if fails_at == "refused":
                self._add(self.machine.refused(config_hash, "does not parse"))
            else:
                self._add(self.machine.validated(config_hash))
        elif fails_at == what:
            self.running = None
            self._add(self.machine.down(launch, f"not {what}"))
        elif what == "up":
            self.running = config_hash
            self._add(self.machine.up(launch))
        elif what == "healthy":
            self._add(self.machine.healthy(launch))
        else:
            self.survivors.add(config_hash)
            self._add(self.machine.survived(launch))

    def die(self) -> None:
        """The process ends by itself."""
        self.running = None
        self._add(self.machine.down(self.machine._launch, "killed"))

    def settle(self) -> None:
        """Until nothing is to be done and nothing is awaited."""
        for _ in range(200):
            if self.todo:
                self.act()
            elif self.due:
                self.happen()
            else:
                return
        raise AssertionError("the loop does not come to rest")

    def _report(self, record: Record) -> None:
        self.reports.append((record.received, record.status))

    def _add(self, actions: Actions) -> None:
        self.todo += [one.take() for one in actions]


def settled(*hashes: bytes) -> World:
    world = World()
    world.settle()
    for one in hashes:
        world.offer(one)
        world.settle()
    return world


@pytest.mark.parametrize("config_hash", [b"good", b"fine"])
def test_a_good_offer_ends_as_applied_and_last_good(config_hash: bytes) -> None:
    world = settled(config_hash)
    assert world.reports[-1] == (config_hash, Status.APPLIED)
    assert world.running == world.disk.good == config_hash
    assert world.disk.phase is Phase.IDLE


@pytest.mark.parametrize("config_hash", [one for one, fails in KINDS.items() if fails])
def test_a_bad_offer_ends_as_failed_with_the_last_good_one_running(config_hash: bytes) -> None:
    world = settled(b"good", config_hash)
    assert world.reports[-1] == (config_hash, Status.FAILED)
    assert world.disk.reason
    assert world.running == world.disk.good == b"good"


def test_what_is_refused_leaves_the_process_alone() -> None:
    world = settled(b"good")
    launched = list(world.launched)
    world.offer(b"invalid")
    world.settle()
    assert world.launched == launched


def test_a_refusal_during_probation_leaves_the_trial_alone() -> None:
    world = settled()
    world.offer(b"good")
    while world.machine.record.phase is not Phase.PROBATION or world.todo:
        world.act() if world.todo else world.happen()
    launched = list(world.launched)
    world.offer(b"invalid")
    while world.machine.record.phase is not Phase.PROBATION or world.todo:
        world.due.sort(key=lambda one: one[0] == "survived")
        world.act() if world.todo else world.happen()
    world.settle()
    assert world.launched == launched
    assert (world.running, world.disk.good) == (b"good", b"good")
    assert world.reports[-1] == (b"invalid", Status.FAILED)


def overtaken(trial: bytes, newer: bytes, good: bytes = b"good") -> World:
    """`newer` was launched while `trial` was APPLIED and under observation."""
    world = settled(good)
    world.offer(trial)
    while world.machine.record.phase is not Phase.PROBATION or world.todo:
        world.act() if world.todo else world.happen()
    world.offer(newer)
    while world.machine.process is not Process.CANDIDATE or world.todo:
        world.due.sort(key=lambda one: one[0] == "survived")
        world.act() if world.todo else world.happen()
    return world


@pytest.mark.parametrize("newer", [b"unlaunchable", b"sick"])
def test_what_fails_leads_back_to_the_trial_that_it_overtook(newer: bytes) -> None:
    world = overtaken(b"fine", newer)
    assert (world.disk.trial, world.disk.good) == (b"fine", b"good")
    while world.machine.record.phase is not Phase.PROBATION or world.todo:
        world.act() if world.todo else world.happen()
    assert (world.running, world.disk.good) == (b"fine", b"good")
    world.settle()
    assert world.running == world.disk.good == b"fine"
    assert world.reports[-1] == (newer, Status.FAILED)


def test_the_trial_that_runs_again_may_still_crash_and_last_good_stands_behind_it() -> None:
    world = overtaken(b"dies later", b"sick")
    world.settle()
    assert world.running == world.disk.good == b"good"
    assert world.reports[-1] == (b"sick", Status.FAILED)
    assert {one.hash for one in world.disk.failures} == {b"sick", b"dies later"}
    assert world.disk.reason == "not healthy"


def test_a_healthy_offer_makes_the_trial_that_it_overtook_last_good() -> None:
    world = overtaken(b"fine", b"dies later")
    world.settle()
    assert world.running == world.disk.good == b"fine"
    assert world.reports[-1] == (b"dies later", Status.FAILED)


def test_a_newer_offer_of_the_trial_itself_verifies_it_anew() -> None:
    world = overtaken(b"fine", b"sick")
    world.offer(b"fine")
    assert (world.machine.record.candidate, world.machine.record.trial) == (b"fine", b"")
    world.settle()
    assert world.running == world.disk.good == b"fine"
    assert world.reports[-1] == (b"fine", Status.APPLIED)


def test_a_start_runs_the_trial_while_what_overtook_it_waits() -> None:
    world = overtaken(b"fine", b"sick")
    world.boot()
    while world.todo:
        world.act()
    assert world.launched[-1] == b"fine"
    world.settle()
    assert world.running == world.disk.good == b"fine"
    assert world.reports[-1] == (b"sick", Status.FAILED)
    assert world.launched.count(b"sick") == 2


def test_what_runs_has_not_failed_under_its_other_hash() -> None:
    world = settled(b"good", b"sick", b"invalid")
    world._add(world.machine.offered(Once(Offer(b"sick", AgentConfigMap())), runs_already=True))
    world.settle()
    assert world.disk.why_failed(b"sick") is None
    assert world.reports[-1] == (b"sick", Status.APPLIED)


@pytest.mark.parametrize("config_hash", KINDS)
def test_the_same_hash_again_does_nothing(config_hash: bytes) -> None:
    world = settled(config_hash)
    before = (list(world.launched), list(world.reports), world.disk)
    world.offer(config_hash)
    world.settle()
    assert (world.launched, world.reports, world.disk) == before


def test_a_hash_that_failed_stays_failed_without_a_launch() -> None:
    world = settled(b"sick", b"good")
    launched = list(world.launched)
    world.offer(b"sick")
    world.settle()
    assert world.reports[-1] == (b"sick", Status.FAILED)
    assert world.launched == launched
    assert world.running == b"good"


def test_what_runs_already_is_applied_without_a_launch() -> None:
    world = settled(b"good", b"sick")
    launched = list(world.launched)
    world.offer(b"good")
    world.settle()
    assert world.reports[-1] == (b"good", Status.APPLIED)
    assert world.launched == launched


def test_an_empty_offer_on_the_local_configuration_changes_nothing_that_runs() -> None:
    world = settled()
    empty = AgentConfigMap()
    empty.config_map[""].body = b""
    offer = Offer(b"empty", empty)
    assert offer.is_empty
    world._add(world.machine.offered(Once(offer), runs_already=True))
    world.settle()
    assert world.launched == [BASELINE]
    assert world.reports[-1] == (b"empty", Status.APPLIED)


@pytest.mark.parametrize("other", [b"fine", b"dies later"])
def test_what_runs_already_is_applied_once_validated_without_a_launch(other: bytes) -> None:
    world = settled(b"good")
    launched = list(world.launched)
    world.offer(other)
    while world.todo:
        world.act()
    world._add(world.machine.validated(other, runs_already=True))
    world.due = []
    world.settle()
    assert world.reports[-1] == (other, Status.APPLIED)
    assert world.launched == launched
    assert (world.disk.good, world.disk.phase) == (other, Phase.IDLE)


def test_what_is_not_up_is_launched_though_it_is_the_same() -> None:
    machine = ConfigMachine()
    machine.start()
    machine.offered(Once(Offer(b"A", AgentConfigMap())))
    acts = [one.take().act for one in machine.validated(b"A", runs_already=True)]
    assert acts == [Act.RUN_CANDIDATE]


def test_the_newer_of_two_offers_wins() -> None:
    world = settled()
    world.offer(b"good")
    for _ in range(4):
        world.act() if world.todo else world.happen()
    world.offer(b"fine")
    world.settle()
    assert world.running == b"fine"
    assert world.reports[-1] == (b"fine", Status.APPLIED)
    assert (b"good", Status.APPLIED) not in world.reports


def test_an_offer_is_taken_once() -> None:
    machine = ConfigMachine()
    machine.start()
    envelope = Once(Offer(b"A", AgentConfigMap()))
    machine.offered(envelope)
    with pytest.raises(UsedTwice):
        machine.offered(envelope)


def test_an_action_is_carried_out_once() -> None:
    (action,) = ConfigMachine().start()
    action.take()
    with pytest.raises(UsedTwice):
        action.take()


def test_events_of_an_older_launch_are_nobodys() -> None:
    machine = ConfigMachine()
    (run,) = machine.start()
    old = run.take().launch
    machine.restart()
    record = machine.record
    for stale in (machine.up(old), machine.healthy(old), machine.survived(old)):
        assert stale == []
    assert machine.down(old, "killed") == []
    assert machine.record == record


def test_an_offer_that_the_agent_does_not_live_through_is_given_up() -> None:
    world = settled(b"good")
    world.offer(b"sick")
    for _ in range(10):
        while world.machine.record.phase is not Phase.VERIFYING and (world.todo or world.due):
            world.act() if world.todo else world.happen()
        world.boot()
    world.settle()
    assert world.disk.status is Status.FAILED
    assert "interrupted" in world.disk.reason
    assert world.launched.count(b"sick") <= 2


def test_a_trial_that_the_agent_does_not_live_through_is_given_up_later() -> None:
    record = Record(phase=Phase.PROBATION, received=b"T", trial=b"T", status=Status.APPLIED)
    resumed = ConfigMachine(replace(record, attempts=PROVEN_ATTEMPTS - 1))
    resumed.start()
    assert (resumed.record.phase, resumed.record.status) == (Phase.APPLYING, Status.APPLYING)
    given_up = ConfigMachine(replace(record, attempts=PROVEN_ATTEMPTS))
    given_up.start()
    assert (given_up.record.phase, given_up.record.status) == (Phase.REVERTING, Status.FAILED)


def test_failures_are_remembered_within_bounds_and_for_this_run() -> None:
    world = settled()
    for number in range(REMEMBERED_FAILURES + 3):
        config_hash = f"bad {number}".encode()
        world.offer(config_hash)
        while world.todo:
            world.act()
        world.due = []
        world._add(world.machine.refused(config_hash, "no"))
        world.settle()
    assert len(world.disk.failures) == REMEMBERED_FAILURES
    world.boot()
    assert [one.hash for one in world.machine.record.failures] == [world.disk.received]


def test_a_last_good_that_ends_is_started_again() -> None:
    world = settled(b"good")
    world.die()
    world.settle()
    assert world.running == b"good"
    assert world.disk.status is Status.APPLIED


def test_whatever_the_table_does_not_name_changes_nothing() -> None:
    for phase in Phase:
        for event in Event:
            if (phase, event) not in TABLE:
                machine = ConfigMachine(Record(phase=phase, received=b"A", candidate=b"A"))
                assert machine._step(event) == []
                assert machine.record == Record(phase=phase, received=b"A", candidate=b"A")


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["act", "act", "act", "happen", "happen", "crash", "restart"]),
        st.sampled_from(sorted(KINDS)),
    ),
    max_size=60,
)


def check(world: World) -> None:
    machine, record = world.machine, world.machine.record
    assert world.disk.good in world.survivors, "last good never survived"
    if record.status is Status.APPLIED and not world.todo and machine.is_up:
        assert world.running == record.received, "APPLIED, and something else runs"
    if record.phase is Phase.IDLE and not world.todo:
        assert machine.process is Process.GOOD
    assert len(world.disk.failures) <= REMEMBERED_FAILURES


@given(STEPS)
@settings(max_examples=300)
def test_no_crash_and_no_order_makes_it_lie(steps: list[str | bytes]) -> None:
    world = World()
    newest = b""
    for step in steps:
        if isinstance(step, bytes):
            world.offer(step)
            newest = step
        elif step == "act" and world.todo:
            world.act()
        elif step == "happen" and world.due and not world.todo:
            world.happen()
        elif step == "restart":
            world._add(world.machine.restart())
        elif step == "crash":
            world.boot()
        check(world)
    received = world.machine.record.received
    if newest and received != newest:
        # A crash before the record was written: the server offers it again.
        world.offer(newest)
    world.settle()
    check(world)
    if newest:
        assert world.disk.received == newest
        assert world.disk.status in (Status.APPLIED, Status.FAILED)
        assert world.reports[-1] == (newest, world.disk.status)
        if KINDS[newest]:
            assert world.disk.status is Status.FAILED
        if world.disk.status is Status.APPLIED:
            assert world.running == newest
    assert world.running == world.disk.good


def test_an_offer_that_failed_for_no_reason_of_its_own_is_begun_again() -> None:
    machine = ConfigMachine(Record())
    machine.start()
    offer = Offer(b"a", AgentConfigMap())
    assert machine.offered_again(Once(offer)) == []
    machine.offered(Once(offer))
    machine.refused(b"a", "the disk is full")
    refused = machine.record
    assert refused.status is Status.FAILED
    acts = [one.take().act for one in machine.offered_again(Once(offer))]
    assert Act.VALIDATE in acts
    assert machine.record.status is Status.APPLYING
    assert machine.record.failures == ()
