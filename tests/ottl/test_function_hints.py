"""Names of other sketches of the language: the hint shows the right form, and the form parses."""

import pytest

from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.function_hints import NAMES, hint_for
from otx.ottl.functions.registry import FunctionSet, all_functions
from otx.ottl.parser import parse_condition, parse_statement, parse_value_expression
from otx.ottl.program import compile_statement

FUNCTIONS = FunctionSet()


def refused(text: str, functions: FunctionSet = FUNCTIONS, context: str = "span") -> OttlError:
    with pytest.raises(OttlError) as caught:
        compile_statement(text, CONTEXTS[context], functions)
    return caught.value


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("TruncateAll(attributes, 3)", "truncate_all(attributes, 3)"),
        (
            'ReplacePattern(name, "[a-z]+", "x") where kind == 1',
            'replace_pattern(name, "[a-z]+", "x")',
        ),
        (
            'ReplaceAllPatterns(attributes, "a", "b")',
            'replace_all_patterns(attributes, "value", "a", "b")',
        ),
        (
            'ReplaceAllPatterns(attributes, "key", "a", "b")',
            'replace_all_patterns(attributes, "key", "a", "b")',
        ),
        ("Truncate(name, 3)", "set(name, Substring(name, 0, 3)) where Len(name) > 3"),
        (
            "Truncate()",
            'set(attributes["key"], Substring(attributes["key"], 0, 64)) '
            'where Len(attributes["key"]) > 64',
        ),
        ('set(name, ReplacePattern(name, "a", "b"))', 'replace_pattern(name, "a", "b")'),
        ('delete(attributes, "a")', 'delete_key(attributes, "a")'),
        ('DeleteKey(attributes, "a")', 'delete_key(attributes, "a")'),
        ('replace(name, "a", "b")', 'replace_pattern(name, "a", "b")'),
    ],
)
def test_the_hint_shows_a_statement_with_the_arguments_that_were_given(
    text: str, form: str
) -> None:
    assert refused(text).hint == f"write {form}"
    parse_statement(form)
    compile_statement(form, CONTEXTS["span"], FUNCTIONS)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ('Match(name, "a")', 'IsMatch(name, "a")'),
        ("Length(name)", "Len(name)"),
        ("Lower(name)", "ToLowerCase(name)"),
        ("Upper(name)", "ToUpperCase(name)"),
        ("Float(name)", "Double(name)"),
        ('concat([name], "")', 'Concat([name], "")'),
    ],
)
def test_the_hint_shows_a_value(value: str, form: str) -> None:
    assert refused(f'set(attributes["x"], {value})').hint == f"write {form}"
    parse_value_expression(form)


def test_a_map_and_a_rename_have_their_forms() -> None:
    hint = refused('set(attributes["x"], Map(attributes, (k, v) => v))').hint
    assert hint == "write MapEach(attributes, (k, v) => v)"
    parse_value_expression(hint.removeprefix("write "))
    first, second = refused('rename(attributes["a"], "b")').hint.split("; then ")
    parse_statement(first.removeprefix("write "))
    parse_statement(second)


def test_a_function_that_was_removed_is_told_with_its_version() -> None:
    hint = refused('set(name, Base64Decode("x"))').hint
    form, remark = hint.removeprefix("write ").split("; ")
    parse_value_expression(form)
    assert remark == "Base64Decode was removed in v0.161"


def test_a_converter_as_a_statement_and_an_editor_as_a_value_are_told_their_places() -> None:
    hint = refused('IsMatch(name, "a")').hint
    form = hint.partition("write ")[2]
    assert form == 'set(attributes["key"], IsMatch(name, "a"))'
    parse_statement(form)
    hint = refused('set(name, replace_pattern(name, "a", "b"))').hint
    assert hint == (
        'an editor gives no value and is a statement by itself: replace_pattern(name, "a", "b")'
    )
    parse_statement(hint.partition(": ")[2])


@pytest.mark.parametrize("text", ["drop()", 'drop() where name == "x"', 'filter(name == "x")'])
def test_dropping_is_told_where_it_is_done(text: str) -> None:
    hint = refused(text).hint
    about, _, condition = hint.partition(": ")
    assert about == ("dropping is the filter processor's work; its condition is the text alone")
    parse_condition(condition)


def test_a_function_of_other_contexts_is_told_with_them() -> None:
    error = refused("scale_metric(1.0)")
    assert (error.reason, error.hint) == (
        "undefined function 'scale_metric'",
        "only statements on metric have it",
    )


def test_what_is_otx_s_own_is_refused_in_these_words() -> None:
    error = refused(
        'set(name, "x") where TraceIDRatioBasedSampler(0.5)', FunctionSet(allows_extensions=False)
    )
    assert error.reason == (
        "TraceIDRatioBasedSampler is otx's own, refused by --strict: no Collector has it"
    )


def test_names_that_are_near_are_proposed() -> None:
    assert hint_for("Lenn", NAMES) == "did you mean Len?"
    assert hint_for("ToUppercase", NAMES, ["name"]) == "did you mean ToUpperCase?"
    assert hint_for("nothing_like_it_at_all", NAMES) == ""
    assert set(NAMES) == set(all_functions())
