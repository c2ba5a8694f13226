"""Properties that records are matched by: the filter processor's form from before it knew OTTL.

Each property is a check that runs as the Collector runs it, and that has a text: the OTTL that asks
the same. That text names the rule where rules are told of, and is what to write instead. The two
are of one mind about texts and numbers; where they are not, a check has a note.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from otx.model.frozen import Frozen
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.logs import LOG
from otx.ottl.contexts.metrics import METRIC
from otx.ottl.contexts.resources import RESOURCE
from otx.ottl.contexts.spans import SPAN, SPAN_ENUMS
from otx.ottl.go_strconv import format_float
from otx.ottl.literals import quote
from otx.ottl.program import CompiledCondition
from otx.ottl.substitution import contains
from otx.ottl.value_json import as_string
from otx.ottl.values import Value, is_map

NO_SERVICE = "<nil-service-name>"
"""What the Collector compares where a resource has no `service.name`."""

MOST_SHOWN = 4
"""Alternatives of one property that people are shown: lists of names may have hundreds."""

_MISSING: Any = object()
_KIND_NAMES = {number: name for name, number in SPAN_ENUMS.items() if name.startswith("SPAN_KIND")}


class Check(Frozen):
    """One property that a record has to have.

    Attributes:
        path: What is looked at, as OTTL names it.
        alternatives: OTTL conditions of which one has to be true.
        look: What a record has there.
        fits: Whether that is what is asked for.
        note: Where the OTTL decides otherwise; "" where it never does.
    """

    path: str
    alternatives: tuple[str, ...]
    look: Callable[[Any], Value]
    fits: Callable[[Value], bool]
    note: str = ""

    def seen(self, record: Any) -> Value:
        """What a record has there, for people; None where it has nothing."""
        value = self.look(record)
        return None if value is _MISSING else value


class PropertyCondition(CompiledCondition):
    """A condition made of properties, all of which a record has to have.

    Its text is for people, and leaves out most of what a long list names.

    Attributes:
        checks: They, in the order in which they are asked.
        is_negated: Whether it holds for the records that lack one.
        ottl: The condition as it can be written instead.
    """

    checks: Sequence[Check]
    is_negated: bool
    ottl: str


class Texts:
    """Texts or regular expressions, one of which has to fit.

    Attributes:
        texts: As they are written.
        patterns: The compiled expressions; () for plain texts.
    """

    __slots__ = ("_set", "patterns", "texts")

    def __init__(self, texts: Sequence[str], patterns: Sequence[Any] = ()) -> None:
        """Take texts, and what is compiled of them where they are expressions; each once."""
        self.texts = tuple(dict.fromkeys(texts))
        self.patterns = tuple(dict.fromkeys(patterns))
        self._set = frozenset(texts)

    def fit(self, text: str) -> bool:
        """Whether a text is one of them, or an expression is found in it."""
        if self.patterns:
            return any(contains(pattern, text) for pattern in self.patterns)
        return text in self._set

    def asked_of(self, path: str) -> tuple[str, ...]:
        """The OTTL conditions that ask for each at a path."""
        if self.patterns:
            return tuple(f"IsMatch({path}, {quote(text)})" for text in self.texts)
        return tuple(f"{path} == {quote(text)}" for text in self.texts)


def property_condition(checks: Sequence[Check], *, is_negated: bool) -> PropertyCondition:
    """The condition that a record has all of some properties, or that it lacks one."""
    tests = [(one.look, one.fits) for one in checks]

    def holds(record: Any) -> bool:
        return all(fits(look(record)) for look, fits in tests) is not is_negated

    def joined(most: int) -> str:
        text = " and ".join(
            alternatives_text(one, most, is_alone=len(checks) == 1) for one in checks
        )
        return f"not ({text})" if is_negated else text

    every = max((len(one.alternatives) for one in checks), default=0)
    return PropertyCondition(joined(MOST_SHOWN), holds, checks, is_negated, joined(every))


def alternatives_text(check: Check, most: int = MOST_SHOWN, *, is_alone: bool = False) -> str:
    """A check as OTTL, fit to stand between `and` unless it is alone.

    Args:
        check: The check.
        most: Alternatives that are written; the others are counted.
        is_alone: Whether nothing stands beside it.
    """
    asked = check.alternatives
    if len(asked) > most:
        asked = (*asked[:most], f"… ({len(asked) - most} more)")
    text = " or ".join(asked)
    return text if is_alone or len(asked) == 1 else f"({text})"


def service_check(texts: Texts) -> Check:
    """`services`: of the resource's `service.name`, whatever kind of value that is."""
    path = 'resource.attributes["service.name"]'
    absent = (f"{path} == nil",) if texts.fit(NO_SERVICE) else ()
    attributes = _getter(SPAN, "resource", "attributes")

    def fits(value: Value) -> bool:
        return texts.fit(NO_SERVICE if value is _MISSING else as_string(value))

    return Check(
        path,
        (*absent, *texts.asked_of(path)),
        lambda record: attributes(record).get("service.name", _MISSING),
        fits,
    )


