"""What is said to fail always, against what does when it runs on the records of all vectors."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from otx.model.signal import Signal
from otx.ottl.batch import WALKS, Batch
from otx.ottl.contexts.accessor import Accessor
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.expression_kinds import KindFinder
from otx.ottl.functions.registry import Function, FunctionSet, all_functions
from otx.ottl.gates import switched
from otx.ottl.parser import parse_statement, parse_value_expression
from otx.ottl.program import compile_condition, compile_statement, compile_value_expression
from otx.ottl.static_kinds import COUNTABLE, is_known
from otx.ottl.syntax import Call, walk
from otx.ottl.traps import Surroundings, traps_in
from otx.ottl.values import kind_of
from tests.ottl.vector_case import load
from tests.ottl.vector_run import open_case

FUNCTIONS = FunctionSet("", switched("+ottl.functions.enableLambda"))
LITERALS = ('""', "1", "1.5", "true", "nil", "0x0a", "[]", "[1]", "{}", "Now()", 'Duration("1s")')
RECORDS_OF_A_VECTOR = 3
SIGNALS = {
    "log": "resourceLogs",
    "exemplar": "resourceMetrics",
    "datapoint": "resourceMetrics",
    "metric": "resourceMetrics",
    "spanevent": "resourceSpans",
    "spanlink": "resourceSpans",
    "span": "resourceSpans",
    "profile": "resourceProfiles",
    "profilesample": "resourceProfiles",
}


@cache
def _requests() -> list[tuple[str, Signal, bytes]]:
    """The distinct documents of the vectors, by their first key, as requests."""
    inputs = {json.dumps(one["input"], sort_keys=True): one["input"] for one in load()}.values()
    batches = [(next(iter(one)), open_case({"input": one})) for one in inputs]
    return [(key, batch.signal, batch.close()) for key, batch in batches]


def records_of(context: str) -> Iterator[Any]:
    """Some records of every document, freshly read."""
    for key, signal, body in _requests():
        if SIGNALS.get(context, key) == key:
            yield from list(WALKS[context](Batch(signal, body)))[:RECORDS_OF_A_VECTOR]


def named(context: Context) -> dict[str, Accessor]:
    """Every path of a context that is a value."""

    def below(prefix: str, sections: Any) -> Iterator[tuple[str, Accessor]]:
        for name, one in sections.items():
            if not one.is_group:
                yield f"{prefix}{name}", one
            yield from below(f"{prefix}{name}.", one.sections)

    return dict(below(f"{context.name}.", context.paths))


def sorts_of(context: Context) -> dict[tuple[str, bool], str]:
    """The sorts of values that are told apart, each with a path."""
    return {(one.type, one.is_optional): path for path, one in named(context).items()}


def unlike(context: Context) -> list[str]:
    """One path of every sort."""
    return list(sorts_of(context).values())


def first_of_their_sort(context: Context) -> list[str]:
    """Those of sorts that no context before has."""
    names = list(CONTEXTS)
    before = {
        sort for name in names[: names.index(context.name)] for sort in sorts_of(CONTEXTS[name])
    }
    return [path for sort, path in sorts_of(context).items() if sort not in before]


def calls_of(function: Function, path: str) -> Iterator[str]:
    """A function's example with a path in place of each argument in turn, left out ones too."""
    assert function.example is not None
    text = function.example.text
    tree = parse_statement(text) if function.is_editor else parse_value_expression(text)
    call = next(one for one in walk(tree) if isinstance(one, Call) and one.name == function.name)
    given = [text[one.place.start : one.place.end] for one in call.arguments]
    for at, parameter in enumerate(function.parameters):
        value = f"[{path}]" if parameter.is_list else path
        arguments = list(given)
        if at < len(given):
            name = call.arguments[at].name
            arguments[at] = f"{name} = {value}" if name else value
        else:
            arguments.append(f"{parameter.name} = {value}")
        yield f"{function.name}({', '.join(arguments)})"


def is_said_to_fail(text: str, context: Context) -> bool:
    around = Surroundings((context,), FUNCTIONS, is_given=True)
    return any(one.message.startswith("always fails") for one in traps_in(text, around))


def passes_on(text: str, context: Context) -> Any:
    """A record that a statement does not fail on; None where there is none."""
    run = compile_statement(text, context, FUNCTIONS).run
    for record in records_of(context.name):
        try:
            run(record)
        except ExecutionError:
            continue
        return record
    return None


