"""The search language of the trace and log lists, compiled to SQL with bound parameters.

    checkout                     the word occurs somewhere
    "deadline exceeded"          the phrase does
    service:cart status:error    a field has a value; all terms must hold
    -status:ok                   ... must not
    duration:>200ms  severity:>=warn   compared
    name:GET*                    * stands for anything
    @order.id:8812  attr.k=v     an attribute of the record or its resource
    resource.host.name:web-1     an attribute of the resource

A term holds for one span or one log record; a trace matches when one of its spans matches all.
Names and words are compared without regard to case, attribute values with it. `=` may stand for
the first `:`.
"""

import json
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.errors import UsageError
from otx.model.units import parse_duration_ns
from otx.store.errors import SearchError

Operator: TypeAlias = Literal["=", ">", ">=", "<", "<="]
RecordKind: TypeAlias = Literal["spans", "logs"]
Parameter: TypeAlias = str | int | float

_TERM = re.compile(
    r"""(?P<not>-)?
        (?: (?P<name> (?:resource\.)?@"(?:[^"\\]|\\.)*" | @?[^\s:="<>@-][^\s:="<>]* )
            (?P<separator>[:=]) (?P<operator>>=|<=|>|<)?
        )?
        (?P<value> "(?:[^"\\]|\\.)*" | [^\s"]* )""",
    re.VERBOSE,
)

SEVERITIES = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
"""Severity words and the first number of each (logs data model, SeverityNumber)."""
_SEVERITY_ALIASES = {"warning": "warn", "information": "info", "critical": "fatal", "err": "error"}

