"""Pushes in stages: who is first, when it goes on, when it stops."""

import pytest

from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import ComponentHealth
from otx.opamp.server.agent import PATIENCE, Progress
from otx.opamp.server.documents import push_counts
from otx.opamp.server.operator import Operator
from otx.opamp.server.pushes import Push, PushState, parse_stages
from otx.opamp.server.why import why
from tests.opamp.server.world import USUAL, Speaker, World, state_of

AGENTS = 20


@pytest.fixture
def world() -> World:
    return World()


def fleet_of(world: World, count: int = AGENTS) -> list[Speaker]:
    speakers = [Speaker(world, f"agent{number}") for number in range(count)]
    for speaker in speakers:
        speaker.full()
    return speakers


def apply_all(speakers: list[Speaker], push: Push) -> list[Speaker]:
    """Whoever is offered the push applies it; who that was."""
    reached = []
    for speaker in speakers:
        if speaker.report().HasField("remote_config"):
            speaker.says(Progress.APPLIED, push.config_hash)
            reached.append(speaker)
    return reached


def test_one_then_a_tenth_then_all(world: World) -> None:
    speakers = fleet_of(world)
    push = world.push(stages=parse_stages("1"))
    sizes = []
    for _ in range(3):
        sizes.append(len(apply_all(speakers, push)))
        world.wait(29)
        assert not apply_all(speakers, push), "the stage is observed for 30 s"
        world.wait(2)
    assert sizes == [1, 1, 18]
    assert state_of(push) is PushState.DONE
    assert len(world.journal.said("stage")) == 2


def test_the_first_failure_stops_it_and_says_who_and_why(world: World) -> None:
    speakers = fleet_of(world)
    push = world.push(stages=parse_stages("2"))
    reached = [one for one in speakers if one.report().HasField("remote_config")]
    assert len(reached) == 2
    reached[0].says(Progress.FAILED, push.config_hash, "unknown exporter")
    world.wait(1)
    assert state_of(push) is PushState.STOPPED
    assert "unknown exporter" in push.note
    assert reached[0].agent.text in push.note
    world.wait(3_600)
    assert not apply_all([one for one in speakers if one not in reached], push)


def test_an_agent_that_is_unhealthy_with_it_stops_it(world: World) -> None:
    speakers = fleet_of(world)
    push = world.push(stages=parse_stages("1"))
    (first,) = apply_all(speakers, push)
    world.wait(20)
    first.report(health=ComponentHealth(healthy=False, last_error="out of memory"))
    world.wait(1)
    assert state_of(push) is PushState.STOPPED
    assert "out of memory" in push.note


def test_an_agent_that_is_started_again_is_waited_for(world: World) -> None:
    speakers = fleet_of(world)
    push = world.push(stages=parse_stages("1"))
    (first,) = apply_all(speakers, push)
    world.wait(20)
    first.report(health=ComponentHealth(status="starting", last_error="it is starting"))
    world.wait(20)
    assert state_of(push) is PushState.RUNNING
    assert not apply_all(speakers[1:], push), "it is not well yet"
    first.report(health=ComponentHealth(healthy=True, status="running"))
    world.wait(31)
    assert apply_all(speakers, push)


def test_no_answer_in_time_stops_it(world: World) -> None:
    speakers = fleet_of(world)
    push = world.push(stages=parse_stages("1"))
    reached = [one for one in speakers if one.report().HasField("remote_config")]
    world.wait(599)
    assert state_of(push) is PushState.RUNNING
    world.wait(2)
    assert state_of(push) is PushState.STOPPED
    assert reached[0].agent.text in push.note


def test_an_agent_that_vanishes_with_it_does_not_let_it_go_on(world: World) -> None:
    speakers = fleet_of(world)
    push = world.push(stages=parse_stages("1"))
    (first,) = apply_all(speakers, push)
    world.fleet.lost(first.link, world.now_ns)
    world.wait(60)
    assert state_of(push) is PushState.RUNNING
    world.wait(600)
    assert state_of(push) is PushState.STOPPED


