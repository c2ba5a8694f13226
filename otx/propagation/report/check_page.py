"""The result of a check as text: a row a case, then what is wrong, worst first."""

from collections import Counter
from collections.abc import Iterable, Sequence

from otx.model.cells import printable
from otx.output import Painter
from otx.propagation.conformance.case import Pairs, Requirement
from otx.propagation.conformance.document import tally
from otx.propagation.conformance.exchange import Judgement, Verdict
from otx.propagation.conformance.participant import of_w3c

_SIGNS: dict[Verdict, str] = {"pass": "+", "fail": "-", "warn": "~", "unjudged": ""}
_REQUIREMENTS: tuple[Requirement, ...] = ("MUST", "SHOULD")
_WORST_FIRST: tuple[Verdict, ...] = ("fail", "warn")
_SHOWN_CHARACTERS = 300
"""Of one header in the text; JSON has all of it."""
_INDENT = "  "
_TITLE_WIDTH = len("received") + 2


def check_page(judgements: Sequence[Judgement], painter: Painter) -> list[str]:
    """The lines of the page."""
    lines = _table(judgements, painter)
    for verdict in _WORST_FIRST:
        for one in judgements:
            if one.verdict == verdict:
                lines += ["", *_details(one, painter)]
    lines += _excuses(judgements)
    return [*lines, "", *_summary(judgements, painter)]


def _table(judgements: Sequence[Judgement], painter: Painter) -> list[str]:
    width = max((len(one.exchange.case.id) for one in judgements), default=0)
    return [
        painter.paint(f"{one.verdict:<8}", _SIGNS[one.verdict])
        + f"  {one.exchange.case.requirement:<6}  {one.exchange.case.id:<{width}}  "
        + one.exchange.case.summary
        for one in judgements
    ]


def _details(judgement: Judgement, painter: Painter) -> list[str]:
    exchange = judgement.exchange
    case = exchange.case
    sign = _SIGNS[judgement.verdict]
    lines = [painter.paint(f"{judgement.verdict} {case.id}", sign) + f": {case.summary}"]
    lines += [f"{_INDENT}{one.requirement}  {printable(one.text)}" for one in judgement.findings]
    lines.append(f"{_INDENT}rule  {case.rule}")
    lines += _headers("sent", exchange.sent)
    # A service may have called more often than it was asked to.
    for call in exchange.calls[: case.calls]:
        lines += _headers("received", of_w3c(call))
    return lines + _headers("expected", judgement.expected)


def _headers(title: str, pairs: Pairs) -> list[str]:
    rows = [_row(name, value) for name, value in pairs] or ["nothing"]
    first = f"{_INDENT}{title:<{_TITLE_WIDTH}}"
    return [(first if number == 0 else " " * len(first)) + row for number, row in enumerate(rows)]


def _row(name: str, value: str) -> str:
    shown = value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…"
    # A tab of the value would be no printable character.
    return f"{printable(name)}: {printable(shown.replace(chr(9), '<tab>'))}"


def _excuses(judgements: Iterable[Judgement]) -> list[str]:
    """Why cases were not judged, each reason once."""
    unjudged = (one for one in judgements if one.verdict == "unjudged")
    reasons = Counter(one.exchange.excuse or _unseen(one) for one in unjudged)
    lines = [f"not judged: {count}, {reason}" for reason, count in reasons.items()]
    return ["", *lines] if lines else []


def _unseen(judgement: Judgement) -> str:
    what = {"state": "tracestate", "names": "the names of headers"}
    topic = judgement.exchange.case.topic
    return f"the response does not show {what.get(topic, topic)}"


def _summary(judgements: Sequence[Judgement], painter: Painter) -> list[str]:
    lines = []
    for requirement in _REQUIREMENTS:
        counts = tally(judgements, requirement)
        said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
        worst: Verdict = next((one for one in _WORST_FIRST if counts[one]), "pass")
        lines.append(painter.paint(f"{requirement:<6}  {said or 'none'}", _SIGNS[worst]))
    return lines
