"""Expressions that take down what their parts gave."""

from typing import Any

import pytest

from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.parser import parse_condition
from otx.ottl.program import compile_condition
from otx.ottl.recording import NOT_REACHED, RecordingCompiler
from otx.ottl.syntax import Expression, Node, walk
from tests.ottl.documents import attributes, document
from tests.ottl.vector_run import open_case

FUNCTIONS = FunctionSet("", switched("ottl.functions.enableLambda"))
SPAN = {"name": "a", "kind": 2, "attributes": attributes(n=1, m="x")}
TEXTS = [
    "true",
    "kind == 2",
    "kind == 2 and false",
    'kind == 3 or name == "a"',
    'not (kind == 3 or name == "b")',
    'HasPrefix(attributes["none"], "a") and false',
    'HasPrefix(attributes["none"], "a")',
    'kind == 2 and HasPrefix(attributes["none"], "a")',
    '{"a": Sort([2, 1])} == {"a": [1, 2]} or kind == 3',
    "[1, 2 + 3] == [1, 5]",
    "1 / 0 == 1 or kind == 2",
    'Len(Filter(attributes, (k, v) => v == "x")) == 1',
    "IsString(ToLowerCase(name)) == true",
]


def record() -> Any:
    return next(open_case({"input": document("Spans", SPAN)}).items())


def compiled(text: str) -> tuple[RecordingCompiler, Expression, Any]:
    compiler = RecordingCompiler(text, CONTEXTS["span"], FUNCTIONS)
    tree = parse_condition(text)
    return compiler, tree, compiler.condition(tree)


def outcome(holds: Any) -> object:
    try:
        return holds(record())
    except ExecutionError as error:
        return str(error)


def known(compiler: RecordingCompiler, tree: Node) -> dict[str, Any]:
    return {
        compiler.text[one.place.start : one.place.end]: compiler.value_of(one)
        for one in walk(tree)
        if compiler.knows(one)
    }


@pytest.mark.parametrize("text", TEXTS)
def test_it_gives_what_it_gives_without_recording(text: str) -> None:
    compiler, tree, holds = compiled(text)
    compiler.forget()
    gave = outcome(holds)
    assert gave == outcome(compile_condition(text, CONTEXTS["span"], FUNCTIONS).holds)
    value = compiler.value_of(tree)
    assert gave == (str(value) if isinstance(value, ExecutionError) else value)


def test_each_part_is_there_with_what_it_gave() -> None:
    compiler, tree, holds = compiled('kind + 1 == 3 and attributes["m"] != ToLowerCase("X")')
    assert holds(record()) is False
    assert known(compiler, tree) == {
        compiler.text: False,
        "kind + 1 == 3": True,
        "kind + 1": 3,
        "kind": 2,
        "1": 1,
        "3": 3,
        'attributes["m"] != ToLowerCase("X")': False,
        'attributes["m"]': "x",
        'ToLowerCase("X")': "x",
        '"X"': "X",
    }


def test_what_is_not_reached_is_told_apart_from_nil_and_forgotten_between_records() -> None:
    compiler, tree, holds = compiled('attributes["none"] == nil or name == "a"')
    holds(record())
    found = known(compiler, tree)
    assert found['attributes["none"]'] is None
    assert found["name"] is NOT_REACHED
    compiler.forget()
    assert known(compiler, tree)['attributes["none"]'] is NOT_REACHED


def test_a_literal_that_decides_leaves_the_rest_unreached() -> None:
    compiler, tree, holds = compiled("kind == 2 and false")
    assert holds(record()) is False
    found = known(compiler, tree)
    assert (found["kind"], found["false"]) == (NOT_REACHED, False)


def test_what_fails_is_there_with_its_error() -> None:
    compiler, tree, holds = compiled('Len(attributes["none"]) == 1')
    with pytest.raises(ExecutionError):
        holds(record())
    found = known(compiler, tree)
    assert isinstance(found['Len(attributes["none"])'], ExecutionError)
    assert isinstance(found[compiler.text], ExecutionError)
    assert found['attributes["none"]'] is None
