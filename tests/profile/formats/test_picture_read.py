"""Pages and pictures are opened as the profiles they show."""

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.flame.html import Panel, html_page
from otx.flame.picture_data import picture_data, tree_document
from otx.flame.picture_tree import difference_tree, picture_tree
from otx.model.frame_names import frame_label
from otx.model.profile import CPU, SAMPLES, Profile, StackSample, ValueType
from otx.model.stack import AllocationStats, Frame, ProfileStats, Stack, WaitStats
from otx.profile.formats import picture_read, reading, write_profile
from otx.profile.formats.folded import write_folded
from otx.profile.formats.opening import Opened, open_profile
from otx.profile.formats.picture_read import read_picture
from tests.profile.formats.profiles import EXAMPLE, HOT, MAIN, READ, SHOP, deep, profiles

FIRST_PAGE = (
    "eJxlkNFqwzAMRX9l6GkDsTZNn8zYjxhT3Fohpq5tLCVQSv99cjbYYOjlcs5FyH7AkqOAgUtZsgCCNCIGYx8gURKp"
    "UTilWCsFMJNPTAjZ37aSBZ+S+trKhZg1gUMLPJf6n37cSlgSfb68dv9e72Y4vPXaXeaSNey4rbsf971HgjFcWr8r"
    "e4kraUjxvHW4bJ114lMjH0726tReqWVKv8E5hEBV5n7uHgc84IijQi9/wFHB6tOyPeqIfUYcFJ5pKk0/wbqne34B"
    "bvRd1A=="
)
"""The data of a page whose rows of names had no more than three entries, and that had no head."""
FORMS = ("html", "svg")
TREE = tree_document(picture_tree({(SHOP, MAIN): 2}))


def opened(profile: Profile, form: str) -> Profile:
    return read_picture(write_profile(profile, form), form, "x")


def carrying(data: str) -> bytes:
    return f'<svg>\n<metadata id="data">{data}</metadata>\n</svg>'.encode()


def packed(document: object) -> bytes:
    text = json.dumps(document).encode()
    return carrying(base64.b64encode(zlib.compress(text)).decode())


def by_boxes(counts: Mapping[Stack, int]) -> dict[tuple[tuple[str, str], ...], int]:
    """Counts by what a picture tells apart, without those that came to nothing."""
    boxes: dict[tuple[tuple[str, str], ...], int] = {}
    for stack, count in counts.items():
        key = tuple((frame_label(frame), frame.kind) for frame in stack)
        boxes[key] = boxes.get(key, 0) + count
    return {key: count for key, count in boxes.items() if count}


def folded_lines(profile: Profile) -> list[str]:
    """The lines of stacks that came to something."""
    return [line for line in write_folded(profile).splitlines() if not line.endswith(" 0")]


@pytest.mark.parametrize("form", FORMS)
@given(profile=profiles())
def test_any_profile_comes_back_as_its_boxes(form: str, profile: Profile) -> None:
    again = opened(profile, form)
    assert by_boxes(again.counts()) == by_boxes(profile.counts())
    assert folded_lines(again) == folded_lines(profile)
    assert again.value_types == (profile.shown_type,)
    assert again.total == profile.total


@pytest.mark.parametrize("form", FORMS)
def test_what_is_known_of_the_whole_is_kept(form: str) -> None:
    stats = ProfileStats(
        samples=4,
        lost=1,
        target_overhead=0.01,
        broken_in=("lib.so (1)",),
        waits=WaitStats(1, 2, 3),
        allocations=AllocationStats(4, 5, 6),
    )
    profile = replace(EXAMPLE, shown=1, comments=("by hand",), stats=stats)
    again = opened(profile, form)
    assert again.counts() == {(SHOP, MAIN, HOT): 30, (SHOP, MAIN, READ): 10}
    samples = [StackSample(stack, (value,)) for stack, value in again.counts().items()]
    assert again == replace(profile, value_types=(CPU,), shown=0, samples=samples)


def test_frames_of_one_name_come_back_as_one() -> None:
    lines = [Frame("main.f", "native", "/f.go", line, "shop") for line in (3, 4)]
    counts = opened(
        Profile((SAMPLES,), [StackSample((frame,), (1,)) for frame in lines]), "html"
    ).counts()
    assert counts == {(Frame("main.f", "native", "/f.go", 0, "shop"),): 2}


def test_values_below_0_are_kept() -> None:
    stacks = {(SHOP,): -3, (SHOP, HOT): 5, (SHOP, HOT, READ): -2}
    samples = [StackSample(stack, (value,)) for stack, value in stacks.items()]
    assert opened(Profile((SAMPLES,), samples), "svg").counts() == stacks


@pytest.mark.parametrize("form", FORMS)
def test_a_profile_with_nothing_in_it_has_nothing(form: str) -> None:
    again = opened(Profile((ValueType("wall", "nanoseconds"),), [], duration_ns=5), form)
    assert (again.samples, again.duration_ns, again.shown_type.name) == ([], 5, "wall")


def test_a_recursion_deeper_than_what_is_drawn_is_whole() -> None:
    profile = Profile((SAMPLES,), [StackSample(deep(100_000), (7,))])
    assert opened(profile, "svg").counts() == {deep(100_000): 7}


