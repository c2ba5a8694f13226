"""What an agent runs is what its reports prove, and the pushes say whether it was taken back."""

import pytest

from otx.opamp.opamp_pb2 import ComponentHealth
from otx.opamp.server.agent import Failure, Progress
from otx.opamp.server.pushes import PushState
from otx.opamp.server.running import running_text, taken_back, was_given_since
from tests.opamp.server.world import Speaker, World


@pytest.mark.parametrize(
    ("progress", "running", "text"),
    [
        (Progress.APPLIED, None, "config.yaml v1 (f584bcd5)"),
        (Progress.FAILED, None, ""),
        (Progress.FAILED, "", "its local configuration"),
        (Progress.APPLIED, "ab" * 32, "abababab, which this server does not know"),
    ],
)
def test_only_what_reports_prove_is_said(
    progress: Progress, running: str | None, text: str
) -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    speaker.says(progress, world.push().config_hash)
    if running is not None:
        health = ComponentHealth(healthy=True)
        health.attributes.add(key="otx.config.running_hash").value.string_value = running
        speaker.report(health=health)
    assert running_text(speaker.agent, world.fleet.rollouts) == text


def test_what_another_push_still_gives_is_not_taken_back() -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    rollouts = world.fleet.rollouts
    first, second = world.push(), world.push("service.name=agent")
    speaker.says(Progress.APPLIED, first.config_hash)
    rollouts.change(second, PushState.ROLLED_BACK, "me", "", world.now_ns)
    assert taken_back(speaker.agent, rollouts) is None
    rollouts.change(first, PushState.ROLLED_BACK, "me", "", world.now_ns)
    assert taken_back(speaker.agent, rollouts) is second


def test_a_way_back_is_told_from_what_was_given_since() -> None:
    world = World()
    speaker = Speaker(world)
    speaker.full()
    push = world.push()
    speaker.says(Progress.APPLIED, push.config_hash)
    before, after = Failure("", world.now_ns - 1), Failure("", world.now_ns + 1)
    assert was_given_since(speaker.agent, before, world.fleet.rollouts)
    assert not was_given_since(speaker.agent, after, world.fleet.rollouts)
