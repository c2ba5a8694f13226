"""Each thing that can stand between an agent and its configuration is told in words."""

from collections.abc import Callable

import pytest

from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import AgentDisconnect, ComponentHealth
from otx.opamp.server.agent import Progress
from otx.opamp.server.documents import config_document
from otx.opamp.server.pushes import PushState, parse_stages
from otx.opamp.server.refusals import Refusals
from otx.opamp.server.why import why
from tests.opamp.server.world import SECOND, USUAL, Speaker, World


def gone(world: World, speaker: Speaker) -> None:
    world.fleet.lost(speaker.link, world.now_ns)


def said_goodbye(world: World, speaker: Speaker) -> None:
    speaker.report(agent_disconnect=AgentDisconnect())


def stale(world: World, speaker: Speaker) -> None:
    speaker.agent.interval_s = 10
    world.wait(60)


def state_unknown(world: World, speaker: Speaker) -> None:
    speaker.number += 1
    speaker.report()


def does_not_accept(world: World, speaker: Speaker) -> None:
    speaker.report(capabilities=USUAL & ~AgentCapability.ACCEPTS_REMOTE_CONFIG)


def not_assigned(world: World, speaker: Speaker) -> None:
    Speaker(world, "other", env="test").full()
    world.push("env=test")


def more_specific(world: World, speaker: Speaker) -> None:
    push = world.push("env=prod")
    speaker.says(Progress.APPLIED, push.config_hash)
    world.push("", body="new: 1")


def waits_for_its_stage(world: World, speaker: Speaker) -> None:
    for number in range(10):
        Speaker(world, f"other{number}").full()
    push = world.push("", stages=parse_stages("1,2"))
    push.released.pop(speaker.uid, None)
    world.fleet.reassign_all()


def not_answered(world: World, speaker: Speaker) -> None:
    world.push()
    speaker.report()


def has_a_foreign_one(world: World, speaker: Speaker) -> None:
    world.push()
    speaker.says(Progress.APPLIED, b"\xab" * 32)


def applying(world: World, speaker: Speaker) -> None:
    push = world.push()
    speaker.says(Progress.APPLYING, push.config_hash)


def failed(world: World, speaker: Speaker) -> None:
    push = world.push()
    speaker.says(Progress.FAILED, push.config_hash, "unknown receiver foo")


def went_back(world: World, speaker: Speaker) -> None:
    good = world.push()
    speaker.says(Progress.APPLIED, good.config_hash)
    bad = world.push(body="bad: 1")
    speaker.says(Progress.FAILED, bad.config_hash, "unknown receiver foo")
    speaker.says(Progress.APPLIED, good.config_hash)


def unhealthy(world: World, speaker: Speaker) -> None:
    applied(world, speaker)
    speaker.report(health=ComponentHealth(healthy=False, last_error="queue is full"))


def restarts(world: World, speaker: Speaker) -> None:
    applied(world, speaker)
    for seconds in range(4):
        start_ns = world.now_ns - seconds * SECOND
        speaker.report(health=ComponentHealth(healthy=True, start_time_unix_nano=start_ns))


def applied(world: World, speaker: Speaker) -> None:
    push = world.push()
    speaker.says(Progress.APPLIED, push.config_hash)


@pytest.mark.parametrize(
    ("what", "blocked_at", "words"),
    [
        (gone, "connection", "it is gone"),
        (said_goodbye, "connection", "goodbye"),
        (stale, "connection", "has said nothing for"),
        (state_unknown, "state", "asked 1 times"),
        (does_not_accept, "capability", "AcceptsRemoteConfig is not set"),
        (not_assigned, "assignment", "no push is for it"),
        (more_specific, "assignment", "more specific"),
        (waits_for_its_stage, "assignment", "has not reached it"),
        (not_answered, "status", "has not answered"),
        (has_a_foreign_one, "status", "another server"),
        (applying, "status", "has been applying it"),
        (failed, "status", "it reported FAILED for config.yaml v1 (f584bcd5) 0 ns ago: unk"),
        (went_back, "status", ", and runs config.yaml v1 (f584bcd5): unknown receiver foo"),
        (unhealthy, "health", "queue is full"),
        (restarts, "restarts", "started 4 times"),
        (applied, None, "runs what it is assigned"),
    ],
)
def test_what_stands_in_the_way(
    what: Callable[[World, Speaker], None], blocked_at: str | None, words: str
) -> None:
    world = World()
    speaker = Speaker(world, env="prod")
    speaker.full()
    what(world, speaker)
    found = why(speaker.agent, world.fleet.rollouts, world.now_ns, world.fleet.patience)
    assert found["blocked_at"] == blocked_at
    assert words in found["verdict"]
    assert found["is_up_to_date"] == (blocked_at is None)
    assert bool(found["fix"]) == (blocked_at is not None)


