"""Pushes: which configuration is for which agents, in which order they get it.

A push assigns a configuration to a selector. Of several that match an agent the most specific one
holds (the one that speaks of the most labels), and of equally specific ones the newest. Nothing is
deleted by a push: taking it back (`rollback`) lets the one before it hold again.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from otx.errors import UsageError
from otx.opamp.server.agent import Agent
from otx.opamp.server.selector import Selector

_STAGE = re.compile(r"(\d+)(%?)")
_SHARE_AFTER_A_COUNT = 10


class PushState(StrEnum):
    """Where a push is."""

    RUNNING = "running"
    """Stage by stage; only agents of the stages so far have it."""
    PAUSED = "paused"
    """As running, and an operator asked it to wait."""
    STOPPED = "stopped"
    """As paused, because agents failed; `note` says why."""
    DONE = "done"
    """It holds for every agent that matches, also those that come later."""
    ROLLED_BACK = "rolled_back"
    """It holds for nobody any more."""
    FORGOTTEN = "forgotten"
    """As rolled back, and it is not listed: its number stays taken, as the audit log has it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How many agents a push reaches in a stage: a count, or a share of those that match."""

    count: int = 0
    percent: int = 0

    def size(self, matching: int) -> int:
        """How many of so many agents, at least one."""
        return self.count or max(1, math.ceil(matching * self.percent / 100))

    def __str__(self) -> str:
        return str(self.count) if self.count else f"{self.percent}%"


EVERYONE = Stage(percent=100)
EXCUSED = -1
"""In place of a stage: it has the push, and stopped it; who resumed it goes on in spite of that."""


def parse_stages(text: str) -> tuple[Stage, ...]:
    """The stages of `--canary`: `1`, `10%` or `1,5,25%`; everyone is always the last.

    After a single count comes a tenth of the agents: from one to all is a large step.

    Raises:
        UsageError: The text is none of these.
    """
    stages = [_stage(part.strip(), text) for part in text.split(",")]
    if len(stages) == 1 and stages[0].count:
        stages.append(Stage(percent=_SHARE_AFTER_A_COUNT))
    return (*(stage for stage in stages if stage != EVERYONE), EVERYONE)


def stages_text(stages: Iterable[Stage]) -> str:
    """The stages as they are stored; `read_stages` reads them."""
    return ",".join(map(str, stages))


def read_stages(text: str) -> tuple[Stage, ...]:
    """The stages of `stages_text`, none added."""
    return tuple(_stage(part, text) for part in text.split(","))


@dataclass(slots=True)
class Push:
    """One push.

    Attributes:
        stage: The index of the stage it is in.
        released: Uids that have it while it is not done, each with its stage, or `EXCUSED`.
        observe_ns: How long a stage must run well before the next one.
        patience_ns: How long a stage may take.
        note: Why it stopped.
    """

    number: int
    config_hash: bytes
    selector: Selector
    stages: tuple[Stage, ...] = (EVERYONE,)
    state: PushState = PushState.RUNNING
    stage: int = 0
    stage_since_ns: int = 0
    released: dict[bytes, int] = field(default_factory=dict)
    observe_ns: int = 30_000_000_000
    patience_ns: int = 600_000_000_000
    who: str = ""
    why: str = ""
    made_ns: int = 0
    note: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it will not move by itself or by `resume`."""
        return self.state is PushState.DONE or self.is_void

    @property
    def is_listed(self) -> bool:
        """Whether it stands in lists."""
        return self.state is not PushState.FORGOTTEN

    @property
    def is_void(self) -> bool:
        """Whether it holds for nobody, now and later."""
        return self.state in (PushState.ROLLED_BACK, PushState.FORGOTTEN)

    def is_judged_by(self, agent: Agent) -> bool:
        """Whether it goes on or stops by how an agent does with it."""
        return self.released.get(agent.uid, EXCUSED) != EXCUSED

    def holds_for(self, agent: Agent) -> bool:
        """Whether it reaches an agent now, leaving aside other pushes."""
        if self.is_void or not self.selector.matches(agent.labels):
            return False
        return self.state is PushState.DONE or agent.uid in self.released


def by_rank(pushes: Iterable[Push]) -> list[Push]:
    """Pushes that can hold for anybody, those that win first.

    What a newer one for the same selector has taken the place of is left out, or years of pushes
    would be looked through for each agent.
    """
    alive = [push for push in pushes if not push.is_void]
    alive.sort(key=lambda push: (push.selector.specificity, push.number), reverse=True)
    ranked: list[Push] = []
    replaced: set[str] = set()
    for push in alive:
        selector = str(push.selector)
        if selector not in replaced:
            ranked.append(push)
        if push.state is PushState.DONE:
            replaced.add(selector)
    return ranked


def holders(ranked: Iterable[Push], agent: Agent) -> Iterator[Push]:
    """The pushes that hold for an agent, the one it is assigned first."""
    return (push for push in ranked if push.holds_for(agent))


def _stage(part: str, text: str) -> Stage:
    match = _STAGE.fullmatch(part)
    number = int(match[1]) if match else 0
    is_share = bool(match and match[2])
    if number < 1 or (is_share and number > 100):
        raise UsageError(
            f"--canary takes a number of agents or a share, not {text!r}",
            hint="write it like 1, 10% or 1,10%,50%",
        )
    return Stage(percent=number) if is_share else Stage(count=number)
