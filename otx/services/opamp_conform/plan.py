"""Which rules are tested, over which transports, and what becomes of each."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from otx.errors import PeerError, UsageError
from otx.opamp.rules import Role, Rule, Transport, checklist
from otx.services.opamp_conform.checks import Check
from otx.services.opamp_conform.lines import Refused, Silence
from otx.services.opamp_conform.outcome import (
    Failed,
    NotApplicable,
    NotTestable,
    Passage,
    Result,
    Stopped,
    Verdict,
    pair,
)

P = TypeVar("P")
TRANSPORTS = ("ws", "http")
_VERDICTS = {
    Failed: Verdict.FAILED,
    NotTestable: Verdict.NOT_TESTABLE,
    NotApplicable: Verdict.NOT_APPLICABLE,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose.

    Attributes:
        only: Rules to test; none is all.
        longest_s: Checks whose rule takes longer are left out, with the reason.
    """

    transports: Sequence[str] = TRANSPORTS
    only: Sequence[int] = ()
    skip: Sequence[int] = ()
    longest_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Item:
    """One rule over one transport."""

    rule: Rule
    transport: str


@dataclass(slots=True)
class Attempt:
    """What a check leaves behind, also when it does not come to its end."""

    passages: list[Passage] = field(default_factory=list)


def items(role: Role, choice: Choice) -> list[Item]:
    """What is to be tested, in the order of the rules.

    Raises:
        UsageError: A number is no rule's.
    """
    everyone = {one.number: one for one in checklist()}
    rules = {number: one for number, one in everyone.items() if one.role in (role, Role.BOTH)}
    for number in (*choice.only, *choice.skip):
        if number not in everyone:
            raise UsageError(f"there is no rule {number}", hint="--list shows them")
    return [
        Item(one, transport)
        for one in rules.values()
        if (not choice.only or one.number in choice.only) and one.number not in choice.skip
        for transport in _transports(one, choice)
    ]


def _transports(rule: Rule, choice: Choice) -> list[str]:
    if rule.transport is Transport.BOTH:
        return list(choice.transports)
    return [one for one in choice.transports if one == rule.transport.value]


def results(
    wanted: Sequence[Item],
    checks: Mapping[int, Check[P]],
    reasons: Mapping[int, str],
    longest_s: float,
    run: Callable[[Check[P], str, Attempt], None],
) -> Iterator[Result]:
    """Each item's result, as it comes.

    Args:
        run: Runs a check over a transport; it closes what it opens.
    """
    for item in wanted:
        check = checks.get(item.rule.number)
        if check is None:
            reason = reasons[item.rule.number]
            yield Result(item.rule, item.transport, Verdict.NOT_TESTABLE, reason)
        elif check.seconds > longest_s:
            reason = f"takes {check.seconds:g} s (--longest {check.seconds:g}s)"
            yield Result(item.rule, item.transport, Verdict.NOT_TESTABLE, reason)
        else:
            yield _result(item, check, run)


def _result(item: Item, check: Check[P], run: Callable[[Check[P], str, Attempt], None]) -> Result:
    began = time.monotonic()
    attempt = Attempt()
    verdict, reason, shown = Verdict.PASSED, "", None
    try:
        run(check, item.transport, attempt)
    except Stopped as stopped:
        verdict, reason, shown = _VERDICTS[type(stopped)], stopped.reason, stopped.shown
    except Silence:
        verdict, reason = Verdict.FAILED, "no answer came in time"
    except Refused as refused:
        verdict, reason = Verdict.FAILED, f"the peer refused what it should take: {refused}"
    except PeerError as error:
        verdict, reason = Verdict.FAILED, error.message
    evidence = pair(attempt.passages, shown) if verdict is Verdict.FAILED else []
    seconds = time.monotonic() - began
    return Result(item.rule, item.transport, verdict, reason, evidence, seconds)