def test_an_agent_that_is_not_let_in_is_told_from_one_that_is_down() -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    gone(world, speaker)
    refusals = Refusals()
    world.wait(5)
    refusals.note(world.now_ns, "10.9.9.9:1", "", "401: it has no token (agent)")
    refusals.note(world.now_ns, "10.0.0.1:999", "", "401: its token is not valid for agents")
    found = why(speaker.agent, world.fleet.rollouts, world.now_ns, world.fleet.patience, refusals)
    assert found["blocked_at"] == "auth"
    assert "1 requests from its address 10.0.0.1 were turned away" in found["verdict"]
    assert "token" in found["fix"]


def test_starts_that_were_asked_for_are_no_loop() -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    for number in range(6):
        world.wait(5)
        push = world.push(body=f"a: {number}")
        speaker.says(Progress.APPLYING, push.config_hash)
        world.wait(1)
        started = ComponentHealth(healthy=True, start_time_unix_nano=world.now_ns)
        speaker.report(health=started)
        speaker.says(Progress.APPLIED, push.config_hash)
    found = why(speaker.agent, world.fleet.rollouts, world.now_ns, world.fleet.patience)
    assert found["is_up_to_date"]
    for _ in range(4):
        world.wait(5)
        crashed = ComponentHealth(healthy=True, start_time_unix_nano=world.now_ns)
        speaker.report(health=crashed)
    found = why(speaker.agent, world.fleet.rollouts, world.now_ns, world.fleet.patience)
    assert found["blocked_at"] == "restarts"


def test_a_push_that_stopped_is_not_advised_to_go_on() -> None:
    world = World()
    speakers = {f"agent{number}": Speaker(world, f"agent{number}") for number in range(3)}
    for speaker in speakers.values():
        speaker.full()
    push = world.push(stages=parse_stages("1"))
    (uid,) = push.released
    first = next(one for one in speakers.values() if one.uid == uid)
    first.says(Progress.FAILED, push.config_hash, "no")
    world.wait(1)
    other = next(one for one in speakers.values() if one.uid != uid)
    found = why(other.agent, world.fleet.rollouts, world.now_ns, world.fleet.patience)
    assert found["fix"].startswith("mend the configuration")
    assert "`otx opamp rollback 1`" in found["fix"]


def test_an_agent_that_polls_has_no_open_connection() -> None:
    world = World()
    speaker = Speaker(world, link=world.poll_link())
    speaker.full()
    world.wait(120)
    found = why(speaker.agent, world.fleet.rollouts, world.now_ns, world.fleet.patience)
    assert found["blocked_at"] == "connection"
    assert "open" not in found["verdict"]
    assert "due every 30 s" in found["verdict"]


@pytest.mark.parametrize(
    ("running", "words"), [("", "its local configuration"), ("good", "config.yaml v1")]
)
def test_what_an_agent_runs_after_a_failure_is_what_it_says(running: str, words: str) -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    good = world.push()
    speaker.says(Progress.APPLIED, good.config_hash)
    bad = world.push(body="bad: 1")
    health = ComponentHealth(healthy=True, start_time_unix_nano=5)
    pair = health.attributes.add(key="otx.config.running_hash")
    pair.value.string_value = good.config_hash.hex() if running else ""
    speaker.says(Progress.FAILED, bad.config_hash, "crashed")
    speaker.report(health=health)
    rollouts = world.fleet.rollouts
    found = why(speaker.agent, rollouts, world.now_ns, world.fleet.patience)
    assert f", and runs {words}" in found["verdict"]
    runs = config_document(speaker.agent, rollouts)["running"]
    assert runs == (good.config_hash.hex() if running else "local")


