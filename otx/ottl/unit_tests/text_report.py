"""Results for people: a line a test, and under one that failed what differs and why."""

from collections.abc import Iterator, Sequence

from otx.model.cells import printable
from otx.ottl.rendering import effect_lines, part_text
from otx.ottl.unit_tests.comparing import Problem, name_of
from otx.ottl.unit_tests.coverage import Covered, totals
from otx.ottl.unit_tests.findings import FileUnusable
from otx.ottl.unit_tests.reasons import Reason
from otx.ottl.unit_tests.results import FileResult, TestResult
from otx.ottl.unit_tests.wording import expected_and_got, sentence
from otx.output import Painter

_MOST = 20
"""Differences that are shown of one record."""
_TEXT_WIDTH = 100
"""Of a statement in the table of coverage, whose place says the rest."""


def file_lines(result: FileResult, painter: Painter) -> Iterator[str]:
    """The results of one file."""
    yield painter.strong(printable(result.name))
    if result.error is not None:
        yield from _error(result, painter)
    for one in result.tests:
        yield from test_lines(result, one, painter)
    for text in result.remarks:
        yield f"  {printable(text)}"


def summary_line(results: Sequence[FileResult], painter: Painter) -> str:
    """How many passed, failed and could not be run."""
    tests = [one for result in results for one in result.tests]
    passed = sum(one.passed for one in tests)
    unusable = sum(result.error is not None for result in results)
    updated = sum(len(result.updated) for result in results)
    parts = [f"{passed} passed"]
    if len(tests) > passed:
        parts.append(f"{len(tests) - passed} failed")
    if updated:
        parts.append(f"{updated} updated")
    if unusable:
        parts.append(f"{unusable} {'file' if unusable == 1 else 'files'} unusable")
    is_good = not unusable and len(tests) == passed
    return painter.paint(", ".join(parts), "+" if is_good else "-")


def coverage_lines(covered: Sequence[Covered], painter: Painter) -> Iterator[str]:
    """How often each statement and condition was reached, and what no test reaches."""
    reached, there = totals(covered)
    yield painter.strong(f"coverage: {reached} of {there} reached")
    places = [printable(f"{one.file}:{one.line}:{one.column}") for one in covered]
    counts = [_counts(one) for one in covered]
    width = max(map(len, places), default=0)
    counted = max(map(len, counts), default=0)
    for one, place, count in zip(covered, places, counts, strict=True):
        text = _cut(printable(" ".join(one.text.split())))
        line = f"  {place.ljust(width)}  {count.ljust(counted)}  {text}"
        yield painter.paint(line, "~") if one.missing else line
        for side in one.missing:
            yield painter.paint(f"  {' ' * width}  {_unreached(one, side)}", "~")


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_WIDTH else text[: _TEXT_WIDTH - 1] + "…"


def _counts(covered: Covered) -> str:
    if covered.kind == "condition":
        text = f"true {covered.held}, false {covered.refused}"
    elif covered.has_condition:
        text = f"ran {covered.held}, not matched {covered.refused}"
    else:
        text = f"ran {covered.held}"
    return text + (f", failed {covered.failed}" if covered.failed else "")


def _unreached(covered: Covered, side: str) -> str:
    if side == "ran":
        return "no test runs it"
    what = "it" if covered.kind == "condition" else "its where"
    return f"no test makes {what} {side}"


def _error(result: FileResult, painter: Painter) -> Iterator[str]:
    assert result.error is not None  # noqa: S101 - the caller has looked
    if isinstance(result.error, FileUnusable):
        for finding in result.error.findings:
            for number, line in enumerate(map(printable, finding.text().splitlines())):
                yield f"  {painter.paint(line, '-') if number == 0 else line}"
        return
    yield f"  {painter.paint(printable(result.error.message), '-')}"
    if result.error.hint:
        yield f"  hint: {printable(result.error.hint)}"


def test_lines(file: FileResult, result: TestResult, painter: Painter) -> Iterator[str]:
    """One test: a line, and what is wrong where it failed."""
    name = printable(result.test.name)
    if result.passed:
        yield f"  {painter.paint('✓', '+')} {name}"
        return
    assert file.file is not None  # noqa: S101 - a test has a file
    place = file.file.place(result.test)
    where = painter.faint(f"  {printable(file.name)}:{place.line}")
    yield f"  {painter.paint('✗', '-')} {painter.strong(name)}{where}"
    about: dict[tuple[str, int | None], list[Problem]] = {}
    for problem in result.problems:
        about.setdefault((problem.record, problem.position), []).append(problem)
    last = {position: record for record, position in about}
    for (record, position), problems in about.items():
        yield from _record(record, problems, painter)
        if position is not None and last[position] == record:  # of copies behind the last
            yield from _reasons(result, position, painter)
    yield from _misrouted(result, painter)


def _reasons(result: TestResult, position: int, painter: Painter) -> Iterator[str]:
    for reason in result.reasons.get(position, ()):
        if reason.told.site.purpose != "route":
            yield from _reason(reason, painter)


def _misrouted(result: TestResult, painter: Painter) -> Iterator[str]:
    """The rows of the routing table for each record that went elsewhere."""
    for position, found in result.reasons.items():
        rows = [reason for reason in found if reason.told.site.purpose == "route"]
        if rows:
            yield f"      {printable(name_of(result.test, position))}"
        for reason in rows:
            yield from _reason(reason, painter)


def _record(record: str, problems: Sequence[Problem], painter: Painter) -> Iterator[str]:
    indent = "      "
    if record:
        yield f"{indent}{printable(record)}"
        indent += "  "
    for problem in problems[:_MOST]:
        yield indent + printable(sentence(problem))
        if problem.kind == "failed":
            yield f"{indent}  {painter.faint(printable(problem.place))}  {printable(problem.text)}"
        both = expected_and_got(problem)
        if both is not None:
            yield indent + painter.paint(f"  expected {printable(both[0])}", "+")
            yield indent + painter.paint(f"  got      {printable(both[1])}", "-")
    if len(problems) > _MOST:
        yield f"{indent}and {len(problems) - _MOST} more"


def _reason(reason: Reason, painter: Painter) -> Iterator[str]:
    site, step = reason.told.site, reason.told.step
    did: str = reason.did
    if did == "ran":
        did = "changed" if step.changed or step.added else "ran, changed nothing"
    elif did == "failed":
        did = f"failed: {step.reason}"
    where = f"{printable(reason.file)}:{reason.place.line}:{reason.place.column}"
    yield f"        {painter.faint(where)}  {printable(' '.join(site.text.split()))}"
    yield painter.paint(f"          {printable(did)}", "~")
    yield from effect_lines(step, painter, "            ")
    for part in step.parts:
        yield f"            {part_text(part)}"
