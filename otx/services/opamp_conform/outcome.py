"""What came of a check, and the messages that show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.rules import Level, Rule

AnyMessage: TypeAlias = AgentToServer | ServerToAgent


class Verdict(Enum):
    """Of one rule over one transport."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TESTABLE = "not testable here"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Passage:
    """One message as it went over the wire.

    Attributes:
        way: Whether this program sent or received it.
        data: Its bytes, with a WebSocket message's header.
        message: What they decode to; None where they are no message.
        at_s: Monotonic seconds.
        note: What was said beside it: a status, a close code.
        is_probe: It is what the check is about, and no ordinary answer.
    """

    way: Literal["sent", "received"]
    data: bytes
    message: AnyMessage | None
    at_s: float
    note: str = ""
    is_probe: bool = False


class Stopped(Exception):
    """A check that did not come to its end; `reason` says why, `shown` is what shows it."""

    def __init__(self, reason: str, shown: Passage | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.shown = shown


class Failed(Stopped):
    """The peer breaks the rule."""


class NotTestable(Stopped):
    """Nobody can tell here; the reason names what it would take."""


class NotApplicable(Stopped):
    """The rule does not bind this peer: it does not state the capability."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of one rule over one transport.

    Attributes:
        transport: `ws` or `http`.
        evidence: The last message each way before it failed.
    """

    rule: Rule
    transport: str
    verdict: Verdict
    reason: str = ""
    evidence: Sequence[Passage] = ()
    seconds: float = 0.0


def pair(passages: Sequence[Passage], shown: Passage | None = None) -> list[Passage]:
    """One message sent and one received, in the order in which they went.

    The last each way; of those sent rather the last that the check is about, and of those received
    rather the one that is `shown`.
    """
    asked = [one for one in passages if one.way == "sent"]
    asked = [one for one in asked if one.is_probe] or asked
    heard = [one for one in passages if one.way == "received"]
    heard = [shown] if shown is not None else heard
    return sorted([*asked[-1:], *heard[-1:]], key=lambda one: one.at_s)


def has_broken(results: Sequence[Result], strict: bool) -> bool:
    """Whether a MUST failed; with `strict` also a SHOULD."""
    counted = {Level.MUST, Level.SHOULD} if strict else {Level.MUST}
    return any(one.verdict is Verdict.FAILED and one.rule.level in counted for one in results)