def judged_truly(statements: Iterator[str], context: Context) -> int:
    """How many statements compile; each that is said to fail always is asserted to."""
    judged = 0
    for text in statements:
        try:
            compile_statement(text, context, FUNCTIONS)
        except OttlError:
            continue
        judged += 1
        if is_said_to_fail(text, context):
            assert passes_on(text, context) is None, text
    return judged


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_a_path_gives_the_kinds_that_are_told_of_it(context: Context) -> None:
    records = list(records_of(context.name))
    for path, accessor in named(context).items():
        tree = parse_value_expression(path)
        told = KindFinder(tree, context, FUNCTIONS).of(tree)
        read = compile_value_expression(path, context, FUNCTIONS)
        if not is_known(told) or accessor.type.startswith("list of"):
            continue
        for record in records:
            try:
                assert kind_of(read(record)) in told, path
            except ExecutionError:
                continue  # a profile's dictionary may lack a text


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_what_is_said_of_arguments_is_true_on_every_record(context: Context) -> None:
    def statements() -> Iterator[str]:
        for function in all_functions().values():
            if not FUNCTIONS.offers(function, context.name):
                continue
            # What every context has is tried once on each sort of value.
            for path in unlike(context) if function.contexts else first_of_their_sort(context):
                for call in calls_of(function, path):
                    yield call if function.is_editor else f'set(cache["x"], {call})'

    judged_truly(statements(), context)


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_what_is_said_of_setting_is_true_on_every_record(context: Context) -> None:
    def statements() -> Iterator[str]:
        for target in named(context):
            for value in (*LITERALS, *unlike(context)):
                yield f"set({target}, {value})"

    assert judged_truly(statements(), context)


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_what_is_said_of_calculating_is_true_on_every_record(context: Context) -> None:
    def statements() -> Iterator[str]:
        for left in unlike(context):
            for right in (*LITERALS, *unlike(context)):
                yield from (f'set(cache["x"], {left} {sign} {right})' for sign in "-*")

    assert judged_truly(statements(), context)


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_what_is_said_to_be_always_so_is(context: Context) -> None:
    records = list(records_of(context.name))
    around = Surroundings((context,), FUNCTIONS, is_given=True)
    for left in unlike(context):
        for right in (*LITERALS, *unlike(context)):
            text = f"{left} == {right}"
            try:
                condition = compile_condition(text, context, FUNCTIONS)
            except OttlError:
                continue
            if any(one.message.endswith("always false") for one in traps_in(text, around)):
                for record in records:
                    try:
                        assert not condition.holds(record), text
                    except ExecutionError:
                        continue


@pytest.mark.parametrize(
    ("context", "text"),
    [
        ("metric", "Len(metric.data_points) == 0"),
        ("span", "Len(span.events) > 128"),
        ("span", "Len(span.links) > 128"),
        ("datapoint", "Len(datapoint.exemplars) > 0"),
        ("datapoint", "Len(datapoint.bucket_counts) > 0"),
        ("datapoint", "Len(datapoint.quantile_values) > 0"),
        ("datapoint", "ContainsValue(datapoint.bucket_counts, 1)"),
        ("datapoint", "Index(datapoint.bucket_counts, 1) == 0"),
        ("datapoint", "delete_index(datapoint.bucket_counts, 0)"),
        ("metric", "metric.data_points == nil"),
    ],
)
def test_lists_of_otlp_are_counted_and_taken_apart(context: str, text: str) -> None:
    assert traps_in(text, Surroundings((CONTEXTS[context],), FUNCTIONS)) == []


@pytest.mark.parametrize(
    ("context", "text"),
    [
        ("span", "set(span.events, [])"),
        ("span", "set(span.links, [])"),
        ("metric", "set(metric.data_points, [])"),
        ("datapoint", 'set(datapoint.attributes["a"], Sort(datapoint.bucket_counts)[0])'),
        ("profile", 'set(profile.attributes["a"], Len(profile.sample))'),
        ("span", 'set(span.attributes["d"], span.end_time - span.start_time)'),
    ],
)
def test_what_cannot_be_is_told(context: str, text: str) -> None:
    assert is_said_to_fail(text, CONTEXTS[context])
    run = compile_statement(text, CONTEXTS[context], FUNCTIONS).run
    for record in records_of(context):
        if context != "datapoint" or record.kind == "histogram":
            with pytest.raises(ExecutionError):
                run(record)


def test_every_list_of_messages_has_a_length_but_a_profile_s_samples() -> None:
    lists = {
        one.type
        for context in CONTEXTS.values()
        for one in named(context).values()
        if one.type.startswith("list of")
    }
    assert lists - COUNTABLE == {"list of int", "list of double", "list of samples"}


def test_what_only_some_records_need_is_not_said_to_fail_always() -> None:
    text = 'replace_pattern(span.attributes["q"], "a", span.kind)'
    (trap,) = traps_in(text)
    assert trap.message == "fails where it is needed: replace_pattern: replacement is no string"
