"""Stages, and which push holds."""

import pytest

from otx.errors import UsageError
from otx.opamp.server.agent import Agent
from otx.opamp.server.pushes import (
    EVERYONE,
    Push,
    PushState,
    Stage,
    by_rank,
    holders,
    parse_stages,
    read_stages,
    stages_text,
)
from otx.opamp.server.selector import parse_selector


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("1", "1,10%,100%"),
        ("3", "3,10%,100%"),
        ("10%", "10%,100%"),
        ("1,25%", "1,25%,100%"),
        ("1, 5, 50%,100%", "1,5,50%,100%"),
        ("100%", "100%"),
    ],
)
def test_stages_are_read_and_end_with_everyone(text: str, stages: str) -> None:
    parsed = parse_stages(text)
    assert stages_text(parsed) == stages
    assert read_stages(stages) == parsed


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "-1", "a", "1,,2", "1.5", "10 %"])
def test_what_is_no_stage_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--canary"):
        parse_stages(text)


@pytest.mark.parametrize(
    ("stage", "size"), [(Stage(count=2), 2), (Stage(percent=10), 2), (EVERYONE, 15)]
)
def test_a_share_is_rounded_up(stage: Stage, size: int) -> None:
    assert stage.size(15) == size


def a_push(number: int, selector: str, state: PushState = PushState.DONE) -> Push:
    return Push(number, bytes([number]), parse_selector(selector), state=state)


def test_the_most_specific_push_holds_and_of_equals_the_newest() -> None:
    agent = Agent(b"x" * 16, 0, 0, labels={"env": "prod", "host": "a"})
    pushes = [
        a_push(1, "env=prod,host=a"),
        a_push(2, "env=prod"),
        a_push(3, "env=prod"),
        a_push(4, ""),
        a_push(5, "host=a", PushState.ROLLED_BACK),
        a_push(6, "host=b"),
        a_push(7, "host", PushState.RUNNING),
    ]
    assert [push.number for push in holders(by_rank(pushes), agent)] == [1, 3, 4]
    pushes[-1].released[agent.uid] = 0
    assert [push.number for push in holders(by_rank(pushes), agent)] == [1, 7, 3, 4]
    pushes[2].state = PushState.ROLLED_BACK
    assert [push.number for push in holders(by_rank(pushes), agent)] == [1, 7, 2, 4]


def test_a_push_on_its_way_does_not_take_the_place_of_the_one_before() -> None:
    pushes = [a_push(1, ""), a_push(2, ""), a_push(3, "", PushState.STOPPED)]
    assert [push.number for push in by_rank(pushes)] == [3, 2]
