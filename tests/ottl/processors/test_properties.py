"""Properties: what each looks at, what it is as OTTL, and that the two are of one mind."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.contexts.logs import LOG
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.processors.filter import Rule, read_filter
from otx.ottl.processors.properties import (
    NO_SERVICE,
    Check,
    PropertyCondition,
    Texts,
    alternatives_text,
    attribute_check,
    equal_to,
    literal,
    property_condition,
    scalar_text,
    severity_check,
)
from otx.ottl.program import compile_condition
from otx.ottl.values import kind_of
from tests.ottl.documents import Document, attributes, document, value_of
from tests.ottl.vector_run import open_case

LOGS = document("Logs", {"body": {"stringValue": "x"}, "attributes": attributes(a=1)})
SEVERITIES = ["severity_number", "bodies", "severity_texts"]


def rules_of(config: Any) -> list[Rule]:
    return [rule for rules in read_filter(config).rules.values() for rule in rules]


def ottl_of(rule: Rule) -> str:
    assert isinstance(rule.condition, PropertyCondition)
    return rule.condition.ottl


def text_of(config: Any) -> str:
    (rule,) = rules_of(config)
    return ottl_of(rule)


def spans(match_type: str, word: str = "exclude", **properties: Any) -> Any:
    return {"spans": {word: {"match_type": match_type, **properties}}}


def logs(match_type: str, **properties: Any) -> Any:
    return {"logs": {"exclude": {"match_type": match_type, **properties}}}


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (spans("strict", span_names=["a"]), 'span.name == "a"'),
        (spans("strict", span_names=["a", "b", "a"]), 'span.name == "a" or span.name == "b"'),
        (spans("strict", "include", span_names=["a"]), 'not (span.name == "a")'),
        (
            spans("regexp", services=["^a"], span_names=["x", "y"]),
            'IsMatch(resource.attributes["service.name"], "^a") and '
            '(IsMatch(span.name, "x") or IsMatch(span.name, "y"))',
        ),
        (
            spans("regexp", services=["nil"]),
            'resource.attributes["service.name"] == nil or '
            'IsMatch(resource.attributes["service.name"], "nil")',
        ),
        (spans("strict", span_kinds=["SPAN_KIND_SERVER"]), "span.kind == SPAN_KIND_SERVER"),
        (
            spans("regexp", span_kinds=["ER$"]),
            "span.kind == SPAN_KIND_SERVER or span.kind == SPAN_KIND_PRODUCER or "
            "span.kind == SPAN_KIND_CONSUMER",
        ),
        (spans("regexp", span_kinds=["server"]), "span.kind < SPAN_KIND_UNSPECIFIED"),
        (spans("regexp", span_kinds=[""]), "span.kind >= SPAN_KIND_UNSPECIFIED"),
        (
            spans("regexp", span_kinds=["^$", "CLIENT"]),
            "span.kind == SPAN_KIND_CLIENT or span.kind > SPAN_KIND_CONSUMER",
        ),
        (spans("", attributes=[{"key": "a"}]), 'span.attributes["a"] != nil'),
        (
            spans("strict", attributes=[{"key": "a", "value": [1, "x"]}]),
            'span.attributes["a"] == [1, "x"]',
        ),
        (
            spans("regexp", resources=[{"key": "a", "value": r"\d"}]),
            r'IsMatch(resource.attributes["a"], "\\d")',
        ),
        (
            spans("strict", libraries=[{"name": "io", "version": ""}]),
            'scope.name == "io" and scope.version == ""',
        ),
        (logs("strict", bodies=["x"]), 'log.body.string == "x"'),
        (logs("regexp", severity_texts=["x"]), 'IsMatch(log.severity_text, "x")'),
        (
            logs("", severity_number={"min": "warn"}),
            "log.severity_number >= SEVERITY_NUMBER_WARN",
        ),
        (
            logs("", severity_number={"min": "10", "match_undefined": True}),
            "log.severity_number == SEVERITY_NUMBER_UNSPECIFIED or "
            "log.severity_number >= SEVERITY_NUMBER_INFO2",
        ),
        (logs("", severity_number={}), "log.severity_number > SEVERITY_NUMBER_UNSPECIFIED"),
        (
            logs("", severity_number={"match_undefined": True}),
            "log.severity_number >= SEVERITY_NUMBER_UNSPECIFIED",
        ),
        (
            logs("strict", record_attributes=[{"key": "a", "value": math.nan}]),
            '(log.attributes["a"] == nil and log.attributes["a"] != nil)',
        ),
        (
            logs("strict", resource_attributes=[{"key": "a", "value": 5.0}]),
            'resource.attributes["a"] == 5.0',
        ),
    ],
)
def test_properties_are_these_conditions(config: Any, text: str) -> None:
    assert text_of(config) == text
    (rule,) = rules_of(config)
    compile_condition(text, CONTEXTS[rule.context], FunctionSet("filter"), needs_prefix=True)


TEXT = st.sampled_from(["shop", "GET /cart", "", "5", "é", "nil", 'q"\\', NO_SERVICE])
PATTERN = st.sampled_from(["^GET", "cart$", ".*", "", "^$", "s.op", "nil", r"\d", "SERVER|_CL"])
KEY = st.sampled_from(["a", "b", "service.name"])
KIND = st.sampled_from([f"SPAN_KIND_{one}" for one in ("SERVER", "CLIENT", "INTERNAL")])
SEVERITY = st.fixed_dictionaries(
    {}, optional={"min": st.sampled_from(["INFO", "9", "fatal4"]), "match_undefined": st.booleans()}
)


def blocks(signal: str) -> st.SearchStrategy[Any]:
    return st.one_of(_blocks(signal, "strict", TEXT), _blocks(signal, "regexp", PATTERN))


def _blocks(signal: str, match_type: str, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    texts = st.lists(text, min_size=1, max_size=3)
    pairs = st.lists(
        st.fixed_dictionaries({"key": KEY}, optional={"value": text}), min_size=1, max_size=2
    )
    library = st.fixed_dictionaries({"name": text}, optional={"version": text})
    kinds = st.lists(KIND, min_size=1) if match_type == "strict" else texts
    known: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "spans": {
            "services": texts,
            "span_names": texts,
            "span_kinds": kinds,
            "attributes": pairs,
            "resources": pairs,
            "libraries": st.lists(library, min_size=1, max_size=2),
        },
        "logs": {
            "bodies": texts,
            "severity_texts": texts,
            "severity_number": SEVERITY,
            "resource_attributes": pairs,
            "record_attributes": pairs,
        },
        "metrics": {"metric_names": texts, "resource_attributes": pairs},
    }
    made = st.fixed_dictionaries({"match_type": st.just(match_type)}, optional=known[signal])
    return made.filter(lambda block: len(block) > 1)


STORED = st.dictionaries(KEY, TEXT).map(lambda found: _stored(found))


def _stored(found: dict[str, str]) -> list[Document]:
    return [{"key": key, "value": {"stringValue": one}} for key, one in found.items()]


ITEMS: dict[str, st.SearchStrategy[Document]] = {
    "spans": st.fixed_dictionaries({"name": TEXT, "kind": st.integers(0, 6), "attributes": STORED}),
    "logs": st.fixed_dictionaries(
        {
            "body": TEXT.map(lambda text: {"stringValue": text}),
            "severityText": TEXT,
            "severityNumber": st.integers(0, 24),
            "attributes": STORED,
        }
    ),
    "metrics": st.fixed_dictionaries({"name": TEXT}),
}
WORDS = {"spans": "Spans", "logs": "Logs", "metrics": "Metrics"}


@given(st.data(), st.sampled_from(["spans", "logs", "metrics"]))
def test_of_texts_and_numbers_the_ottl_decides_as_the_properties_do(
    data: st.DataObject, signal: str
) -> None:
    word = data.draw(st.sampled_from(["include", "exclude"]))
    rules = rules_of({signal: {word: data.draw(blocks(signal))}})
    whole = document(WORDS[signal], data.draw(ITEMS[signal]))
    whole[f"resource{WORDS[signal]}"][0]["resource"]["attributes"] = data.draw(STORED)
    (item,) = open_case({"input": whole}).items()
    for rule in rules:
        record = item.resource if rule.context == "resource" else item
        context = CONTEXTS[rule.context]
        same = compile_condition(ottl_of(rule), context, FunctionSet("filter"), needs_prefix=True)
        assert rule.condition.holds(record) is same.holds(record)


def test_a_service_that_is_no_text_is_compared_as_one() -> None:
    config = spans("strict", services=["5"])
    for value, drops in (({"intValue": "5"}, True), ({"intValue": "6"}, False)):
        whole = document("Spans", {})
        entry = {"key": "service.name", "value": value}
        whole["resourceSpans"][0]["resource"]["attributes"] = [entry]
        (item,) = open_case({"input": whole}).items()
        (rule,) = rules_of(config)
        assert rule.condition.holds(item) is drops


@pytest.mark.parametrize(
    ("wanted", "same", "others"),
    [
        (5, [5], [5.0, "5", True, None]),
        (1.0, [1.0], [1, True]),
        (0.0, [0.0, -0.0], [False]),
        (True, [True], [1, "true"]),
        ([1, None], [[1, None]], [[1.0, None], [None, 1], [1]]),
        ([0.0, math.nan], [[0.0, math.nan]], [[-0.0, math.nan]]),
        ({"a": 1, "b": []}, [{"b": [], "a": 1}], [{"a": 1}, {"a": True, "b": []}]),
        (math.nan, [], [math.nan]),
    ],
)
def test_values_are_equal_within_their_kind(
    wanted: Any, same: list[Any], others: list[Any]
) -> None:
    fits = equal_to(wanted)
    assert all(map(fits, same))
    assert not any(map(fits, others))


def test_scalars_are_looked_at_as_go_writes_them() -> None:
    scalars: list[Any] = ["x", True, 7, 1.5, 1e21, 5.0]
    found = [scalar_text(one) for one in scalars]
    assert found == ["x", "true", "7", "1.5", "1000000000000000000000", "5"]
    others: list[Any] = [None, b"x", [], {}]
    assert [scalar_text(one) for one in others] == [None] * 4


@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(1 << 62), 1 << 62),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(st.characters(exclude_categories=["Cs"])),
        ),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner),
        max_leaves=5,
    )
)
def test_a_literal_gives_its_value(value: Any) -> None:
    text = literal(value)
    assert text is not None
    found = value_of(LOGS, "log", text)
    assert kind_of(found) == kind_of(value)
    assert equal_to(value)(found) or value is None


def test_what_has_no_literal_is_none() -> None:
    for value in (math.inf, math.nan, [math.inf], {"a": math.nan}):
        assert literal(value) is None


def test_a_condition_asks_in_order_and_no_longer_than_it_has_to() -> None:
    asked: list[str] = []

    def check(name: str, answer: bool) -> Check:
        return Check(name, (f"{name} == 1",), lambda _: asked.append(name), lambda _: answer)

    condition = property_condition([check("a", False), check("b", True)], is_negated=True)
    assert isinstance(condition, PropertyCondition)
    assert condition.text == "not (a == 1 and b == 1)"
    assert condition.holds(None)
    assert asked == ["a"]


def test_alternatives_are_bracketed_among_others_only() -> None:
    check = Check("a", ("x", "y"), lambda _: None, lambda _: True)
    assert alternatives_text(check) == "(x or y)"
    assert alternatives_text(check, is_alone=True) == "x or y"


def test_of_a_long_list_people_see_the_beginning() -> None:
    (rule,) = rules_of(spans("strict", span_names=[f"n{at}" for at in range(9)]))
    assert rule.condition.text == (
        'span.name == "n0" or span.name == "n1" or span.name == "n2" or span.name == "n3" '
        "or … (5 more)"
    )
    assert ottl_of(rule).count(" or ") == 8


def test_what_is_absent_is_seen_as_nothing_and_never_fits() -> None:
    check = attribute_check(LOG, "log", "none", lambda _: True, "{} != nil".format)
    (item,) = open_case({"input": LOGS}).items()
    assert check.seen(item) is None
    assert not check.fits(check.look(item))


def test_texts_fit_whole_and_patterns_anywhere() -> None:
    assert Texts(("a", "b")).fit("b")
    assert not Texts(("a",)).fit("ab")
    assert text_of(spans("regexp", span_names=["b"])) == 'IsMatch(span.name, "b")'


def test_a_severity_below_zero_is_below_all() -> None:
    assert not severity_check(0, "", undefined_fits=True).fits(-1)
