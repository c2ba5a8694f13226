"""What is a statement, what is not, and what an error says of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import OttlError
from otx.ottl.parser import parse_condition, parse_statement, parse_value_expression
from otx.ottl.syntax import (
    And,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    EnumSymbol,
    FunctionName,
    Lambda,
    Not,
    Or,
    Parenthesis,
    Path,
    Signed,
)


def test_a_statement_is_an_editor_and_a_condition() -> None:
    tree = parse_statement(
        'set(span.attributes["a"][0], Len(name) + 1) where kind == SPAN_KIND_SERVER'
    )
    assert tree.editor.name == "set"
    target, value = (one.value for one in tree.editor.arguments)
    assert isinstance(target, Path)
    assert [field.name for field in target.fields] == ["span", "attributes"]
    assert [key.value for key in target.fields[1].keys if isinstance(key, Constant)] == ["a", 0]
    assert isinstance(value, Arithmetic)
    assert isinstance(tree.condition, Comparison)
    assert isinstance(tree.condition.right, EnumSymbol)


def test_not_binds_tighter_than_and_and_that_tighter_than_or() -> None:
    tree = parse_condition("not 1 == 2 and true or false")
    assert isinstance(tree, Or)
    first = tree.operands[0]
    assert isinstance(first, And)
    assert isinstance(first.operands[0], Not)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(1 + 2) * 3 > 4", Comparison),
        ("(1 + 2 > 4)", Parenthesis),
        ("((true))", Parenthesis),
        ('IsMatch(name, "a")["x"]', Call),
        ("-(a + 1) == -1", Comparison),
    ],
)
def test_a_parenthesis_is_of_a_calculation_or_of_a_condition(text: str, kind: type) -> None:
    assert isinstance(parse_condition(text), kind)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x0aFF", b"\x0a\xff"),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("3.", 3.0),
        (".5", 0.5),
        ("1.5e3", 1500.0),
        ("2.5E-1", 0.25),
        ("nil", None),
        ("true", True),
        (r'"\x41é\t\"\\\101"', 'Aé\t"\\A'),
        ('"two\nlines"', "two\nlines"),
    ],
)
def test_a_literal_is_read_as_go_reads_it(text: str, value: object) -> None:
    tree = parse_value_expression(text)
    assert isinstance(tree, Constant)
    assert (tree.value, type(tree.value)) == (value, type(value))


def test_signs_belong_to_operands_and_not_to_numbers() -> None:
    tree = parse_value_expression("1-1")
    assert isinstance(tree, Arithmetic)
    assert isinstance(parse_value_expression("-1"), Signed)


def test_an_argument_may_be_named_a_function_or_a_lambda() -> None:
    tree = parse_value_expression("F(a=SHA256, Sha256, (k, _) => k == 1, () => 2)")
    assert isinstance(tree, Call)
    assert tree.arguments[0].name == "a"
    kinds = [type(one.value) for one in tree.arguments]
    assert kinds == [EnumSymbol, FunctionName, Lambda, Lambda]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('set path.name = "x"', 'write set(path.name, "x")'),
        ('set attributes["a"] = 1', 'write set(attributes["a"], 1)'),
        ('attributes["a"] = 1', 'write set(attributes["a"], 1)'),
        ('filter name == "x"', 'its condition is the text alone: name == "x"'),
        ('set(name, "a") where name == "b" && true', "write `and`"),
        ('set(name, "a") where name == "b" || true', "write `or`"),
        ("set(name, 'a')", "texts stand in double quotes"),
        ('set(name, "a") WHERE true', "keywords are lower-case: where"),
        (r'replace_pattern(name, "\d+", "")', r"a backslash in a text is written twice: \\d"),
        ('set(name, "a") set(name, "b")', "one statement has one editor"),
        ('set(name, "a",)', "no comma before a closing bracket"),
        ('set(attributes["a"], 1e5)', "a number with an exponent needs a dot: 1.0e5"),
        ('set(name, "a"', ") is missing"),
        ('set(name, "a', '" is missing'),
        ('set(name, "a") if true', "conditions follow `where`"),
        ("set(attributes[Foo.bar], 1)", "keys of maps stand in brackets"),
    ],
)
def test_what_other_languages_write_is_answered_with_the_right_form(text: str, hint: str) -> None:
    with pytest.raises(OttlError) as caught:
        parse_statement(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "place"),
    [("set(name, ]", "1:11"), ('set(name,\n  "a" "b")', "2:7"), ("name", "1:5"), ("", "1:1")],
)
def test_an_error_names_line_and_column_and_shows_them(text: str, place: str) -> None:
    with pytest.raises(OttlError) as caught:
        parse_statement(text)
    first, _, caret = caught.value.message.splitlines()
    assert first.startswith(place)
    assert caret.index("^") - 2 == int(place.partition(":")[2]) - 1


@pytest.mark.parametrize("depth", [151, 100_000])
@pytest.mark.parametrize(
    ("opening", "inner", "closing"),
    [
        ("(", "true", ")"),
        ("F(", "1", ")"),
        ("a[", "1", "]"),
        ("1 + ", "1", " == 1"),
        ("[", "1", "]"),
    ],
)
def test_what_is_too_deep_is_refused_and_not_a_fault(
    depth: int, opening: str, inner: str, closing: str
) -> None:
    closings = closing if "==" in closing else closing * depth
    with pytest.raises(OttlError, match="nested deeper"):
        parse_condition(opening * depth + inner + closings)


def test_what_is_deep_but_not_too_deep_parses() -> None:
    parse_condition("(" * 145 + "true" + ")" * 145)
    parse_condition(" or ".join(["true"] * 10_000))


_PIECES = st.sampled_from(
    [
        *("set(", "(", ")", "[", "]", "{", "}", ",", ".", "=", "=>", "==", "+", "-", "*", "/"),
        *("where", "not", "and", "or", "nil", "true", "a", "A", "Ab", "_", "1", "1.5", "0xff"),
        *('"', '"s"', "'", "\\", " ", "\n", "$", "é", ":"),
    ]
)


@given(st.lists(_PIECES, max_size=25))
def test_no_text_is_a_fault(pieces: list[str]) -> None:
    text = "".join(pieces)
    for parse in (parse_statement, parse_condition, parse_value_expression):
        try:
            parse(text)
        except OttlError as error:
            assert 0 <= error.place.start <= len(text)
