"""OTTL in otx against the reference implementation, on every vector and on cases by chance.

The reference is built from its Go modules by the programs in `ottl_reference/`. What differs by
intent is left out of the cases or said in `ottl_reference.comparison`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice

import pytest

from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.processors.filter import CONDITIONS_KEY, read_filter
from otx.ottl.processors.properties import PropertyCondition
from tests.interop.ottl_reference import engine
from tests.interop.ottl_reference.comparison import difference
from tests.interop.ottl_reference.configuration_cases import processor_cases, routing_cases
from tests.interop.ottl_reference.generate import Generator
from tests.interop.ottl_reference.metric_cases import metric_cases
from tests.interop.ottl_reference.programs import NotToBeHad, Reference, program_of, reference
from tests.interop.ottl_reference.property_cases import property_cases
from tests.interop.ottl_reference.values import Json
from tests.ottl.vector_case import load

pytestmark = pytest.mark.long

SEED = 20_240_229
CASES = 5_000
SHOWN = 10

MAKERS: dict[str, Callable[[int], Iterator[Json]]] = {
    "records": lambda seed: Generator(seed).cases(),
    "paths": lambda seed: Generator(seed).path_cases(),
    "lambdas": lambda seed: Generator(seed).lambda_cases(),
    "log lines": lambda seed: Generator(seed).log_line_cases(),
    "metrics": metric_cases,
    "processors": processor_cases,
    "properties": property_cases,
    "routing": routing_cases,
}


@cache
def built(name: str) -> Reference | str:
    """A reference program, or why there is none; a failed build is not tried again."""
    try:
        return reference(name)
    except NotToBeHad as reason:
        return str(reason)


def compare(cases: Sequence[Json]) -> None:
    """Run cases through both; all have to need the same program."""
    program = built(program_of(cases[0]))
    if isinstance(program, str):
        pytest.skip(f"the reference cannot be had: {program}")
    found = []
    for case, answer in zip(cases, program.run(cases), strict=True):
        assert answer["phase"] != "input", f"{case} is no case: {answer['error']}"
        why = difference(case, answer, engine.run(case))
        if why:
            found.append(f"{_shown(case)}\n    {why}")
    shown = "\n".join(found[:SHOWN])
    assert not found, f"{len(found)} of {len(cases)} cases differ\n{shown}"


def _shown(case: Json) -> str:
    """What is run, without its document."""
    keys = ("id", "context", "statements", "condition", "value_expression", "config")
    return json.dumps({key: case[key] for key in keys if key in case}, ensure_ascii=False)


def vectors(program: str) -> list[Json]:
    """The vectors that a program can run: what no release has, and what deviates, is left out."""
    return [
        case
        for case in load()
        if case.get("verified") and "deviates" not in case and program_of(case) == program
    ]


@pytest.mark.parametrize("program", ["standard", "processors", "routing"])
def test_vectors_give_what_the_reference_gives(program: str) -> None:
    compare(vectors(program))


@pytest.mark.parametrize("kind", MAKERS)
def test_cases_by_chance_give_what_the_reference_gives(kind: str) -> None:
    compare(list(islice(MAKERS[kind](SEED), CASES)))


def in_ottl(case: Json) -> Json | None:
    """The same case with the conditions that are offered for its properties; None without any."""
    try:
        processor = read_filter(case["config"]["filter"])
    except ConfigInvalid:
        return None
    conditions = {
        CONDITIONS_KEY[signal]: [one.ottl for one in asked if isinstance(one, PropertyCondition)]
        for signal, rules in processor.rules.items()
        if (asked := [rule.condition for rule in rules])
    }
    if not all(conditions.values()):
        return None  # conditions from the start
    return {**case, "config": {"filter": conditions}} if conditions else None


def test_the_ottl_offered_for_properties_does_the_same_in_the_reference() -> None:
    program = built("processors")
    if isinstance(program, str):
        pytest.skip(f"the reference cannot be had: {program}")
    cases = list(islice(property_cases(SEED, is_plain=True), CASES))
    pairs = [(case, same) for case in cases if (same := in_ottl(case)) is not None]
    answers = program.run([one for pair in pairs for one in pair])
    found = [
        f"{_shown(case)}\n    {_shown(same)}\n    {why}"
        for (case, same), one, other in zip(pairs, answers[::2], answers[1::2], strict=True)
        if (why := difference(case, one, other))
    ]
    shown = "\n".join(found[:SHOWN])
    assert not found, f"{len(found)} of {len(pairs)} conditions differ\n{shown}"
    assert len(pairs) > CASES // 2