def test_resume_goes_on_where_it_stopped_and_rollback_takes_it_back(world: World) -> None:
    speakers = fleet_of(world)
    good = world.push(body="good: 1")
    apply_all(speakers, good)
    push = world.push(body="new: 1", stages=parse_stages("1"))
    (first,) = apply_all(speakers, push)
    first.report(health=ComponentHealth(healthy=False))
    world.wait(1)
    assert state_of(push) is PushState.STOPPED
    operator = Operator(world.fleet)
    first.report(health=ComponentHealth(healthy=True))
    operator.change(push.number, "resume", "me", "it was the disk", world.now_ns)
    assert state_of(push) is PushState.RUNNING
    world.wait(31)
    assert apply_all(speakers, push)
    operator.change(push.number, "rollback", "me", "", world.now_ns)
    assert first.is_pushed() is not None
    assert first.says(Progress.UNSET, b"").remote_config.config_hash == good.config_hash
    assert "it was the disk" in world.journal.said("resume")


def test_resume_goes_on_in_spite_of_the_agent_that_stopped_it(world: World) -> None:
    speakers = fleet_of(world)
    push = world.push(stages=parse_stages("1"))
    (first,) = [one for one in speakers if one.report().HasField("remote_config")]
    first.says(Progress.FAILED, push.config_hash, "unknown exporter")
    world.wait(1)
    assert state_of(push) is PushState.STOPPED
    Operator(world.fleet).change(push.number, "resume", "me", "", world.now_ns)
    world.wait(1)
    assert state_of(push) is PushState.RUNNING
    assert f"in spite of {first.agent.text}" in world.journal.said("resume")
    sizes = []
    for _ in range(3):
        sizes.append(len(apply_all([one for one in speakers if one is not first], push)))
        world.wait(31)
    assert sizes == [1, 1, 17], "another agent takes the place of the one that failed"
    assert state_of(push) is PushState.DONE


def test_another_failure_stops_what_was_resumed(world: World) -> None:
    speakers = fleet_of(world)
    push = world.push(stages=parse_stages("1"))
    for _ in range(2):
        (one,) = [one for one in speakers if one.report().HasField("remote_config")]
        one.says(Progress.FAILED, push.config_hash, "unknown exporter")
        world.wait(1)
        assert state_of(push) is PushState.STOPPED
        Operator(world.fleet).change(push.number, "resume", "me", "", world.now_ns)
        world.wait(1)
    assert state_of(push) is PushState.RUNNING


def test_a_push_whose_every_agent_is_excused_is_out(world: World) -> None:
    (only,) = fleet_of(world, 1)
    push = world.push(stages=parse_stages("1"))
    only.report()
    only.says(Progress.FAILED, push.config_hash, "unknown exporter")
    world.wait(1)
    Operator(world.fleet).change(push.number, "resume", "me", "", world.now_ns)
    world.wait(2)
    assert state_of(push) is PushState.DONE


def test_while_it_is_on_its_way_the_others_keep_what_they_had(world: World) -> None:
    speakers = fleet_of(world)
    good = world.push(body="good: 1")
    apply_all(speakers, good)
    push = world.push(body="new: 1", stages=parse_stages("1"))
    apply_all(speakers, push)
    assigned = [speaker.agent.assigned for speaker in speakers]
    assert assigned.count(push.number) == 1
    assert assigned.count(good.number) == AGENTS - 1
    newcomer = Speaker(world, "newcomer")
    assert newcomer.full().remote_config.config_hash == good.config_hash


def test_who_is_away_or_cannot_is_no_canary(world: World) -> None:
    away = Speaker(world, "away")
    away.full()
    world.fleet.lost(away.link, world.now_ns)
    Speaker(world, "cannot", capabilities=USUAL & ~AgentCapability.ACCEPTS_REMOTE_CONFIG).full()
    push = world.push(stages=parse_stages("1"))
    assert not push.released
    present = Speaker(world, "present")
    present.full()
    world.wait(1)
    assert set(push.released) == {present.uid}