def test_frames_too_narrow_to_be_drawn_are_there() -> None:
    samples = [StackSample((Frame(f"f{n}", "native"),), (1,)) for n in range(20_000)]
    assert len(opened(Profile((SAMPLES,), samples), "svg").samples) == 20_000


def test_a_comparison_has_both_values_and_shows_the_later() -> None:
    tree = difference_tree({(SHOP, HOT): (1.4, 3), (SHOP,): (2, 0)})
    for form, data in (
        ("html", html_page([Panel(tree)], "t", "a", "bytes").encode()),
        ("svg", carrying(picture_data("bytes", [tree_document(tree)], {}))),
    ):
        profile = read_picture(data, form, "x")
        assert list(map(str, profile.value_types)) == ["before/bytes", "after/bytes"]
        assert {it.stack: it.values for it in profile.samples} == {
            (SHOP, HOT): (1, 3),
            (SHOP,): (2, 0),
        }
        assert profile.total == 3


def test_a_page_of_the_first_days_opens_by_its_names() -> None:
    page = f'<!doctype html><script type="application/json" id="data">"{FIRST_PAGE}"</script>'
    found = open_profile(page.encode(), "x", lambda text: None)
    samples = [StackSample((SHOP, MAIN, HOT), (3,)), StackSample((SHOP, MAIN, READ), (1,))]
    assert found == Opened("html", Profile((SAMPLES,), samples))


def test_names_in_the_title_are_not_taken_for_the_data() -> None:
    profile = replace(EXAMPLE, value_types=(ValueType('<i id="data">x', "count"), CPU))
    for form in FORMS:
        assert opened(profile, form).shown_type.name == '<i id="data">x'


def test_other_line_ends_and_wrapped_data_are_no_matter() -> None:
    text = write_profile(EXAMPLE, "svg").replace(b"\n", b"\r\n")
    wrapped = re.sub(rb'(?<=id="data">)(.{80})', rb"\n\1\n", text)
    assert wrapped != text
    assert read_picture(wrapped, "svg", "x").total == EXAMPLE.total


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<svg></svg>", "x: is an SVG picture without data of otx"),
        (b'<svg><metadata id="data">eJw', "x: is an SVG picture that is cut off"),
        (carrying("e"), "its data is not as otx writes it: "),
        (carrying("!!!!"), "its data is not as otx writes it: Only base64"),
        (carrying("AAAA"), "its data is not as otx writes it: .*compression method"),
        (carrying("eJwAAA=="), "its data is not as otx writes it: "),
        (carrying("eJw="), "it ends too early"),
        (carrying(""), "it ends too early"),
        (carrying(base64.b64encode(zlib.compress(b"{")).decode()), "no JSON|column"),
        (packed([]), "it is a list"),
        (packed({}), "trees is no list"),
        (packed({"trees": [3]}), r"trees\[0\] is no tree"),
        (packed({"unit": "count", "trees": 1}), "trees is no list"),
        (packed({"unit": 1, "trees": [TREE]}), "unit is no text"),
        (packed({"trees": [TREE]}), "unit is no text"),
        (packed({"trees": [TREE], "profile": [1]}), "not as otx writes it"),
        (packed({"trees": [TREE], "profile": {"shown": 0}}), "'value_types' is missing"),
        (packed({"trees": [TREE], "profile": {"value_types": []}}), "value_types has 0 entries"),
        (packed({"unit": "count", "trees": [{**TREE, "at": [0, 9, 1]}]}), r"trees\[0\].at\[1\]"),
        (packed({"unit": "count", "trees": [{**TREE, "values": [2, 2, 1e29]}]}), "too large"),
        (packed({"unit": "count", "trees": []}), "holds who calls a function"),
        (packed({"unit": "count", "trees": [TREE, TREE]}), "holds who calls a function"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_picture(data, "svg", "x")


def test_an_html_page_of_others_is_said() -> None:
    with pytest.raises(UsageError, match="x: is an HTML page without data of otx"):
        open_profile(b"<!doctype html><p>hello", "x", lambda text: None)


def test_a_bomb_is_refused_while_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_read, "MAX_DATA_BYTES", 1 << 20)
    bomb = base64.b64encode(zlib.compress(bytes(1 << 26), 9)).decode()
    with pytest.raises(UsageError, match="it is larger than 1 MiB"):
        read_picture(carrying(bomb), "svg", "x")


def test_a_chain_in_which_each_node_is_a_stack_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FRAMES", 10_000)
    nodes = 1_000
    tree = {
        "names": [["all", "process", ""]],
        "depths": list(range(nodes)),
        "at": [0] * nodes,
        "values": list(range(nodes, 0, -1)),
    }
    with pytest.raises(UsageError, match="its stacks have more than 10000 frames"):
        read_picture(packed({"unit": "count", "trees": [tree]}), "svg", "x")


def test_the_number_of_stacks_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_read, "MAX_SAMPLES", 1)
    with pytest.raises(UsageError, match="it has more than 1 stacks"):
        opened(EXAMPLE, "html")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*TREE, "line", "unit", "value_types", "stats", "comments"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(TREE)), JSON, JSON)
def test_any_data_is_an_error_or_a_profile(field: str, value: object, head: object) -> None:
    document = {"unit": "count", "profile": head, "trees": [{**TREE, field: value}]}
    try:
        read_picture(packed(document), "svg", "x")
    except UsageError as error:
        assert error.message.startswith("x: ")
