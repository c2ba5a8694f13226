"""All pushes and configurations, what each agent is assigned, and staged ones on their way."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.opamp.server.agent import Agent, Patience
from otx.opamp.server.canary import Standing, Verdict, judge, next_ones, standing
from otx.opamp.server.configuration import Configuration, config_hash
from otx.opamp.server.journal import Entry, Journal
from otx.opamp.server.pushes import (
    EVERYONE,
    EXCUSED,
    Push,
    PushState,
    Stage,
    by_rank,
    holders,
    stages_text,
)
from otx.opamp.server.selector import Selector


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator wants pushed.

    Attributes:
        is_retry: Whether agents that refused just this content are to try it again.
    """

    objects: AgentConfigMap
    name: str
    selector: Selector
    stages: tuple[Stage, ...] = (EVERYONE,)
    observe_ns: int = 30_000_000_000
    patience_ns: int = 600_000_000_000
    who: str = ""
    why: str = ""
    is_retry: bool = False


class Rollouts:
    """Configurations and pushes, by hash and by number."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.configurations: dict[bytes, Configuration] = {}
        self.pushes: dict[int, Push] = {}
        self._ranked: list[Push] = []

    def __contains__(self, hash_: object) -> bool:
        """Whether a configuration of this hash was made here."""
        return hash_ in self.configurations

    def load(self, configurations: Iterable[Configuration], pushes: Iterable[Push]) -> None:
        """Take what was kept."""
        self.configurations = {one.hash: one for one in configurations}
        self.pushes = {push.number: push for push in pushes}
        self._rank()

    def assigned(self, agent: Agent) -> int | None:
        """The number of the push that holds for an agent."""
        push = next(holders(self._ranked, agent), None)
        return push.number if push is not None else None

    def holding(self, agent: Agent) -> list[Push]:
        """The pushes that hold for an agent, the assigned one first."""
        return list(holders(self._ranked, agent))

    def configure(self, wish: Wish, now_ns: int) -> Configuration:
        """The configuration of a wish: the one that is there, or a new version of its name."""
        attempt, known = 0, None
        hash_ = config_hash(wish.objects)
        while hash_ in self.configurations:
            known = self.configurations[hash_]
            attempt += 1
            hash_ = config_hash(wish.objects, attempt)
        if known is not None and not wish.is_retry:
            return known  # its last attempt: what agents run that it was tried again on
        version = 1 + sum(one.name == wish.name for one in self.configurations.values())
        return Configuration(
            hash=hash_,
            objects=wish.objects.SerializeToString(deterministic=True),
            name=wish.name,
            version=version,
            attempt=attempt,
            who=wish.who,
            why=wish.why,
            made_ns=now_ns,
        )

    def begin(self, wish: Wish, now_ns: int) -> Push:
        """Begin a push; the first stage reaches agents at the next tick."""
        configuration = self.configure(wish, now_ns)
        if configuration.hash not in self.configurations:
            self.configurations[configuration.hash] = configuration
            self._keep_configuration(configuration)
        is_staged = len(wish.stages) > 1
        push = Push(
            number=max(self.pushes, default=0) + 1,
            config_hash=configuration.hash,
            selector=wish.selector,
            stages=wish.stages,
            state=PushState.RUNNING if is_staged else PushState.DONE,
            stage_since_ns=now_ns,
            observe_ns=wish.observe_ns,
            patience_ns=wish.patience_ns,
            who=wish.who,
            why=wish.why,
            made_ns=now_ns,
        )
        for other in self.pushes.values():
            if not other.is_over and other.selector == push.selector:
                note = f"push {push.number} took its place"
                self.change(other, PushState.ROLLED_BACK, wish.who, note, now_ns)
        self.pushes[push.number] = push
        self._keep(push, {"config_hash": push.config_hash, "selector": str(push.selector)})
        self._rank()
        self.audit(push, wish.who, "push", configuration.label, now_ns)
        return push

    def change(self, push: Push, state: PushState, who: str, note: str, now_ns: int) -> None:
        """Pause, resume, stop or take back a push."""
        push.state = state
        push.note = note
        push.stage_since_ns = now_ns
        self._keep(push, {})
        self._rank()
        self.audit(push, who, _VERBS[state], note or self.label(push), now_ns)

    def excuse(
        self, push: Push, agents: Iterable[Agent], now_ns: int, patience: Patience
    ) -> list[Agent]:
        """Let a push go on in spite of the agents that do badly with it now; which these are."""
        bad = [
            agent
            for agent in agents
            if push.is_judged_by(agent) and standing(agent, push, now_ns, patience) is Standing.BAD
        ]
        for agent in bad:
            push.released[agent.uid] = EXCUSED
            self._journal.released(push.number, agent.uid, EXCUSED)
        return bad

    def label(self, push: Push) -> str:
        """What a push brings, for people."""
        configuration = self.configurations.get(push.config_hash)
        return configuration.label if configuration else push.config_hash.hex()

    def tick(self, agents: Collection[Agent], now_ns: int, patience: Patience) -> set[bytes]:
        """Move running pushes on; the uids whose assignment may have changed by it."""
        changed: set[bytes] = set()
        for push in self.pushes.values():
            if push.state is PushState.RUNNING:
                changed |= self._advance(push, agents, now_ns, patience)
        return changed

    def audit(self, push: Push, who: str, what: str, outcome: str, now_ns: int) -> None:
        """Write a line about a push."""
        whom = str(push.selector) or "all agents"
        self._journal.audit(Entry(now_ns, who, what, whom, outcome, push.number))

    def _advance(
        self, push: Push, agents: Collection[Agent], now_ns: int, patience: Patience
    ) -> set[bytes]:
        matching = [agent for agent in agents if push.selector.matches(agent.labels)]
        reached = [agent for agent in matching if push.is_judged_by(agent)]
        verdict = judge(push, reached, now_ns, patience)
        if not reached and all(agent.uid in push.released for agent in matching):
            verdict = Verdict(moves_on=bool(matching))  # all that it is for are excused
        if verdict.stops:
            self.change(push, PushState.STOPPED, "server", verdict.stops, now_ns)
            return set()
        if verdict.moves_on:
            push.stage += 1
            push.stage_since_ns = now_ns
            self._keep(push, {})
            self.audit(push, "server", "stage", self.stage_text(push), now_ns)
        if push.stages[min(push.stage, len(push.stages) - 1)] == EVERYONE:
            self.change(push, PushState.DONE, "server", "", now_ns)
            return {agent.uid for agent in matching}
        return self._release(push, matching, now_ns, patience)

    def _release(
        self, push: Push, matching: list[Agent], now_ns: int, patience: Patience
    ) -> set[bytes]:
        able = [agent for agent in matching if agent.can(AgentCapability.ACCEPTS_REMOTE_CONFIG)]
        eligible = [
            agent
            for agent in able
            if not agent.needs_full
            and agent.presence(now_ns, patience) == "connected"
            and push.config_hash not in agent.failures
        ]
        chosen = next_ones(push, eligible, len(able))
        for agent in chosen:
            push.released[agent.uid] = push.stage
            self._journal.released(push.number, agent.uid, push.stage)
        if chosen:
            push.stage_since_ns = now_ns
            self._keep(push, {})
        return {agent.uid for agent in chosen}

    def stage_text(self, push: Push) -> str:
        """Which stage a push is in, for people."""
        number = min(push.stage, len(push.stages) - 1)
        return f"stage {number + 1} of {len(push.stages)}: {push.stages[number]}"

    def _rank(self) -> None:
        self._ranked = by_rank(self.pushes.values())

    def _keep(self, push: Push, more: dict[str, "bytes | str | int | None"]) -> None:
        self._journal.push(
            push.number,
            {
                "stages": stages_text(push.stages),
                "state": push.state.value,
                "stage": push.stage,
                "stage_since": push.stage_since_ns,
                "observe": push.observe_ns,
                "patience": push.patience_ns,
                "who": push.who,
                "why": push.why,
                "made": push.made_ns,
                "note": push.note,
                **more,
            },
        )

    def _keep_configuration(self, one: Configuration) -> None:
        self._journal.configuration(
            one.hash,
            {
                "objects": one.objects,
                "name": one.name,
                "version": one.version,
                "attempt": one.attempt,
                "who": one.who,
                "why": one.why,
                "made": one.made_ns,
            },
        )


_VERBS = {
    PushState.RUNNING: "resume",
    PushState.PAUSED: "pause",
    PushState.STOPPED: "stop",
    PushState.DONE: "done",
    PushState.ROLLED_BACK: "rollback",
    PushState.FORGOTTEN: "forget",
}