def kind_check(texts: Texts) -> Check:
    """`span_kinds`: the name that the kind has in the protocol, "" for a number without one."""
    path = "span.kind"
    names = [name for name in _KIND_NAMES.values() if texts.fit(name)]
    asked = [f"{path} == {name}" for name in names]
    if texts.fit(""):
        asked.append(f"{path} > SPAN_KIND_CONSUMER")
    # A condition without a path has no context that can be inferred.
    if len(asked) > len(_KIND_NAMES):
        asked = [f"{path} >= SPAN_KIND_UNSPECIFIED"]
    elif not asked:
        asked = [f"{path} < SPAN_KIND_UNSPECIFIED"]
    look = _getter(SPAN, "span", "kind")
    return Check(path, tuple(asked), look, lambda value: texts.fit(_KIND_NAMES.get(value, "")))


def text_check(context: Context, owner: str, section: str, texts: Texts) -> Check:
    """A text of a record or of what it lies in: `span.name`, `scope.version`."""
    path = f"{owner}.{section}"
    return Check(path, texts.asked_of(path), _getter(context, owner, section), texts.fit)


def span_name_check(texts: Texts) -> Check:
    """`span_names`."""
    return text_check(SPAN, "span", "name", texts)


def metric_name_check(texts: Texts) -> Check:
    """`metric_names`."""
    return text_check(METRIC, "metric", "name", texts)


def severity_text_check(texts: Texts) -> Check:
    """`severity_texts`."""
    return text_check(LOG, "log", "severity_text", texts)


def library_check(section: str, texts: Texts) -> Check:
    """The name or version of `libraries`."""
    return text_check(SPAN, "scope", section, texts)


def body_check(texts: Texts) -> Check:
    """`bodies`: of a body as text, whatever kind of value it is."""
    body = _getter(LOG, "log", "body")
    path = "log.body.string"
    return Check(path, texts.asked_of(path), body, lambda value: texts.fit(as_string(value)))


def severity_check(least: int, symbol: str, *, undefined_fits: bool) -> Check:
    """`severity_number`.

    Args:
        least: The lowest number that fits; 0 where none is asked for.
        symbol: Its enum symbol.
        undefined_fits: Whether a record without a number fits.
    """
    path, unspecified = "log.severity_number", "SEVERITY_NUMBER_UNSPECIFIED"
    if least == 0:
        asked: tuple[str, ...] = (f"{path} {'>=' if undefined_fits else '>'} {unspecified}",)
    else:
        asked = (f"{path} >= {symbol}",)
        asked = (f"{path} == {unspecified}", *asked) if undefined_fits else asked

    def fits(number: int) -> bool:
        return undefined_fits if number == 0 else number >= least

    return Check(path, asked, _getter(LOG, "log", "severity_number"), fits)


def attribute_check(
    context: Context,
    owner: str,
    key: str,
    fits: Callable[[Value], bool],
    asked_of: Callable[[str], str],
    note: str = "",
) -> Check:
    """An attribute, which has to be there.

    Args:
        context: What the rule runs on.
        owner: Whose attribute it is: the context's own name or `resource`.
        key: The attribute's key.
        fits: Whether a value is what is asked for.
        asked_of: What OTTL asks of it, given its path.
        note: Where the OTTL decides otherwise.
    """
    path = f"{owner}.attributes[{quote(key)}]"
    attributes = _getter(context, owner, "attributes")
    return Check(
        path,
        (asked_of(path),),
        lambda record: attributes(record).get(key, _MISSING),
        lambda value: value is not _MISSING and fits(value),
        note,
    )


def scalar_text(value: Value) -> str | None:
    """The text that a regular expression is asked of; None for what is never found."""
    kind = type(value)
    if kind is str:
        text: str = value
        return text
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return format_float(value, "f")
    return str(value) if kind is int else None


def equal_to(wanted: Value) -> Callable[[Value], bool]:
    """Whether a value is of the same kind and the same; a NaN is only so within lists and maps."""
    if type(wanted) in (str, bool, int, float):
        return lambda value: type(value) is type(wanted) and value == wanted
    form = _form(wanted)
    return lambda value: _form(value) == form


def _form(value: Value) -> object:
    """Something that is equal for equal values, with kinds and bits of doubles kept apart."""
    if type(value) is float:
        return "double", struct.pack("<d", value)
    if type(value) is list:
        return "list", tuple(map(_form, value))
    if is_map(value):
        return "map", frozenset((key, _form(one)) for key, one in value.items())
    return type(value), value


def literal(value: Value) -> str | None:
    """A value as OTTL writes it; None where it has no way to."""
    if value is None:
        return "nil"
    if type(value) is str:
        return quote(value)
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float:
        text = format_float(value, "f")
        is_plain = text.lstrip("-").isdigit()
        return f"{text}.0" if is_plain else text if text[-1:].isdigit() else None
    if type(value) is list:
        parts = [literal(one) for one in value]
        return None if None in parts else f"[{', '.join(filter(None, parts))}]"
    if is_map(value):
        entries = {key: literal(one) for key, one in value.items()}
        if None in entries.values():
            return None
        return f"{{{', '.join(f'{quote(key)}: {text}' for key, text in entries.items())}}}"
    return str(value)


def _getter(context: Context, owner: str, section: str) -> Callable[[Any], Value]:
    accessor = context.find(owner, section)
    assert accessor is not None  # noqa: S101 - the names above are those of the contexts
    return accessor.get


OWNERS: dict[str, Context] = {"span": SPAN, "log": LOG, "resource": RESOURCE}
"""The contexts that a rule of attributes runs on."""
