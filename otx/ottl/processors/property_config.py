"""The `include` and `exclude` of a filter processor's configuration, read and checked.

What a Collector refuses when it makes the processor is a problem here, whether or not a pipeline
uses it. It reads no more than one of `metric_names` and `expressions`, and wants all `libraries` to
be the one scope of a span.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from otx.model.frozen import Frozen
from otx.ottl.contexts.logs import SEVERITY_ENUMS
from otx.ottl.expr_hints import ottl_hint
from otx.ottl.processors.config import Problem, Reader
from otx.ottl.processors.properties import (
    Check,
    body_check,
    kind_check,
    library_check,
    metric_name_check,
    service_check,
    severity_check,
    severity_text_check,
    span_name_check,
)
from otx.ottl.processors.property_block import (
    Block,
    PropertyRule,
    read_regexp_options,
    word,
)
from otx.ottl.yaml_places import as_data

_SPAN_KEYS = (
    *("match_type", "regexp", "services", "span_names", "span_kinds"),
    *("attributes", "resources", "libraries"),
)
_NOT_FOR_SPANS = ("log_bodies", "log_severity_texts", "log_severity_number", "metric_names")
_METRIC_KEYS = ("match_type", "regexp", "metric_names", "expressions", "resource_attributes")
_LOG_KEYS = (
    *("match_type", "resource_attributes", "record_attributes"),
    *("severity_texts", "severity_number", "bodies"),
)
_SEVERITY_KEYS = ("min", "match_undefined")
_KINDS = tuple(
    f"SPAN_KIND_{one}" for one in ("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
)
_SEVERITIES = {
    name.removeprefix("SEVERITY_NUMBER_"): number
    for name, number in SEVERITY_ENUMS.items()
    if number
}
_NUMBERS = {str(number): number for number in _SEVERITIES.values()}
_SYMBOLS = {number: name for name, number in SEVERITY_ENUMS.items()}


class PropertyRules(Frozen):
    """What a signal is matched by.

    Attributes:
        rules: In the order in which they are asked of a record.
        idle: What of it the Collector does not look at, or what never matches.
    """

    rules: Sequence[PropertyRule] = ()
    idle: Sequence[Problem] = ()


def read_properties(
    reader: Reader, key: str, config: Mapping[str, Any], *, is_used: bool = True
) -> PropertyRules:
    """The rules of `spans`, `metrics` or `logs`; what is wrong with them is told to the reader.

    Args:
        reader: Gathers problems.
        key: Which of the three.
        config: What stands there.
        is_used: Whether a Collector makes anything of it; where it does not, only keys and kinds of
            values are looked at.
    """
    faults = reader if is_used else Reader(reader.functions)
    rules: list[PropertyRule] = []
    idle: list[Problem] = []
    for side in ("include", "exclude"):
        if as_data(config.get(side)) is not None:
            keys, rules_of = _SIGNALS[key]
            rules += rules_of(Block(reader, faults, (key, side), config[side], keys, idle))
    # Of a metric the resource is asked first, by both blocks.
    rules.sort(key=lambda rule: rule.context != "resource")
    read_regexp_options(reader, (key, "regexp"), config.get("regexp"))
    return PropertyRules(rules, idle)


def _spans(block: Block) -> list[PropertyRule]:
    for key in _NOT_FOR_SPANS:
        given = as_data(block.config.get(key))
        if given if key != "log_severity_number" else given is not None:
            block.faults.complain((*block.path, key), "spans have no such property")
    named = ("services", "span_names", "span_kinds", "attributes", "resources", "libraries")
    if not any(map(block.has, named)):
        block.fault(f"one of {', '.join(named)} is needed")
        return []
    checks = []
    if services := block.compared(block.listed("services")):
        checks.append(service_check(services))
    if names := block.compared(block.listed("span_names")):
        checks.append(span_name_check(names))
    checks += _kinds(block)
    checks += _libraries(block)
    checks += block.attributes("resources", "span", "resource")
    checks += block.attributes("attributes", "span", "span")
    return block.rule("span", checks)


def _kinds(block: Block) -> list[Check]:
    listed = block.listed("span_kinds")
    for place, one in listed if block.type == "strict" else ():
        if one not in _KINDS:
            block.faults.complain(place, f"{one!r} is none of {', '.join(_KINDS)}")
    kinds = block.compared(listed)
    return [kind_check(kinds)] if kinds else []


def _libraries(block: Block) -> list[Check]:
    path = (*block.path, "libraries")
    checks = []
    names = set()
    for at, one in enumerate(block.reader.sequence(path, block.config.get("libraries"))):
        entry = block.reader.mapping((*path, at), one, ("name", "version"))
        for key in ("name", "version"):
            place = (*path, at, key)
            text = word(block.reader, place, entry.get(key))
            if key == "version" and as_data(entry.get(key)) is None:
                continue
            texts = block.compared([(place, text)])
            if texts is not None:
                checks.append(library_check(key, texts))
            if key == "name":
                names.add(text)
    if len(names) > 1 and block.type == "strict":
        said = "a span would have to be of all of them, and is of one"
        block.say(path, said, "a condition with `or` asks for one of them")
    return checks


def _metrics(block: Block) -> list[PropertyRule]:
    of_resource = block.attributes("resource_attributes", "resource", "resource")
    rules = block.rule("resource", of_resource, "resource_attributes")
    asked = "expressions" if block.type == "expr" else "metric_names"
    other = "metric_names" if asked == "expressions" else "expressions"
    if block.has(other):
        said = f"it is not read under match_type {block.type}"
        block.say((*block.path, other), said)
    if asked == "expressions":
        for place, text in block.listed(asked):
            said = f"the expressions of match_type expr are not run: {text}"
            block.faults.complain(place, said, ottl_hint(text, is_include=block.is_include))
    elif names := block.compared(block.listed(asked)):
        rules += block.rule("metric", [metric_name_check(names)], asked)
    if not rules and not block.has(asked):
        block.say(block.path, "it matches by nothing, and drops nothing")
    return rules


def _logs(block: Block) -> list[PropertyRule]:
    checks = []
    if bodies := block.compared(block.listed("bodies")):
        checks.append(body_check(bodies))
    if texts := block.compared(block.listed("severity_texts")):
        checks.append(severity_text_check(texts))
    if as_data(block.config.get("severity_number")) is not None:
        checks.append(_severity(block))
    checks += block.attributes("resource_attributes", "log", "resource")
    checks += block.attributes("record_attributes", "log", "log")
    if not checks and not any(map(block.has, _LOG_KEYS[1:])):
        block.say(block.path, "it matches by nothing, and drops nothing")
    return block.rule("log", checks)


def _severity(block: Block) -> Check:
    path = (*block.path, "severity_number")
    config = block.reader.mapping(path, block.config["severity_number"], _SEVERITY_KEYS)
    name = word(block.reader, (*path, "min"), config.get("min"))
    undefined = block.reader.flag((*path, "match_undefined"), config.get("match_undefined"))
    least = _SEVERITIES.get(name.upper()) or _NUMBERS.get(name, 0)
    if name and not least:
        said = f"{name!r} is no severity: those are {', '.join(_SEVERITIES)}, and 1 to 24 as texts"
        block.faults.complain((*path, "min"), said)
    return severity_check(least, _SYMBOLS[least], undefined_fits=undefined)


_SIGNALS: Mapping[str, tuple[Sequence[str], Callable[[Block], list[PropertyRule]]]] = {
    "spans": ((*_SPAN_KEYS, *_NOT_FOR_SPANS), _spans),
    "metrics": (_METRIC_KEYS, _metrics),
    "logs": (_LOG_KEYS, _logs),
}
"""The keys of a block of each, and what makes rules of it."""