_EXACT = {
    "spans": {
        "service": "service",
        "status": "status",
        "kind": "kind",
        "span": "span_id",
        "parent": "parent_span_id",
        "trace": "trace_id",
    },
    "logs": {"service": "service", "trace": "trace_id", "span": "span_id"},
}
_CONTAINED = {
    "spans": {"name": "name", "message": "status_message", "scope": "scope"},
    "logs": {"body": "body", "message": "body", "event": "event_name", "scope": "scope"},
}
_WORD_COLUMNS = {
    "spans": ("name", "service", "status_message", "trace_id"),
    "logs": ("body", "service", "event_name", "trace_id"),
}
_JSON_COLUMNS = {"spans": ("attributes",), "logs": ("attributes", "body")}
"""Where words are searched for as JSON has them: a body may be a map."""
_RESOURCE = "resource."
_WITH_UNIT = re.compile(r"-?\d+(\.\d+)?[A-Za-zµ%]+")
FIELDS = tuple(
    sorted({*_EXACT["spans"], *_CONTAINED["spans"], *_CONTAINED["logs"], "duration", "severity"})
)
"""What may stand before the colon."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the rows of one table: SQL with a `?` for each parameter."""

    sql: str
    parameters: tuple[Parameter, ...] = ()

    def since(self, column: str, unix_nano: int | None) -> "Condition":
        """The same, and a time that is no earlier than another; None leaves it as it is."""
        if unix_nano is None:
            return self
        later = f"{column} >= make_timestamp_ns(?)"
        sql = later if self.sql == "true" else f"{self.sql} AND {later}"
        return Condition(sql, (*self.parameters, unix_nano))


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must hold, or with `negated` must not.

    Attributes:
        name: The field, `@` and the key for an attribute (`resource.@` for one of the resource),
            "" for a word.
        value: The text compared with, without quotes.
        quoted: Whether the value was quoted, so that `*` in it is just a star.
        position: Where the term starts in the expression.
    """

    name: str
    operator: Operator
    value: str
    negated: bool = False
    quoted: bool = False
    position: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed search expression. Without terms it holds for everything."""

    terms: tuple[Term, ...] = ()
    text: str = ""

    def condition(self, kind: RecordKind) -> Condition:
        """The condition on rows of `spans` or `logs`.

        Raises:
            SearchError: A field is none of that table.
        """
        parts = [_compile(term, kind, self.text) for term in self.terms]
        if not parts:
            return Condition("true")
        sql = " AND ".join(
            f"NOT coalesce({part.sql}, false)" if term.negated else f"({part.sql})"
            for term, part in zip(self.terms, parts, strict=True)
        )
        return Condition(sql, tuple(value for part in parts for value in part.parameters))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Attributes and the values that each of them has in every record that matches."""
        return tuple(
            (term.name.removeprefix(_RESOURCE)[1:], term.value)
            for term in self.terms
            if _is_attribute(term.name)
            and term.operator == "="
            and not term.negated
            and not _has_star(term)
        )

    def __str__(self) -> str:
        return " ".join(format_term(term) for term in self.terms)


EVERYTHING = Search()


def parse_search(text: str) -> Search:
    """Parse a search expression.

    Raises:
        SearchError: It cannot be understood; says where.
    """
    terms: list[Term] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        term, position = _parse_term(text, position)
        terms.append(term)
    return Search(tuple(terms), text)


def format_term(term: Term) -> str:
    """A term as it would be typed; parsing it gives the term back."""
    value = term.value
    plain = value and not term.quoted and not re.search(r'[\s"\\]', value)
    if not term.name:
        plain = plain and not re.match(r"-|[^\s:=]*[:=]", value)
    elif term.operator == "=":
        plain = plain and not re.match(r"[<>]", value)
    shown = value if plain else _quote(value)
    name = term.name
    if _is_attribute(name):
        group, _, key = name.partition("@")
        is_plain = re.fullmatch(r'[^\s:="<>@-][^\s:="<>]*', key)
        name = f"{group or '@'}{key}" if is_plain else f"{group}@{_quote(key)}"
    operator = "" if term.operator == "=" else term.operator
    field = f"{name}:{operator}" if name else ""
    return f"{'-' if term.negated else ''}{field}{shown}"


def _parse_term(text: str, position: int) -> tuple[Term, int]:
    match = _TERM.match(text, position)
    if match is None or match.end() == position:
        raise SearchError("a quote is not closed", text, position)
    rest = text[match.end() : match.end() + 1]
    if rest and not rest.isspace():
        raise SearchError("a quote is not closed or stands in a word", text, match.end())
    raw, name = match["value"], match["name"] or ""
    quoted = raw.startswith('"')
    value = _unquote(raw) if quoted else raw
    if not value and not quoted:
        raise SearchError("something to search for is missing", text, match.end())
    operator = _operator(match["operator"])
    name = _known_field(name, text, match.start("name"))
    term = Term(name, operator, value, bool(match["not"]), quoted, match.start())
    _check_value(term, text, match.start("value"))
    return term, match.end()


def _operator(text: str | None) -> Operator:
    for operator in (">=", "<=", ">", "<"):
        if text == operator:
            return operator
    return "="


def _known_field(name: str, text: str, position: int) -> str:
    group, at, key = name.partition("@")
    if at and group in ("", _RESOURCE):
        plain = _unquote(key) if key.startswith('"') else key
        return f"{group}@{plain}"
    for prefix, of in (("attr.", ""), ("attributes.", ""), (_RESOURCE, _RESOURCE)):
        if name.startswith(prefix) and len(name) > len(prefix):
            return f"{of}@{name.removeprefix(prefix)}"
    if not name:
        return name
    if name.lower() not in FIELDS:
        raise SearchError(
            f"no field {name!r}",
            text,
            position,
            hint=f"fields: {', '.join(FIELDS)}, @ATTRIBUTE; quote the text to search for it",
        )
    return name.lower()


def _check_value(term: Term, text: str, position: int) -> None:
    """Refuse a value its field cannot have, while the place is known."""
    try:
        if term.name == "duration":
            parse_duration_ns(term.value)
        elif term.name == "severity":
            _severity_number(term.value)
        elif _is_attribute(term.name):
            _check_number(term)
        elif term.operator != "=":
            raise UsageError(f"{term.name or 'a word'} cannot be compared with {term.operator}")
    except UsageError as error:
        raise SearchError(error.message, text, position, error.hint) from None


def _check_number(term: Term) -> None:
    """Refuse to compare `>200ms`: as a text 9 would be above it."""
    is_compared = term.operator != "=" and not term.quoted
    if is_compared and _WITH_UNIT.fullmatch(term.value) and not _is_number(term.value):
        raise UsageError(
            "an attribute is compared as a number, which has no unit",
            hint="write it in the attribute's own unit; in quotes it is compared as a text",
        )


def _compile(term: Term, kind: RecordKind, text: str) -> Condition:
    if not term.name:
        return _word(term.value.lower(), kind)
    if _is_attribute(term.name):
        return _attribute(term)
    if term.name == "duration" and kind == "spans":
        return Condition(f"duration_ns {term.operator} ?", (parse_duration_ns(term.value),))
    if term.name == "severity" and kind == "logs":
        return _severity(term)
    if (column := _EXACT[kind].get(term.name)) is not None:
        if column.endswith("_id") and not _has_star(term):
            return Condition(f"starts_with({column}, ?)", (term.value.lower(),))
        return _pattern(column, term) or Condition(f"lower({column}) = ?", (term.value.lower(),))
    if (column := _CONTAINED[kind].get(term.name)) is not None:
        contains = Condition(f"contains(lower({column}), ?)", (term.value.lower(),))
        return _pattern(column, term) or contains
    what = "a span" if kind == "spans" else "a log record"
    raise SearchError(f"{term.name} is no field of {what}", text, term.position)


def _word(text: str, kind: RecordKind) -> Condition:
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    plain = [(name, text) for name in _WORD_COLUMNS[kind]]
    columns = [*plain, *((name, escaped) for name in _JSON_COLUMNS[kind])]
    found = dict.fromkeys(columns)  # a body once, where both forms are the same
    sql = " OR ".join(f"contains(lower({name}), ?)" for name, _ in found)
    return Condition(sql, tuple(words for _, words in found))


def _is_attribute(name: str) -> bool:
    return name.removeprefix(_RESOURCE).startswith("@")


def _attribute(term: Term) -> Condition:
    group, _, key = term.name.partition("@")
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    columns = ("resource",) if group else ("attributes", "resource")
    pointers = (pointer,) * len(columns)
    if term.operator == "=" and term.value == "*" and not term.quoted:
        return Condition(" OR ".join(f"json_exists({it}, ?)" for it in columns), pointers)
    values = ", ".join(f"json_extract_string({it}, ?)" for it in columns)
    value = f"coalesce({values})"
    if term.operator != "=":
        if not _is_number(term.value):
            return Condition(f"{value} {term.operator} ?", (*pointers, term.value))
        number = f"try_cast({value} AS DOUBLE)"
        return Condition(f"{number} {term.operator} ?", (*pointers, float(term.value)))
    if _has_star(term):
        return Condition(f"{value} LIKE ? ESCAPE '!'", (*pointers, _like(term.value)))
    return Condition(f"{value} = ?", (*pointers, term.value))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _severity(term: Term) -> Condition:
    number = _severity_number(term.value)
    if term.operator != "=" or term.value.isdigit():
        # `>warn` means above all of warn's four numbers, `<=warn` includes them.
        whole = 0 if term.value.isdigit() else 3
        bound = number + whole if term.operator in (">", "<=") else number
        return Condition(f"severity_number {term.operator} ?", (bound,))
    return Condition("severity_number BETWEEN ? AND ?", (number, number + 3))


def _severity_number(text: str) -> int:
    if text.isdigit():
        return int(text)
    word = text.lower()
    number = SEVERITIES.get(_SEVERITY_ALIASES.get(word, word))
    if number is None:
        raise UsageError(f"no severity {text!r}", hint=f"one of {', '.join(SEVERITIES)}, or 1–24")
    return number


def _pattern(column: str, term: Term) -> Condition | None:
    if not _has_star(term):
        return None
    return Condition(f"lower({column}) LIKE ? ESCAPE '!'", (_like(term.value.lower()),))


def _has_star(term: Term) -> bool:
    return "*" in term.value and not term.quoted


def _like(text: str) -> str:
    return re.sub(r"([!%_])", r"!\1", text).replace("*", "%")


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
