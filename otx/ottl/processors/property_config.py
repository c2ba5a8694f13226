"""The `include` and `exclude` of a filter processor's configuration, read and checked.

What a Collector refuses when it makes the processor is a problem here, whether or not a pipeline
uses it. It asks for `match_type` only where there is something to match, reads no more than one of
`metric_names` and `expressions`, and wants all `libraries` to be the one scope of a span.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from otx.model.frozen import Frozen
from otx.ottl.contexts.logs import SEVERITY_ENUMS
from otx.ottl.errors import ExecutionError
from otx.ottl.expr_hints import ottl_hint
from otx.ottl.patterns import compile_regex
from otx.ottl.processors.config import ConfigPath, Problem, Reader
from otx.ottl.processors.properties import (
    OWNERS,
    Check,
    PropertyCondition,
    Texts,
    attribute_check,
    body_check,
    equal_to,
    kind_check,
    library_check,
    literal,
    metric_name_check,
    property_condition,
    scalar_text,
    service_check,
    severity_check,
    severity_text_check,
    span_name_check,
)
from otx.ottl.substitution import contains
from otx.ottl.values import Value, wrap_int64
from otx.ottl.yaml_places import as_data, as_text

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
_REGEXP_KEYS = ("cacheenabled", "cachemaxnumentries")
_KINDS = tuple(
    f"SPAN_KIND_{one}" for one in ("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
)
_SEVERITIES = {
    name.removeprefix("SEVERITY_NUMBER_"): number
    for name, number in SEVERITY_ENUMS.items()
    if number
}
_SYMBOLS = {number: name for name, number in SEVERITY_ENUMS.items()}

_PATTERN_NOTE = "bytes, lists and maps never match by properties; IsMatch looks at their text"
_NUMBER_NOTE = "by properties 5 and 5.0 differ; to OTTL they are equal"


class PropertyRule(Frozen):
    """One condition made of properties.

    Attributes:
        path: Where it stands.
        context: What it runs on.
    """

    path: ConfigPath
    context: str
    condition: PropertyCondition


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
    for word in ("include", "exclude"):
        if as_data(config.get(word)) is not None:
            block = _Block(reader, faults, (key, word), config[word], idle)
            rules += _BLOCKS[key](block)
    # Of a metric the resource is asked first, by both blocks.
    rules.sort(key=lambda rule: rule.context != "resource")
    _read_regexp_options(reader, (key, "regexp"), config.get("regexp"))
    return PropertyRules(rules, idle)


class _Block:
    """One `include` or `exclude`.

    Attributes:
        reader: Gathers what is no configuration.
        faults: Gathers what cannot be matched by.
        path: Where it stands.
        config: What it says.
        is_include: Whether what does not match is dropped.
    """

    def __init__(
        self, reader: Reader, faults: Reader, path: ConfigPath, config: object, idle: list[Problem]
    ) -> None:
        self.reader = reader
        self.faults = faults
        self.path = path
        self.is_include = path[-1] == "include"
        known = {"spans": (*_SPAN_KEYS, *_NOT_FOR_SPANS), "metrics": _METRIC_KEYS}
        self.config = reader.mapping(path, config, known.get(str(path[0]), _LOG_KEYS))
        self._idle = idle
        self.type = _word(reader, (*path, "match_type"), self.config.get("match_type"))
        options = self.config.get("regexp")
        self._has_room = _read_regexp_options(reader, (*path, "regexp"), options)
        self._has_refused_type = False

    def has(self, key: str) -> bool:
        """Whether a list has something in it."""
        return bool(as_data(self.config.get(key)))

    def say(self, path: ConfigPath, text: str, hint: str = "") -> None:
        """Take note of what has no effect."""
        self._idle.append(Problem(path, text, hint, is_key=True))

    def fault(self, text: str, hint: str = "") -> None:
        """Complain of the block as a whole."""
        self.faults.problems.append(Problem(self.path, text, hint, is_key=True))

    def texts(self, key: str) -> Texts | None:
        """The texts of a property, ready to be compared; None where there are none."""
        path = (*self.path, key)
        given = _text_list(self.reader, path, self.config.get(key))
        return self.compared([at for at, _ in given], [text for _, text in given])

    def compared(self, places: Sequence[ConfigPath], texts: Sequence[str]) -> Texts | None:
        """Texts, or the regular expressions that they are; None where there is nothing to do."""
        if not texts or not self.knows_type():
            return None
        if self.type == "strict":
            return Texts(tuple(dict.fromkeys(texts)))
        if not self._has_room:
            self._has_room = True
            place = (*self.path, "regexp", "cachemaxnumentries")
            self.faults.complain(
                place, "a cache has room for one entry or more; 0 is for any number"
            )
        made = []
        for place, text in zip(places, texts, strict=True):
            try:
                made.append(compile_regex(text))
            except ExecutionError as error:
                self.faults.complain(place, str(error))
        different = tuple(dict.fromkeys(texts))
        return Texts(different, tuple(made)) if len(made) == len(texts) else None

    def knows_type(self) -> bool:
        """Whether there is a way to match; the first time that there is none it is a problem."""
        if self.type in ("strict", "regexp"):
            return True
        if not self._has_refused_type:
            self._has_refused_type = True
            said = (
                f"{self.type!r} is none of strict, regexp" if self.type else "match_type is missing"
            )
            at = (*self.path, "match_type") if "match_type" in self.config else self.path
            self.faults.complain(at, said)
        return False

    def attributes(self, key: str, context: str, owner: str) -> list[Check]:
        """The checks of a list of attributes."""
        made = []
        for at, one in enumerate(self.reader.sequence((*self.path, key), self.config.get(key))):
            path = (*self.path, key, at)
            entry = self.reader.mapping(path, one, ("key", "value"))
            name = _word(self.reader, (*path, "key"), entry.get("key"))
            if not name:
                self.faults.complain(path, "an attribute needs a key")
                continue
            if found := self._value((*path, "value"), _plain(entry.get("value"))):
                fits, asked, note = found
                made.append(attribute_check(OWNERS[context], owner, name, fits, asked, note))
        return made

    def _value(
        self, path: ConfigPath, value: Value
    ) -> tuple[Callable[[Value], bool], str, str] | None:
        """What is asked of an attribute's value; None where something is wrong."""
        if value is None:
            return (lambda _: True), "{} != nil", ""
        if not _is_plain(value):
            self.faults.complain(path, f"{value!r} is no value that an attribute can have")
            return None
        if not self.knows_type():
            return None
        if self.type == "strict":
            value = wrap_int64(value) if type(value) is int else value
            text = literal(value)
            asked = "false" if text is None else f"{{}} == {text}"
            return equal_to(value), asked, _NUMBER_NOTE if type(value) in (int, float) else ""
        if type(value) is not str:
            said = f"regexp looks for texts, and {value!r} is none"
            self.faults.complain(path, said, "put it in quotes: numbers are compared as text")
            return None
        texts = self.compared([path], [value])
        if texts is None:
            return None
        pattern = texts.patterns[0]

        def fits(found: Value) -> bool:
            text = scalar_text(found)
            return text is not None and contains(pattern, text)

        return fits, texts.asked_of("{}")[0], _PATTERN_NOTE

    def rule(self, context: str, checks: Sequence[Check], *below: str) -> list[PropertyRule]:
        """The rule that these checks make; none where there are none."""
        if not checks:
            return []
        condition = property_condition(checks, is_negated=self.is_include)
        return [PropertyRule((*self.path, *below), context, condition)]


