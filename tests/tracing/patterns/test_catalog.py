"""All patterns together: nothing depends on what should not matter."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span
from otx.tracing.finding import sentence
from otx.tracing.patterns.catalog import PATTERN_RULES, find_patterns
from tests.tracing.graphs import traces
from tests.tracing.patterns.scenes import scene


@given(traces(most=20), st.randoms(use_true_random=False), st.integers(0, 10**18))
def test_statements_do_not_depend_on_the_epoch_or_the_order(
    spans: list[Span], random: Random, shift: int
) -> None:
    spans = [
        replace(
            one,
            status=random.choice(["UNSET", "ERROR"]),
            attributes={**one.attributes, "server.address": "x"},
        )
        for one in spans
    ]
    moved = [
        replace(
            one,
            start_unix_nano=one.start_unix_nano + shift,
            end_unix_nano=one.end_unix_nano + shift,
        )
        for one in spans
    ]
    random.shuffle(moved)
    found = find_patterns(scene(spans))
    assert found == find_patterns(scene(moved))
    for finding in found:
        assert finding.rule in PATTERN_RULES
        assert finding.weight_ns >= 0
        assert all(0 <= number < len(spans) for number in finding.spans)
        assert sentence(finding)
    copied = find_patterns(scene([*moved, random.choice(moved)]))
    assert [one for one in copied if one.rule.id != "duplicate"] == found
