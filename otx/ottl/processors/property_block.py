"""One `include` or `exclude` of a filter processor's configuration, and what makes checks of it.

A Collector asks for `match_type` only where there is something to compare. What it refuses when it
reads a configuration, and what it refuses when it makes something of it, are kept apart: of blocks
that it does not use it finds the former alone.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from otx.model.frozen import Frozen
from otx.ottl.errors import ExecutionError
from otx.ottl.patterns import compile_regex
from otx.ottl.processors.config import ConfigPath, Problem, Reader
from otx.ottl.processors.properties import (
    OWNERS,
    Check,
    PropertyCondition,
    Texts,
    attribute_check,
    equal_to,
    literal,
    property_condition,
    scalar_text,
)
from otx.ottl.substitution import contains
from otx.ottl.values import Value, wrap_int64
from otx.ottl.yaml_places import as_data, as_text

_REGEXP_KEYS = ("cacheenabled", "cachemaxnumentries")
_PATTERN_NOTE = "bytes, lists and maps never match by properties; IsMatch looks at their text"
_NUMBER_NOTE = "by properties 5 and 5.0 differ; to OTTL they are equal"


_Asked: TypeAlias = tuple[Callable[[Value], bool], Callable[[str], str], str]
"""Whether a value is what is asked for, how OTTL asks that of a path, and where it differs."""


class PropertyRule(Frozen):
    """One condition made of properties.

    Attributes:
        path: Where it stands.
        context: What it runs on.
    """

    path: ConfigPath
    context: str
    condition: PropertyCondition


class Block:
    """One `include` or `exclude`.

    Attributes:
        reader: Gathers what is no configuration.
        faults: Gathers what cannot be matched by.
        path: Where it stands.
        config: What it says.
        type: How it compares: `strict`, `regexp`, `expr`, or what stands there in place of those.
        is_include: Whether what does not match is dropped.
    """

    def __init__(
        self,
        reader: Reader,
        faults: Reader,
        path: ConfigPath,
        config: object,
        keys: Sequence[str],
        idle: list[Problem],
    ) -> None:
        """Look at what a block says, of which `keys` are known; what has no effect gets `idle`."""
        self.reader = reader
        self.faults = faults
        self.path = path
        self.is_include = path[-1] == "include"
        self.config = reader.mapping(path, config, keys)
        self._idle = idle
        self.type = word(reader, (*path, "match_type"), self.config.get("match_type"))
        options = self.config.get("regexp")
        self._has_room = read_regexp_options(reader, (*path, "regexp"), options)
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

    def listed(self, key: str) -> list[tuple[ConfigPath, str]]:
        """The texts of a property with their places.

        A single text is a list with commas between, as the Collector reads it.
        """
        path, value = (*self.path, key), self.config.get(key)
        text = as_data(value)
        if isinstance(text, str):
            return [(path, one) for one in text.split(",")] if text else []
        return self.reader.texts(path, value)

    def compared(self, listed: Sequence[tuple[ConfigPath, str]]) -> Texts | None:
        """Texts, or the regular expressions that they are; None where there is nothing to do."""
        if not listed or not self.knows_type():
            return None
        texts = [text for _, text in listed]
        if self.type == "strict":
            return Texts(texts)
        if not self._has_room:
            self._has_room = True
            place = (*self.path, "regexp", "cachemaxnumentries")
            self.faults.complain(
                place, "a cache has room for one entry or more; 0 is for any number"
            )
        made = []
        for place, text in listed:
            try:
                made.append(compile_regex(text))
            except ExecutionError as error:
                self.faults.complain(place, str(error))
        return Texts(texts, made) if len(made) == len(texts) else None

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
            name = word(self.reader, (*path, "key"), entry.get("key"))
            if not name:
                self.faults.complain(path, "an attribute needs a key")
                continue
            if found := self._value((*path, "value"), _plain(entry.get("value"))):
                made.append(attribute_check(OWNERS[context], owner, name, *found))
        return made

    def _value(self, path: ConfigPath, value: Value) -> _Asked | None:
        """What is asked of an attribute's value; None where something is wrong."""
        if value is None:
            return (lambda _: True), (lambda at: f"{at} != nil"), ""
        if not _is_plain(value):
            self.faults.complain(path, f"{value!r} is no value that an attribute can have")
            return None
        if not self.knows_type():
            return None
        if self.type == "strict":
            return _equality(wrap_int64(value) if type(value) is int else value)
        if type(value) is not str:
            said = f"regexp looks for texts, and {value!r} is none"
            self.faults.complain(path, said, "put it in quotes: numbers are compared as text")
            return None
        texts = self.compared([(path, value)])
        return None if texts is None else _search(texts)

    def rule(self, context: str, checks: Sequence[Check], *below: str) -> list[PropertyRule]:
        """The rule that these checks make; none where there are none."""
        if not checks:
            return []
        condition = property_condition(checks, is_negated=self.is_include)
        return [PropertyRule((*self.path, *below), context, condition)]


def word(reader: Reader, path: ConfigPath, value: object) -> str:
    """A text; "" where there is none."""
    text = as_text(value)
    if text is None or isinstance(text, str):
        return text or ""
    reader.complain(path, f"a text is wanted, not {text!r}", "put it in quotes")
    return ""


def read_regexp_options(reader: Reader, path: ConfigPath, value: object) -> bool:
    """Whether what was matched can be remembered as it is wanted; here that changes nothing."""
    config = reader.mapping(path, value, _REGEXP_KEYS)
    caches = reader.flag((*path, "cacheenabled"), config.get("cacheenabled"))
    most = as_data(config.get("cachemaxnumentries"))
    if most is not None and (isinstance(most, bool) or not isinstance(most, (int, float))):
        reader.complain((*path, "cachemaxnumentries"), f"a number is wanted, not {most!r}")
        return True
    return not caches or most is None or most >= 0


def _equality(value: Value) -> _Asked:
    text = literal(value)
    note = _NUMBER_NOTE if type(value) in (int, float) else ""
    if text is None:  # of a NaN, which nothing equals
        return equal_to(value), (lambda at: f"({at} == nil and {at} != nil)"), note
    return equal_to(value), (lambda at: f"{at} == {text}"), note


def _search(texts: Texts) -> _Asked:
    (pattern,) = texts.patterns

    def fits(found: Value) -> bool:
        text = scalar_text(found)
        return text is not None and contains(pattern, text)

    return fits, (lambda at: texts.asked_of(at)[0]), _PATTERN_NOTE


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