def test_a_push_for_the_same_agents_takes_the_place_of_one_on_its_way(world: World) -> None:
    speakers = fleet_of(world)
    good = world.push(body="good: 1")
    apply_all(speakers, good)
    half = world.push(body="half: 1", stages=parse_stages("1"))
    apply_all(speakers, half)
    newest = world.push(body="newest: 1")
    assert state_of(half) is PushState.ROLLED_BACK
    assert half.note == f"push {newest.number} took its place"
    assert len(apply_all(speakers, newest)) == AGENTS
    Operator(world.fleet).change(newest.number, "rollback", "me", "", world.now_ns)
    assert {speaker.agent.assigned for speaker in speakers} == {good.number}


def test_it_is_not_always_the_same_agent_that_goes_first(world: World) -> None:
    speakers = fleet_of(world)
    firsts = set()
    for number in range(8):
        push = world.push(body=f"v: {number}", stages=parse_stages("1"))
        firsts |= set(push.released)
    assert len(firsts) > 1
    assert firsts <= {speaker.uid for speaker in speakers}


def observed(world: World, push: Push) -> tuple[int, int]:
    """How many are applied, and how many of them observe it still."""
    agents = list(world.fleet.agents.values())
    counts = push_counts(push, agents, world.now_ns, PATIENCE)
    return counts["applied"], counts["observed"]


def test_what_is_applied_is_proven_when_it_was_well_for_as_long_as_the_push_asks(
    world: World,
) -> None:
    speakers = fleet_of(world, 2)
    push = world.push()
    assert observed(world, push) == (0, 0)
    apply_all(speakers, push)
    assert observed(world, push) == (2, 2)
    world.wait(20)
    speakers[0].report(health=ComponentHealth(healthy=False))
    speakers[0].report(health=ComponentHealth(healthy=True))
    assert observed(world, push) == (2, 2)
    world.wait(11)
    assert observed(world, push) == (2, 1), "the other one was not well all the time"
    world.wait(20)
    assert observed(world, push) == (2, 0)


def test_an_agent_that_says_what_is_good_is_believed(world: World) -> None:
    (speaker,) = fleet_of(world, 1)
    push = world.push()
    health = ComponentHealth(healthy=True)
    pair = health.attributes.add(key="otx.config.good_hash")
    pair.value.string_value = ""
    speaker.report(health=health)
    speaker.says(Progress.APPLIED, push.config_hash)
    world.wait(300)
    assert observed(world, push) == (1, 1), "its observation may be longer than the push's"
    pair.value.string_value = push.config_hash.hex()
    speaker.report(health=health)
    assert observed(world, push) == (1, 0)


def test_who_is_expected_back_after_a_restart_is_waited_for(world: World) -> None:
    (speaker,) = fleet_of(world, 1)
    push = world.push()
    apply_all([speaker], push)
    world.fleet.lost(speaker.link, world.now_ns)
    speaker.agent.expected_until_ns = world.now_ns + 60 * 1_000_000_000

    def places() -> tuple[int, int]:
        counts = push_counts(push, [speaker.agent], world.now_ns, PATIENCE)
        return counts["waiting"], counts["away"]

    assert places() == (1, 0)
    world.wait(61)
    assert places() == (0, 1)


def test_a_canary_that_a_full_disk_stopped_says_so_and_goes_on_when_there_is_room(
    world: World,
) -> None:
    speakers = fleet_of(world)
    push = world.push(stages=parse_stages("1"))
    (first,) = [one for one in speakers if one.report().HasField("remote_config")]
    first.says(Progress.FAILED, push.config_hash, "it cannot be stored: No space left on device")
    world.wait(1)
    assert state_of(push) is PushState.STOPPED
    assert push.note.endswith("it takes it up by itself when there is room")
    other = next(one for one in speakers if one is not first)
    found = why(other.agent, world.fleet.rollouts, world.now_ns, PATIENCE)
    assert found["fix"] == f"make room there; then `otx opamp push --resume {push.number}`"
    first.says(Progress.APPLIED, push.config_hash)
    Operator(world.fleet).change(push.number, "resume", "me", "", world.now_ns)
    assert first.uid in push.released
    assert push.is_judged_by(first.agent), "it is well now: nothing is to be excused"
