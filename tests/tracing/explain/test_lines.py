"""What is said of a trace on one screen."""

from itertools import pairwise

from otx.model.telemetry import Span
from otx.output import Painter
from otx.tracing.assembly import assemble
from otx.tracing.explain.compose import Explanation, explain
from otx.tracing.explain.lines import SCREEN_ROWS, ExplanationText
from tests.tracing.calls import span

MINUTES_LATER_NS = 10**12


def explained(spans: list[Span]) -> Explanation:
    return explain(assemble(spans), MINUTES_LATER_NS)


def lines(spans: list[Span], why: bool = False) -> list[str]:
    return ExplanationText(explained(spans), Painter(wants_colour=False), 120, why=why).lines()


def many_failures() -> list[Span]:
    """A trace of which more can be said than a screen holds."""
    spans = [span("root", "", 0, 4_000, "SERVER", status="ERROR")]
    for number in range(40):
        begin = 100 * number
        name = f"step-{number}-of-a-request-with-a-long-name"
        spans += [
            span(name, "root", begin, begin + 90, status="ERROR"),
            span(f"{name}-a", name, begin + 1, begin + 40, "CLIENT", status="ERROR"),
            span(f"{name}-b", name, begin + 45, begin + 80, "CLIENT"),
            span(f"orphan-{number}", f"lost-{number}", begin, begin + 5),
        ]
    return spans


def test_it_is_one_screen_and_the_rest_is_counted() -> None:
    found = lines(many_failures())
    assert len(found) <= SCREEN_ROWS
    assert sum("more; --format json has all" in line for line in found) >= 2
    assert any("other spans" in line for line in found)


def test_all_sections_are_there_on_a_full_screen() -> None:
    found = lines(many_failures())
    titles = [after for before, after in pairwise(found) if not before]
    assert titles[0] == "how it failed"
    assert titles[-1] == "how far this can be trusted"


def test_with_the_rules_nothing_is_left_out_for_the_screen() -> None:
    assert len(lines(many_failures(), why=True)) > SCREEN_ROWS
