"""What operators have the fleet do about agents, pushes and settings that are over."""

import pytest

from otx.errors import NotThere, UsageError
from otx.opamp.server.agent import Progress
from otx.opamp.server.configuration import config_map
from otx.opamp.server.operator import Operator
from otx.opamp.server.pushes import PushState
from otx.opamp.server.rollouts import Wish
from otx.opamp.server.selector import parse_selector
from otx.opamp.server.settings import Settings, SettingsState
from otx.opamp.server.settings_wish import read_settings
from otx.opamp.server.undo import Undo
from otx.opamp.signing import TRUST_LABEL, key_name, new_private_key, sign
from tests.opamp.server.world import Speaker, World

EVERYBODY = parse_selector("")


@pytest.fixture
def world() -> World:
    return World()


def test_only_who_is_gone_is_forgotten(world: World) -> None:
    here, away = Speaker(world, "here"), Speaker(world, "away")
    here.full()
    away.full()
    world.fleet.lost(away.link, world.now_ns)
    uid = away.agent.uid
    undo = Undo(world.fleet)
    done = Operator(world.fleet).forget(EVERYBODY, "me", "", world.now_ns)
    assert len(done["forgotten"]) == 1
    assert done["there"] == [here.agent.text]
    assert uid not in world.fleet.agents
    undo()
    assert uid in world.fleet.agents
    with pytest.raises(NotThere):
        Operator(world.fleet).forget(parse_selector("a=b"), "me", "", world.now_ns)


def test_a_push_that_was_taken_back_can_be_forgotten_and_keeps_its_number(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    push = world.push()
    operator = Operator(world.fleet)
    with pytest.raises(UsageError, match="nothing to forget"):
        operator.change(push.number, "forget", "me", "", world.now_ns)
    operator.change(push.number, "rollback", "me", "", world.now_ns)
    operator.change(push.number, "forget", "me", "", world.now_ns)
    assert push.state is PushState.FORGOTTEN
    assert not push.is_listed
    assert speaker.agent.assigned is None
    assert world.push(body="b: 2").number == push.number + 1


def test_settings_are_retired_when_nobody_is_left_for_them(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    offers, _ = read_settings({"opamp": {}}, "ws://h/v1/opamp", str)
    one = world.fleet.settings.begin(EVERYBODY, offers, b"digest", "me", "", world.now_ns)
    retired: list[Settings] = []
    world.fleet.on_retired = retired.append
    operator = Operator(world.fleet)
    with pytest.raises(UsageError, match="agents that are known"):
        operator.retire_settings(one.number, "me", world.now_ns)
    world.fleet.lost(speaker.link, world.now_ns)
    operator.forget(EVERYBODY, "me", "", world.now_ns)
    operator.retire_settings(one.number, "me", world.now_ns)
    assert one.state is SettingsState.RETIRED
    assert retired == [one]
    with pytest.raises(NotThere):
        operator.retire_settings(9, "me", world.now_ns)


def test_a_plan_names_who_will_not_take_what_is_not_signed(world: World) -> None:
    key, other = new_private_key(), new_private_key()
    speaker = Speaker(world)
    description = speaker.description()
    pair = description.non_identifying_attributes.add(key=TRUST_LABEL)
    pair.value.string_value = f"{key_name(key)} 0011223344556677"
    speaker.full()
    speaker.report(agent_description=description)
    objects = config_map({"": (b"a: 1", "text/yaml")})
    wish = Wish(objects=objects, name="c", selector=EVERYBODY)
    operator = Operator(world.fleet)

    (refusing,) = operator.plan(wish, world.now_ns)["will_refuse"]
    assert "this is not signed" in refusing["reason"]
    sign(objects, [other])
    plan = operator.plan(wish, world.now_ns)
    assert plan["signed_by"] == [key_name(other)]
    assert f"this is signed by {key_name(other)}" in plan["will_refuse"][0]["reason"]
    sign(objects, [key])
    assert operator.plan(wish, world.now_ns)["will_refuse"] == []
    assert speaker.agent.config.progress is Progress.UNSET