def _spans(block: _Block) -> list[PropertyRule]:
    for key in _NOT_FOR_SPANS:
        given = as_data(block.config.get(key))
        if given if key != "log_severity_number" else given is not None:
            block.faults.complain((*block.path, key), "spans have no such property")
    named = ("services", "span_names", "span_kinds", "attributes", "resources", "libraries")
    if not any(map(block.has, named)):
        block.fault(f"one of {', '.join(named)} is needed")
        return []
    checks = []
    if services := block.texts("services"):
        checks.append(service_check(services))
    if names := block.texts("span_names"):
        checks.append(span_name_check(names))
    if kinds := block.texts("span_kinds"):
        for at, one in enumerate(kinds.texts):
            if block.type == "strict" and one not in _KINDS:
                place = (*block.path, "span_kinds", at)
                block.faults.complain(place, f"{one!r} is none of {', '.join(_KINDS)}")
        checks.append(kind_check(kinds))
    checks += _libraries(block)
    checks += block.attributes("resources", "span", "resource")
    checks += block.attributes("attributes", "span", "span")
    return block.rule("span", checks)


def _libraries(block: _Block) -> list[Check]:
    path = (*block.path, "libraries")
    checks = []
    names = set()
    for at, one in enumerate(block.reader.sequence(path, block.config.get("libraries"))):
        entry = block.reader.mapping((*path, at), one, ("name", "version"))
        for key in ("name", "version"):
            place = (*path, at, key)
            text = _word(block.reader, place, entry.get(key))
            if key == "version" and as_data(entry.get(key)) is None:
                continue
            texts = block.compared([place], [text])
            if texts is not None:
                checks.append(library_check(key, texts))
            if key == "name":
                names.add(text)
    if len(names) > 1 and block.type == "strict":
        said = "a span would have to be of all of them, and is of one"
        block.say(path, said, "a condition with `or` asks for one of them")
    return checks


