"""What is offered at a place of a statement."""

from collections.abc import Mapping

import pytest

from otx.ottl.completion import Candidate, Start, Surroundings, complete
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.cursor import PathBefore
from otx.ottl.functions.registry import LAMBDA_GATE, FunctionSet

TRACES = [CONTEXTS[name] for name in ("spanevent", "span", "scope", "resource")]
KEYS = {
    ("span", PathBefore(("attributes",))): {"http.route": 2, "http.method": 9, 'a"b': 1},
    ("span", PathBefore(("attributes",), ("http",))): {"status": 1},
    ("resource", PathBefore(("attributes",))): {"service.name": 3},
}


def keys(context: str, path: PathBefore) -> Mapping[str, int]:
    return KEYS.get((context, path), {})


def offered(
    text: str, start: Start = "statement", own: str = "", component: str = ""
) -> list[Candidate]:
    """What is offered at the end of a text, or at `|` in it."""
    before, _, after = text.partition("|")
    contexts = [CONTEXTS[own]] if own else TRACES
    functions = FunctionSet(component)
    given = Surroundings(start, contexts, CONTEXTS[own] if own else None, functions, keys)
    return complete(before + after, len(before), given)


def labels(text: str, start: Start = "statement", own: str = "") -> list[str]:
    return [one.label for one in offered(text, start, own)]


def kinds(text: str, start: Start = "statement", own: str = "") -> set[str]:
    return {one.kind for one in offered(text, start, own)}


def test_a_statement_begins_with_an_editor() -> None:
    assert kinds("") == {"editor"}
    assert labels("se") == ["set", "set_semconv_span_name"]


def test_a_condition_begins_with_anything_but_an_editor() -> None:
    assert kinds("", "condition") == {"context", "converter", "enum", "keyword"}


def test_a_function_comes_with_its_signature_and_its_bracket() -> None:
    (found,) = offered("replace_patt")
    assert found.text == "replace_pattern("
    assert found.detail.startswith("replace_pattern(target, regex_pattern, replacement")
    assert found.about


def test_an_editor_is_no_argument() -> None:
    assert "editor" not in kinds("set(span.name, ")
    assert "converter" in kinds("set(span.name, ")


def test_a_target_is_a_path() -> None:
    assert kinds("set(") == {"context", "argument"}


def test_contexts_are_those_that_go_with_the_ones_named() -> None:
    assert "spanevent." in labels("set(span.name, ")
    assert "spanevent." in labels("set(spanevent.name, ")
    assert "spanlink." not in labels("set(")
    assert "datapoint." not in labels("set(resource.")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("set(span.na", ["name"]),
        ("set(span.status.", ["code", "message"]),
        ("set(span.trace_id.", ["string"]),
        ("set(instrumentation_scope.ver", ["version"]),
        ("set(span.name.", []),
        ("set(nothing.", []),
        ("set(span.attributes[", ["http.method", "http.route", 'a"b']),
    ],
)
def test_sections_follow_a_dot(text: str, found: list[str]) -> None:
    assert labels(text)[: len(found) or None] == found


def test_the_cache_of_a_parent_is_not_offered() -> None:
    assert "cache" in labels("set(spanevent.ca") + labels("set(span.ca")
    assert labels("set(span.cac", own="spanevent") == []


def test_with_a_fixed_context_paths_need_no_prefix() -> None:
    assert "name" in labels("set(na", own="span")
    assert "name" not in labels("set(na")


def test_a_path_has_its_type() -> None:
    (found,) = offered("set(span.status.co")
    assert found.detail == "int"
    assert [one.detail for one in offered("set(otelcol.client.addr")] == ["string (read-only)"]


def test_keys_are_those_of_the_data_the_frequent_ones_first() -> None:
    found = offered('set(span.attributes["http')
    assert [(one.label, one.detail) for one in found] == [
        ("http.method", "in 9 records"),
        ("http.route", "in 2 records"),
    ]
    assert found[0].text == 'http.method"]'
    assert labels('set(resource.attributes["') == ["service.name"]
    assert labels('set(attributes["serv', own="resource") == ["service.name"]


def test_a_key_with_a_quote_is_written_as_ottl_writes_it() -> None:
    (found,) = offered('set(span.attributes["a')
    assert found.text == r'a\"b"]'


def test_keys_of_a_map_in_a_map_are_known() -> None:
    assert labels('set(span.attributes["http"]["st') == ["status"]


def test_enums_come_first_where_the_other_side_has_them() -> None:
    for text in ("set(span.kind, ", "set(span.name, 1) where span.kind == "):
        assert labels(text)[:3] == [
            "SPAN_KIND_UNSPECIFIED",
            "SPAN_KIND_INTERNAL",
            "SPAN_KIND_SERVER",
        ]
    (found,) = offered("set(span.status.code, STATUS_CODE_E")
    assert (found.label, found.detail) == ("STATUS_CODE_ERROR", "= 2")


def test_arguments_can_be_named_once() -> None:
    assert "replacement=" in labels("replace_pattern(span.name, re")
    assert "target=" not in labels("set(target=span.name, ")


def test_a_word_in_quotes_is_chosen_from_what_the_parameter_takes() -> None:
    found = offered('replace_all_patterns(span.attributes, "')
    assert [(one.label, one.text) for one in found] == [("key", 'key"'), ("value", 'value"')]
    assert labels("replace_all_patterns(span.attributes, ")[:2] == ['"key"', '"value"']
    assert labels('set(span.name, "') == []


def test_a_lambda_is_offered_with_its_formals_where_it_is_on() -> None:
    gates = frozenset((LAMBDA_GATE,))
    given = Surroundings("condition", TRACES, None, FunctionSet(gates=gates), keys)
    text = "Any(span.attributes, "
    assert "(k, v) => " in [one.text for one in complete(text, len(text), given)]
    assert "Any" not in labels("An", "condition")


def test_a_condition_follows_an_editor_and_more_of_it_a_value() -> None:
    assert labels("set(span.name, 1) ") == ["where"]
    assert labels("set(span.name, 1) where span.kind == 1 ") == ["and", "or"]
    assert labels("span.kind == 1 a", "condition") == ["and"]


def test_nothing_is_offered_in_a_number() -> None:
    assert labels("set(span.name, 12") == []


def test_what_contains_the_text_is_offered_where_nothing_begins_with_it() -> None:
    assert "replace_pattern" in labels("pattern")


def test_what_stands_behind_the_cursor_does_not_matter_but_for_contexts() -> None:
    assert labels("set(span.na|me, resource.schema_url)") == ["name"]
    assert "resource." not in labels("set(sp|, datapoint.value_int)")


def test_functions_of_other_components_are_not_offered() -> None:
    names = [one.label for one in offered("conv", component="filter", own="metric")]
    assert names == []
    assert offered("convert_sum_to", component="transform", own="metric")