def test_a_configuration_that_was_not_made_here_is_named() -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    speaker.says(Progress.APPLIED, b"\xdc\x6e" * 16)
    rollouts = world.fleet.rollouts
    runs = "it runs a configuration this server does not know: dc6edc6e"

    def steps() -> dict[str, str]:
        found = why(speaker.agent, rollouts, world.now_ns, world.fleet.patience)
        return {step["name"]: step["says"] for step in found["steps"]}

    assert steps()["status"].startswith(runs)
    assert world.journal.said("unknown") == [f"{runs}; no push here is for it"]
    world.push()
    assert "push 1, which holds here, will replace it" in steps()["status"]
    world.wait(1)
    speaker.says(Progress.APPLIED, b"\xdc\x6e" * 16)
    assert len(world.journal.said("unknown")) == 1, "it was told"
    for number in range(20):
        speaker.says(Progress.APPLIED, bytes([number]) * 32)
    assert len(world.journal.said("unknown")) == 8, "an agent could make them up"
    assert "push 1, which holds here, will replace it" in world.journal.said("unknown")[-1]


def test_an_agent_that_takes_only_what_is_signed_is_told_how() -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    description = speaker.description()
    description.non_identifying_attributes.add(
        key="otx.config.trusted_keys"
    ).value.string_value = "00112233"
    speaker.report(agent_description=description)
    push = world.push()
    speaker.says(Progress.FAILED, push.config_hash, "refused: it is not signed")
    found = why(speaker.agent, world.fleet.rollouts, world.now_ns, world.fleet.patience)
    assert found["blocked_at"] == "status"
    assert found["fix"].startswith("sign it with key 00112233 ")


def test_what_an_agent_was_given_after_a_failure_is_not_what_it_went_back_to() -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    good = world.push(body="good: 1")
    speaker.says(Progress.APPLIED, good.config_hash)
    bad = world.push("service.name=agent", body="bad: 1")
    speaker.says(Progress.FAILED, bad.config_hash, "exit code 4")
    world.wait(5)
    later = world.push("service.name=agent", body="later: 1")
    speaker.says(Progress.APPLIED, later.config_hash)
    world.wait(5)
    rollouts = world.fleet.rollouts
    rollouts.change(later, PushState.ROLLED_BACK, "me", "", world.now_ns)
    speaker.agent.assigned = bad.number
    found = why(speaker.agent, rollouts, world.now_ns, world.fleet.patience)
    labels = {one.hash: one.label for one in rollouts.configurations.values()}
    assert found["verdict"] == (
        f"it reported FAILED for {labels[bad.config_hash]} 10.0 s ago, and runs"
        f" {labels[later.config_hash]}, taken back since (push {later.number}): exit code 4"
    )
    assert f"`otx opamp rollback {bad.number}` lets what held before hold" in found["fix"]
    config = config_document(speaker.agent, rollouts)
    assert (config["standing"], config["status"], config["error"]) == ("failed", "applied", None)
    assert config["failure"]["reason"] == "exit code 4"
    assert config["taken_back"] == later.number


def test_what_an_agent_only_shows_is_not_called_a_report() -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    good = world.push()
    speaker.says(Progress.APPLIED, good.config_hash)
    bad = world.push(body="bad: 1")
    speaker.report()
    speaker.says(Progress.APPLYING, bad.config_hash)
    speaker.says(Progress.APPLIED, good.config_hash)
    found = why(speaker.agent, world.fleet.rollouts, world.now_ns, world.fleet.patience)
    assert found["verdict"].startswith("it did not keep config.yaml v2")
    assert "reported FAILED" not in found["verdict"]
    assert config_document(speaker.agent, world.fleet.rollouts)["standing"] == "rolled_back"


def test_a_full_disk_is_not_blamed_on_the_configuration() -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    push = world.push()
    speaker.says(Progress.FAILED, push.config_hash, "it cannot be stored: No space left on device")
    rollouts = world.fleet.rollouts
    found = why(speaker.agent, rollouts, world.now_ns, world.fleet.patience)
    assert found["fix"].startswith("make room on its machine: it takes it up by itself")
    speaker.says(Progress.APPLYING, push.config_hash)
    speaker.says(Progress.FAILED, push.config_hash, "exit code 4")
    found = why(speaker.agent, rollouts, world.now_ns, world.fleet.patience)
    assert "exit code 4" in found["verdict"]
    assert found["fix"].startswith("mend the configuration")
