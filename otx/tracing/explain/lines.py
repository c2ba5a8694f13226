"""An explanation as text: one screen, what matters most first."""

from collections.abc import Container, Iterable, Iterator, Sequence

from otx.model.cells import printable, shorten
from otx.model.units import counted, format_duration
from otx.output import Painter
from otx.tracing.calls import operation_of
from otx.tracing.error_statements import ErrorHop
from otx.tracing.error_story import REASONS, ErrorCause
from otx.tracing.explain.compose import Explanation
from otx.tracing.explain.path_rows import MOST_ROWS, PathRow, PathTable
from otx.tracing.explain.verdict import verdict
from otx.tracing.finding import LONGEST_WORDS, Finding, sentence
from otx.tracing.path_time import TimeKind

MOST_EACH = 6
"""Statements of a section; the rest is counted, and in the JSON."""
SCREEN_ROWS = 36
"""What all of it takes at most, unless the rules are asked for."""
_DENSITIES = ((MOST_EACH, MOST_ROWS), (4, 10), (3, 8), (2, 6), (2, 4), (1, 4), (1, 2))
"""Statements of a section and rows of the path, from most to fewest."""
_KINDS: dict[TimeKind, str] = {
    "waiting": "waiting for an answer",
    "network": "network and queues",
    "unknown": "network or work, unknown",
}