def _metrics(block: _Block) -> list[PropertyRule]:
    of_resource = block.attributes("resource_attributes", "resource", "resource")
    rules = block.rule("resource", of_resource, "resource_attributes")
    asked = "expressions" if block.type == "expr" else "metric_names"
    other = "metric_names" if asked == "expressions" else "expressions"
    if block.has(other):
        said = f"it is not read under match_type {block.type}"
        block.say((*block.path, other), said)
    if asked == "expressions":
        for place, text in _text_list(block.reader, (*block.path, asked), block.config.get(asked)):
            said = f"the expressions of match_type expr are not run: {text}"
            block.faults.complain(place, said, ottl_hint(text, is_include=block.is_include))
    elif names := block.texts(asked):
        rules += block.rule("metric", [metric_name_check(names)], asked)
    if not rules and not block.has(asked):
        block.say(block.path, "it matches by nothing, and drops nothing")
    return rules


def _logs(block: _Block) -> list[PropertyRule]:
    checks = []
    if bodies := block.texts("bodies"):
        checks.append(body_check(bodies))
    if texts := block.texts("severity_texts"):
        checks.append(severity_text_check(texts))
    if as_data(block.config.get("severity_number")) is not None:
        checks.append(_severity(block))
    checks += block.attributes("resource_attributes", "log", "resource")
    checks += block.attributes("record_attributes", "log", "log")
    if not checks and not any(map(block.has, _LOG_KEYS[1:])):
        block.say(block.path, "it matches by nothing, and drops nothing")
    return block.rule("log", checks)


def _severity(block: _Block) -> Check:
    path = (*block.path, "severity_number")
    config = block.reader.mapping(path, block.config["severity_number"], _SEVERITY_KEYS)
    name = _word(block.reader, (*path, "min"), config.get("min"))
    undefined = block.reader.flag((*path, "match_undefined"), config.get("match_undefined"))
    least = _SEVERITIES.get(name.upper(), 0)
    if name.isascii() and name.isdigit() and str(int(name)) == name:
        least = int(name) if int(name) in _SYMBOLS else 0
    if name and not least:
        said = f"{name!r} is no severity: those are {', '.join(_SEVERITIES)}, and 1 to 24 as texts"
        block.faults.complain((*path, "min"), said)
    return severity_check(least, _SYMBOLS[least], undefined_fits=undefined)


_BLOCKS: Mapping[str, Callable[[_Block], list[PropertyRule]]] = {
    "spans": _spans,
    "metrics": _metrics,
    "logs": _logs,
}


def _text_list(reader: Reader, path: ConfigPath, value: object) -> list[tuple[ConfigPath, str]]:
    """A list of texts; a single text is one with commas between them, as the Collector has it."""
    text = as_data(value)
    if isinstance(text, str):
        return [(path, one) for one in text.split(",")] if text else []
    return reader.texts(path, value)


def _word(reader: Reader, path: ConfigPath, value: object) -> str:
    """A text; "" where there is none."""
    text = as_text(value)
    if text is None or isinstance(text, str):
        return text or ""
    reader.complain(path, f"a text is wanted, not {text!r}", "put it in quotes")
    return ""


def _read_regexp_options(reader: Reader, path: ConfigPath, value: object) -> bool:
    """Whether what was matched can be remembered as it is wanted; here that changes nothing."""
    config = reader.mapping(path, value, _REGEXP_KEYS)
    caches = reader.flag((*path, "cacheenabled"), config.get("cacheenabled"))
    most = as_data(config.get("cachemaxnumentries"))
    if most is not None and (isinstance(most, bool) or not isinstance(most, (int, float))):
        reader.complain((*path, "cachemaxnumentries"), f"a number is wanted, not {most!r}")
        return True
    return not caches or most is None or most >= 0


def _plain(value: object) -> object:
    """A value with all variables in it as YAML reads them."""
    value = as_data(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {as_text(key): _plain(one) for key, one in value.items()}
    return value


def _is_plain(value: object) -> bool:
    """Whether YAML's value is one of OTLP's."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    return value is None or type(value) in (str, bool, int, float)
