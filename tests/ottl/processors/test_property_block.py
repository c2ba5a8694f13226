"""What blocks have in common: types, lists, attributes, and two kinds of faults."""

from typing import Any

from otx.ottl.functions.registry import FunctionSet
from otx.ottl.processors.config import Problem, Reader
from otx.ottl.processors.property_block import Block, read_regexp_options, word

KEYS = ("match_type", "regexp", "names", "attributes")


class Made:
    """A block and all that is told of it."""

    def __init__(self, **config: Any) -> None:
        self.idle: list[Problem] = []
        self.reader, self.faults = (Reader(FunctionSet("filter")) for _ in range(2))
        self.block = Block(self.reader, self.faults, ("spans", "include"), config, KEYS, self.idle)

    def problems(self) -> tuple[list[str], list[str]]:
        return [str(one) for one in self.reader.problems], [
            str(one) for one in self.faults.problems
        ]


def test_lists_have_places_and_a_text_is_one_with_commas() -> None:
    path = ("spans", "include", "names")
    listed = [((*path, 0), "a"), ((*path, 1), "b,c")]
    assert Made(names=["a", "b,c"]).block.listed("names") == listed
    assert Made(names="a,b").block.listed("names") == [(path, "a"), (path, "b")]
    assert Made(names="").block.listed("names") == Made().block.listed("names") == []


def test_what_is_no_list_and_what_cannot_be_matched_are_told_apart() -> None:
    made = Made(match_type="regexp", names=["("], attributes=5)
    assert made.block.compared(made.block.listed("names")) is None
    assert made.block.attributes("attributes", "span", "span") == []
    reader, faults = made.problems()
    assert reader == ["spans.include.attributes: a list is wanted, not int"]
    assert faults[0].startswith("spans.include.names[0]: '(' is no regular expression")


def test_a_missing_type_is_told_once_and_only_where_it_is_needed() -> None:
    made = Made(names=["a"], attributes=[{"key": "a"}, {"key": "b", "value": 1}])
    assert len(made.block.attributes("attributes", "span", "span")) == 1
    made.block.compared(made.block.listed("names"))
    assert made.problems() == ([], ["spans.include: match_type is missing"])


def test_the_same_text_twice_is_compared_once() -> None:
    made = Made(match_type="regexp", names=["a", "b", "a"])
    texts = made.block.compared(made.block.listed("names"))
    assert texts is not None
    assert texts.texts == ("a", "b")
    assert texts.fit("xbx")


def test_no_checks_make_no_rule() -> None:
    made = Made(match_type="strict", attributes=[{"key": "a", "value": "x"}])
    assert made.block.rule("span", []) == []
    checks = made.block.attributes("attributes", "span", "span")
    (rule,) = made.block.rule("span", checks, "below")
    assert rule.path == ("spans", "include", "below")
    assert rule.condition.text == 'not (span.attributes["a"] == "x")'


def test_texts_are_no_numbers() -> None:
    reader = Reader(FunctionSet("filter"))
    assert word(reader, ("a",), None) == word(reader, ("a",), "") == word(reader, ("a",), 5) == ""
    assert [str(one) for one in reader.problems] == ["a: a text is wanted, not 5"]


def test_a_cache_has_room_unless_it_is_used_and_negative() -> None:
    reader = Reader(FunctionSet("filter"))
    for enabled, most, has_room in ((True, 0, True), (True, -1, False), (False, -1, True)):
        options = {"cacheenabled": enabled, "cachemaxnumentries": most}
        assert read_regexp_options(reader, ("regexp",), options) is has_room
    assert read_regexp_options(reader, ("regexp",), None)
    assert not reader.problems
