"""speedscope's form: by its schema, and both ways."""

import json
from typing import Any

import pytest
from hypothesis import given

from otx.errors import UsageError
from otx.model.profile import SAMPLES, Profile
from otx.model.stack import Frame
from otx.profile.formats.opening import open_profile
from otx.profile.formats.speedscope import SCHEMA, write_speedscope
from tests.profile.formats.profiles import EXAMPLE, profiles


def opened(document: dict[str, Any], warnings: list[str] | None = None) -> Profile:
    found = open_profile(json.dumps(document).encode(), "x", (warnings or []).append)
    assert found.form == "speedscope"
    return found.profile


def evented(*events: tuple[str, int, float], unit: str = "milliseconds") -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "shared": {"frames": [{"name": "a"}, {"name": "b"}]},
        "profiles": [
            {
                "type": "evented",
                "name": "main",
                "unit": unit,
                "startValue": 0,
                "endValue": 100,
                "events": [{"type": it[0], "frame": it[1], "at": it[2]} for it in events],
            }
        ],
    }


@given(profiles(labels=False))
def test_stacks_and_values_survive(profile: Profile) -> None:
    read = opened(json.loads(write_speedscope(profile)))
    names = [[frame.name for frame in sample.stack] for sample in read.samples]
    assert names == [[frame.name for frame in sample.stack] for sample in profile.samples]
    assert [it.values for it in read.samples] == [it.values for it in profile.samples]
    assert read.value_types == profile.value_types


def test_the_document_keeps_the_schema() -> None:
    document = json.loads(write_speedscope(EXAMPLE))
    frames = document["shared"]["frames"]
    assert all(set(it) <= {"name", "file", "line", "col"} for it in frames)
    for profile in document["profiles"]:
        assert set(profile) == {
            "type",
            "name",
            "unit",
            "startValue",
            "endValue",
            "samples",
            "weights",
        }
        assert len(profile["samples"]) == len(profile["weights"])
        assert all(0 <= index < len(frames) for stack in profile["samples"] for index in stack)
        assert profile["unit"] in ("none", "nanoseconds", "bytes")
        assert profile["endValue"] == sum(profile["weights"])


def test_kinds_of_frames_survive() -> None:
    read = opened(json.loads(write_speedscope(EXAMPLE)))
    kinds = [frame.kind for sample in read.samples for frame in sample.stack]
    assert kinds == ["native", "python", "native", "native", "python", "kernel"]


def test_events_become_stacks_with_the_time_they_were_open() -> None:
    read = opened(evented(("O", 0, 0), ("O", 1, 1.5), ("C", 1, 2), ("C", 0, 10)))
    assert [(tuple(f.name for f in it.stack), it.values) for it in read.samples] == [
        (("a",), (1_500_000,)),
        (("a", "b"), (500_000,)),
        (("a",), (8_000_000,)),
    ]
    assert read.shown_type.unit == "nanoseconds"


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ((("O", 0, 5), ("C", 0, 2)), r"profiles\[0\]\.events\[1\].*goes back"),
        ((("O", 0, 0), ("C", 1, 2)), "not the innermost"),
        ((("O", 7, 0),), "no frame 7 in a table of 2"),
        ((("C", 0, 0),), "not the innermost"),
    ],
)
def test_events_that_make_no_sense_are_named(
    events: tuple[tuple[str, int, float], ...], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        opened(evented(*events))


def test_profiles_of_other_programs_are_threads() -> None:
    one = {"type": "sampled", "unit": "none", "startValue": 0, "endValue": 1, "samples": [[0]]}
    document = {
        "$schema": SCHEMA,
        "shared": {"frames": [{"name": "f", "file": "/srv/x.py", "line": 3}]},
        "profiles": [
            {**one, "name": "Thread 1", "weights": [1]},
            {**one, "name": "Thread 2", "weights": [2]},
        ],
    }
    read = opened(document)
    python = Frame("f", "python", "/srv/x.py", 3, "x.py")
    assert read.counts() == {
        (Frame("Thread 1", "thread"), python): 1,
        (Frame("Thread 2", "thread"), python): 2,
    }
    assert read.value_types == (SAMPLES,)


def test_weights_with_a_fraction_are_rounded_and_said() -> None:
    document = json.loads(write_speedscope(EXAMPLE))
    document["profiles"][0]["weights"] = [1.5, 2]
    warnings: list[str] = []
    found = open_profile(json.dumps(document).encode(), "x", warnings.append)
    assert [it.values[0] for it in found.profile.samples] == [2, 2]
    assert warnings == ["x: 1 weights have a fraction and are rounded"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda it: it.pop("shared"),
        lambda it: it["shared"].update(frames=7),
        lambda it: it["shared"]["frames"].append({}),
        lambda it: it["profiles"][0].update(weights=[1]),
        lambda it: it["profiles"][0].update(samples=[["x"], []]),
        lambda it: it["profiles"][0].update(weights=[1e300, 1]),
        lambda it: it["profiles"][0].update(weights=[None, 1]),
        lambda it: it.update(profiles={}),
        lambda it: it["profiles"].append(None),
    ],
)
def test_what_breaks_the_schema_is_an_error_with_its_place(spoil: Any) -> None:
    document = json.loads(write_speedscope(EXAMPLE))
    spoil(document)
    try:
        opened(document)
    except UsageError as error:
        assert error.message.startswith("x: ")
