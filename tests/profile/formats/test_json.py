"""The JSON form: stable keys, every frame, the heaviest stack first."""

import json
import sys

import pytest
from hypothesis import given

from otx.errors import UsageError
from otx.flame.difference import compare
from otx.flame.difference_forms import difference_document
from otx.model.profile import CPU, Profile
from otx.model.stack import Frame, ProfileStats, Stack
from otx.profile.formats.json import read_json, write_json
from otx.profile.formats.profile import sampled_profile
from tests.profile.formats.profiles import content, profiles


def test_the_document_has_stacks_and_stats() -> None:
    process = Frame("shop", "process")
    python = Frame("f", "python", "/srv/f.py", 3, "f.py")
    native = Frame("memcpy", "native", module="libc.so.6")
    stats = ProfileStats(
        *(5, 1, 2, 3, 4, 0.12345, 0.00123456789, 6, 2, 12_470, "perf"),
        not_seen=("Python functions",),
        broken_in=("libx.so (1)",),
        before_tables=1,
        without_table=("libx.so (no room)",),
    )
    profile = sampled_profile(
        {(process,): 1, (process, python, native): 4}, stats, 99, 2_500_000_000
    )
    assert json.loads(write_json(profile)) == {
        "event": "cpu",
        "unit": "samples",
        "frequency_hz": 99,
        "duration_s": 2.5,
        "time_unix_nano": 0,
        "duration_ns": 2_500_000_000,
        "value_types": [
            {"name": "samples", "unit": "count"},
            {"name": "cpu", "unit": "nanoseconds"},
        ],
        "shown": 0,
        "period": 10_101_010,
        "period_type": {"name": "cpu", "unit": "nanoseconds"},
        "comments": [],
        "stacks": [
            {
                "count": 4,
                "values": [4, 40_404_040],
                "frames": [
                    {"name": "shop", "kind": "process"},
                    {
                        "name": "f",
                        "kind": "python",
                        "file": "/srv/f.py",
                        "line": 3,
                        "module": "f.py",
                    },
                    {"name": "memcpy", "kind": "native", "module": "libc.so.6"},
                ],
            },
            {
                "count": 1,
                "values": [1, 10_101_010],
                "frames": [{"name": "shop", "kind": "process"}],
            },
        ],
        "stats": {
            "samples": 5,
            "lost": 1,
            "truncated": 2,
            "unwound_fully": 3,
            "broken_in": ["libx.so (1)"],
            "before_tables": 1,
            "unwind_tables": 6,
            "tables_missing": 2,
            "without_table": ["libx.so (no room)"],
            "not_found": 4,
            "own_cpu_seconds": 0.123,
            "target_overhead": 0.001235,
            "sample_cost_ns": 12_470,
            "backend": "perf",
            "not_seen": ["Python functions"],
        },
    }


@given(profiles(times=True))
def test_what_is_written_is_read(profile: Profile) -> None:
    read = read_json(json.loads(write_json(profile)), "x", print)
    assert content(read) == content(profile)
    assert write_json(read) == write_json(profile)


def test_a_document_without_value_types_is_one_of_an_older_otx() -> None:
    document = {
        "event": "cpu",
        "unit": "samples",
        "frequency_hz": 99,
        "duration_s": 2.5,
        "stacks": [{"count": 4, "frames": [{"name": "f", "kind": "native"}]}],
    }
    read = read_json(document, "x", print)
    assert (read.total, str(read.shown_type), read.duration_ns) == (
        4,
        "samples/count",
        2_500_000_000,
    )


def test_a_difference_has_both_values() -> None:
    earlier: dict[Stack, int] = {(Frame("g", "native"),): 2}
    later: dict[Stack, int] = {(Frame("f", "native"),): 3}
    found = compare(earlier, later, is_normalised=False)
    document = difference_document(found, ("a", "b"), CPU, None)
    read = read_json(json.loads(json.dumps(document)), "x", print)
    assert list(map(str, read.value_types)) == ["before/nanoseconds", "after/nanoseconds"]
    assert sorted(sample.values for sample in read.samples) == [(0, 3), (2, 0)]
    assert read.total == 3


@pytest.mark.parametrize(
    ("stack", "why"),
    [
        ({"count": 1}, r"stacks\[0\] .*'frames' is missing"),
        ({"count": "x", "frames": []}, "'x' is no number"),
        ({"count": 1, "frames": [{"name": 7}]}, "'7' is no text"),
        ({"count": 1, "frames": [{"name": "f", "kind": "alien"}]}, "no kind of frame 'alien'"),
        ({"values": [1, 2], "count": 1, "frames": []}, "2 values for 1 types"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(stack: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_json({"stacks": [stack]}, "x", print)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ({"duration_s": "inf"}, "the head .*'inf' is no number"),
        ({"comments": [1]}, "the head .*'1' is no text"),
        ({"stats": {"samples": "4"}}, "the head .*'4' is no figure of stats"),
        ({"stats": {"lost": None}}, "the head .*'None' is no figure of stats"),
        ({"stats": {"not_seen": "all"}}, "the head .*'all' is no figure of stats"),
        ({"stats": {"wait_period_ns": 1}}, "the head .*'waits_left_out' is missing"),
    ],
)
def test_what_is_wrong_of_the_head_is_said(head: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_json({"stacks": [], **head}, "x", print)


def test_a_value_that_is_nested_deeply_is_named_by_what_it_is() -> None:
    value: list[object] = []
    for _ in range(sys.getrecursionlimit() * 2):
        value = [value]
    with pytest.raises(UsageError, match="a list is no number"):
        read_json({"stacks": [{"count": value, "frames": []}]}, "x", print)
