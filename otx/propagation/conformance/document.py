"""The result of a check as JSON: stable keys in a stable order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from otx.propagation.conformance.case import Pairs, Requirement
from otx.propagation.conformance.exchange import Judgement, Verdict
from otx.propagation.model import Level

VERDICTS: tuple[Verdict, ...] = ("pass", "warn", "fail", "unjudged")


def tally(judgements: Sequence[Judgement], requirement: Requirement) -> Mapping[Verdict, int]:
    """How many cases of a requirement have which verdict, all verdicts in order."""
    counts = Counter(
        one.verdict for one in judgements if one.exchange.case.requirement == requirement
    )
    return {verdict: counts[verdict] for verdict in VERDICTS}


def check_document(
    judgements: Sequence[Judgement], url: str, mode: str, level: Level
) -> dict[str, Any]:
    """The document of a check.

    Args:
        judgements: All cases.
        url: The service.
        mode: `callback` or `response`.
        level: The level of W3C Trace Context.
    """
    return {
        "url": url,
        "mode": mode,
        "strict_level": level,
        "must": dict(tally(judgements, "MUST")),
        "should": dict(tally(judgements, "SHOULD")),
        "cases": [_case(one) for one in judgements],
    }


def _case(judgement: Judgement) -> dict[str, Any]:
    exchange = judgement.exchange
    case = exchange.case
    return {
        "id": case.id,
        "verdict": judgement.verdict,
        "requirement": case.requirement,
        "summary": case.summary,
        "rule": case.rule,
        "findings": [
            {"requirement": one.requirement, "message": one.text} for one in judgement.findings
        ],
        "excuse": exchange.excuse or None,
        "sent": _pairs(exchange.sent),
        "received": [_pairs(call) for call in exchange.calls],
        "expected": _pairs(judgement.expected),
    }


def _pairs(pairs: Pairs) -> list[list[str]]:
    return [list(pair) for pair in pairs]
