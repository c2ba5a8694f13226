"""What a tap has seen from its beginning to its end: counts, latencies, and each agent's hashes."""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from otx.model.cells import printable
from otx.model.units import counted, format_clock, format_duration, format_size, format_time
from otx.opamp.document import enum_word
from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import AgentToServer, RemoteConfigStatus, ServerToAgent
from otx.opamp.protocol import Side
from otx.opamp.rules import rule
from otx.opamp.story_parts import description_of, hash_text
from otx.output import Painter
from otx.services.opamp_tap.events import LONGEST_UID, Event, Kind

AGENTS = 10_000
STEPS = 64
"""Steps of an agent's hashes that are kept, the newest ones."""
SHOWN = 40
"""Agents of a summary for people."""
LATENCIES = 100_000
_STATUS = RemoteConfigStatus.DESCRIPTOR.fields_by_name["status"]


@dataclass(frozen=True, slots=True)
class Step:
    """What was said of a configuration's hash: `offered`, or a status."""

    at_ns: int
    word: str
    hashed: bytes


@dataclass(slots=True)
class Agent:
    """What was seen of one agent."""

    name: str = ""
    reports: int = 0
    answers: int = 0
    steps: deque[Step] = field(default_factory=lambda: deque(maxlen=STEPS))

    def step(self, at_ns: int, word: str, hashed: bytes) -> None:
        """Keep a step that is not the last one again."""
        last = self.steps[-1] if self.steps else None
        if last is None or (last.word, last.hashed) != (word, hashed):
            self.steps.append(Step(at_ns, word, hashed[:LONGEST_UID]))


class Summary:
    """Counts what is told."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.broken: Counter[tuple[int, Side]] = Counter()
        self.latencies_ns: deque[int] = deque(maxlen=LATENCIES)
        self.agents: OrderedDict[bytes, Agent] = OrderedDict()

    def count(self, event: Event) -> None:
        """One more event."""
        for one in event.broken:
            self.broken[one.rule.number, one.side] += 1
        if event.kind is Kind.FAULT:
            self.faults[event.phrases[0].partition(":")[0]] += 1
        elif event.kind is Kind.MESSAGE:
            self._message(event)
        else:
            self.counts[event.kind.value] += 1

    def _message(self, event: Event) -> None:
        is_report = event.side is Side.CLIENT
        self.counts["reports" if is_report else "answers"] += 1
        self.counts["bytes"] += len(event.data or b"")
        if event.message is None:
            self.counts["undecoded"] += 1
        if event.latency_ns is not None:
            self.latencies_ns.append(event.latency_ns)
        if not event.uid:
            return
        agent = self._agent(event.uid)
        if isinstance(event.message, AgentToServer):
            agent.reports += 1
            _reported(agent, event.message, event.at_ns)
        elif isinstance(event.message, ServerToAgent):
            agent.answers += 1
            if event.message.HasField("remote_config"):
                agent.step(event.at_ns, "offered", event.message.remote_config.config_hash)

    def _agent(self, uid: bytes) -> Agent:
        agent = self.agents.setdefault(uid[:LONGEST_UID], Agent())
        self.agents.move_to_end(uid[:LONGEST_UID])
        if len(self.agents) > AGENTS:
            self.agents.popitem(last=False)
        return agent

    def document(self) -> dict[str, Any]:
        """The summary as JSON."""
        return {
            "kind": "summary",
            **{name: self.counts[name] for name in _COUNTED},
            "latency_ms": {
                name: None if value is None else value / 1e6
                for name, value in self._quantiles().items()
            },
            "faults": dict(self.faults),
            "broken_rules": [
                {
                    "number": number,
                    "side": side.value,
                    "count": count,
                    "rule": rule(number).sentence,
                }
                for (number, side), count in sorted(self.broken.items(), key=lambda one: one[0][0])
            ],
            "agents": [_agent_document(uid, one) for uid, one in self.agents.items()],
        }

    def lines(self, painter: Painter) -> Iterator[str]:
        """The summary for people."""
        counts = self.counts
        yield (
            f"{counted(counts['reports'], 'report')}, {counted(counts['answers'], 'answer')} of "
            f"{counted(len(self.agents), 'agent')}, {format_size(counts['bytes'])}; "
            f"{counted(counts['open'], 'WebSocket')} opened, {counts['refused']} refused"
        )
        if counts["undecoded"]:
            yield painter.paint(f"{counted(counts['undecoded'], 'message')} not decoded", "-")
        quantiles = self._quantiles()
        if quantiles["p50"] is not None:
            shown = ", ".join(f"{k} {format_duration(v)}" for k, v in quantiles.items() if v)
            yield f"answers took {shown}"
        if self.faults:
            yield "faults: " + ", ".join(f"{k} {v}" for k, v in sorted(self.faults.items()))
        for (number, side), count in sorted(self.broken.items(), key=lambda one: one[0][0]):
            one = rule(number)
            who = "agent" if side is Side.CLIENT else "server"
            text = f"{who} broke {one.level.value} {number} {counted(count, 'time')}: "
            yield painter.paint(text, "-") + one.sentence
        for uid, agent in list(self.agents.items())[:SHOWN]:
            yield from _agent_lines(uid, agent, painter)
        if len(self.agents) > SHOWN:
            yield f"and {counted(len(self.agents) - SHOWN, 'agent')} more; --format json has all"

    def _quantiles(self) -> dict[str, int | None]:
        values = sorted(self.latencies_ns)
        if not values:
            return {"p50": None, "p99": None, "max": None}
        last = len(values) - 1
        return {"p50": values[last // 2], "p99": values[last * 99 // 100], "max": values[last]}


_COUNTED = ("reports", "answers", "bytes", "undecoded", "open", "refused", "close")


def _reported(agent: Agent, report: AgentToServer, at_ns: int) -> None:
    if report.HasField("agent_description"):
        agent.name = description_of(report.agent_description).get("service.name", "")
    if report.HasField("remote_config_status"):
        status = report.remote_config_status
        if status.last_remote_config_hash:
            word = str(enum_word(_STATUS, status.status))
            agent.step(at_ns, word, status.last_remote_config_hash)


def _agent_document(uid: bytes, agent: Agent) -> dict[str, Any]:
    return {
        "uid": uid_text(uid),
        "name": agent.name,
        "reports": agent.reports,
        "answers": agent.answers,
        "hashes": [
            {"time": format_time(one.at_ns), "what": one.word, "hash": one.hashed.hex()}
            for one in agent.steps
        ],
    }


def _agent_lines(uid: bytes, agent: Agent, painter: Painter) -> Iterator[str]:
    name = printable(agent.name)
    many = f"{counted(agent.reports, 'report')}, {counted(agent.answers, 'answer')}"
    yield f"{painter.strong(uid_text(uid))} {name}: {many}"
    hashed, line, began_ns = None, "", 0
    for step in agent.steps:
        if step.hashed != hashed:
            if line:
                yield line
            hashed, began_ns = step.hashed, step.at_ns
            line = f"  {hash_text(hashed)} {step.word} {format_clock(step.at_ns)}"
        else:
            line += f", {step.word} +{format_duration(step.at_ns - began_ns)}"
    if line:
        yield line
