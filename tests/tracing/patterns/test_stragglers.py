"""A straggler is the last of equals, long after the others."""

from dataclasses import replace

from otx.tracing.patterns.stragglers import find_stragglers
from tests.tracing.calls import MS, span
from tests.tracing.patterns.scenes import told

ROOT = span("root", "", 0, 100, "SERVER")
SHARDS = [span(f"s{n}", "root", 0, 20 + n, "CLIENT", operation="shard") for n in range(4)]
SLOW = span("slow", "root", 0, 90, "CLIENT", operation="shard")


def test_the_slow_one_is_told_with_what_it_cost() -> None:
    assert told(find_stragglers, ROOT, *SHARDS, SLOW) == [
        "Of 5 equal calls of shop shard one took 90.0 ms, the others 21.5 ms (median);"
        " without it shop root would have waited 67.0 ms less."
    ]


def test_few_similar_or_unnoticed_ones_are_not() -> None:
    assert told(find_stragglers, ROOT, *SHARDS[:2], SLOW) == []
    assert told(find_stragglers, ROOT, *SHARDS, replace(SLOW, end_unix_nano=40 * MS)) == []
    assert told(find_stragglers, ROOT, *SHARDS, SLOW, span("other", "root", 0, 95)) == []