class ExplanationText:
    """The lines of an explanation.

    With `why`, the rule and the evidence stand below each statement.
    """

    def __init__(
        self, explanation: Explanation, painter: Painter, width: int, *, why: bool = False
    ) -> None:
        self._of = explanation
        self._painter = painter
        self._width = width
        self._why = why
        self._hops = {hop.span: hop for hop in explanation.story.hops}
        # What may be a cause of its own has a number of its own.
        self._beginnings = frozenset(cause.hop.span for cause in explanation.story.causes)
        self._table = PathTable(explanation)
        self._most, self._most_rows = _DENSITIES[0]

    def lines(self) -> list[str]:
        """All lines: a screen of them, with as many statements as it holds."""
        head = list(self._head())
        for self._most, self._most_rows in _DENSITIES:
            lines = [*head, *self._sections()]
            if self._why or len(lines) <= SCREEN_ROWS:
                break
        return lines

    def _sections(self) -> Iterator[str]:
        sections = [
            ("how it failed" if self._of.has_failed else "what failed", self._errors()),
            ("where the time went: own time on the critical path", self._path()),
            ("what would help", self._statements(self._of.savings, most=2)),
            ("what is odd", self._statements(self._of.patterns)),
            ("beside others of its kind", self._statements(self._of.compared)),
            ("how far this can be trusted", self._trust()),
        ]
        for title, body in sections:
            rows = list(body)
            if rows:
                yield from ("", self._painter.strong(title), *rows)

    def _head(self) -> Iterator[str]:
        trace = self._of.trace
        services = {span.service for span in trace.spans}
        about = [
            shorten(self._of.root_name, LONGEST_WORDS),
            counted(len(trace.spans), "span"),
            counted(len(services), "service"),
        ]
        yield f"trace {trace.spans[0].trace_id}  {self._painter.faint(' · '.join(about))}"
        sign = "-" if self._of.has_failed else "+"
        yield self._painter.paint(self._painter.strong(verdict(self._of)), sign)

    def _errors(self) -> Iterator[str]:
        """Causes first, each with what it led to; then what was absorbed."""
        groups = self._of.story.groups
        told = set(self._beginnings)
        for place, group in enumerate(groups[: self._most]):
            cause = group.first
            yield from self._statement(cause.hop.because, f"{place + 1}.", len(group.causes))
            passed = self._passed_on(cause, told)
            told.update(hop.span for hop in passed)
            for one in group.causes:
                told.update(hop.span for hop in self._passed_on(one, told))
            if self._why or len(passed) <= 1:
                for hop in passed:
                    yield from self._statement(hop.because, "  →")
            else:
                names = " → ".join(self._name(number) for number in _ends(passed))
                text = f"passed on by {counted(len(passed), 'span')}: {names}"
                yield from _wrapped(printable(text), "    → ", self._width)
            if cause.reasons:
                because = "; ".join(REASONS[one] for one in cause.reasons)
                rows = _wrapped(f"speaking for it: {because}", "     ", self._width)
                yield from map(self._painter.faint, rows)
        yield from self._rest(len(groups))
        others = self._of.story.others(told)
        for alike in others[: self._most]:
            yield from self._statement(alike[0].because, "  ", len(alike))
        yield from self._rest(len(others))

    def _passed_on(self, cause: ErrorCause, told: Container[int]) -> list[ErrorHop]:
        """The hops above a cause up to its top, as far as they are not told."""
        parents, number = self._of.trace.parents, cause.hop.span
        found = []
        while number != cause.top and (number := parents[number]) not in told:
            found.append(self._hops[number])
        return found

    def _name(self, number: int) -> str:
        return operation_of(self._of.trace.spans[number]) if number >= 0 else "…"

    def _path(self) -> Iterator[str]:
        """The spans of the path that took most, with those above them, indented."""
        if not self._of.path.duration_ns:
            return
        rows = self._table.rows(self._most_rows)
        for row in rows.shown:
            times = f" × {row.spans}" if row.spans > 1 else ""
            name = printable(f"{'  ' * row.depth}{row.name}{times}{_kinds(row)}")
            yield shorten(f"  {self._figures(row.own_ns)}  {name}", self._width)
        if rows.other_ns:
            others = counted(rows.others, "other span")
            yield self._painter.faint(f"  {self._figures(rows.other_ns)}  {others}")

    def _figures(self, ns: int) -> str:
        return f"{format_duration(ns):>9} {100 * ns / self._of.path.duration_ns:3.0f} %"

    def _trust(self) -> Iterator[str]:
        yield from self._statements(self._of.lacks)
        yield from self._statements(self._of.clocks)

    def _statements(self, findings: Sequence[Finding], most: int = MOST_EACH) -> Iterator[str]:
        most = min(most, self._most)
        for finding in findings[:most]:
            yield from self._statement(finding, "-")
        yield from self._rest(len(findings), most)

    def _rest(self, count: int, most: int = MOST_EACH) -> Iterator[str]:
        most = min(most, self._most)
        if count > most:
            yield self._painter.faint(f"  and {count - most} more; --format json has all")

    def _statement(self, finding: Finding, mark: str, count: int = 1) -> Iterator[str]:
        text = sentence(finding) if count == 1 else f"{sentence(finding)} ({count} spans alike)"
        yield from _wrapped(printable(text), f"  {mark} ", self._width)
        if self._why:
            rule = finding.rule
            yield self._painter.faint(f"      {rule.id}: {rule.why} ({rule.source})")
            ids = [self._of.trace.spans[number].span_id for number in finding.spans]
            yield from map(self._painter.faint, _wrapped(" ".join(ids), "      ", self._width))


def _ends(hops: Sequence[ErrorHop]) -> list[int]:
    """The spans of the first two and the last hop of many, -1 for those between; all of few."""
    spans = [hop.span for hop in hops]
    return spans if len(spans) <= 4 else [*spans[:2], -1, spans[-1]]


def _kinds(row: PathRow) -> str:
    """What of a row's own time was no work of its own."""
    told = [
        _KINDS[kind] if ns == row.own_ns else f"{format_duration(ns)} {_KINDS[kind]}"
        for kind, ns in row.kinds.items()
        if kind in _KINDS
    ]
    return f"  ({', '.join(told)})" if told else ""


def _wrapped(text: str, begin: str, width: int) -> Iterable[str]:
    import textwrap  # 5 ms

    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=begin,
        subsequent_indent=" " * len(begin),
        break_on_hyphens=False,
    )
