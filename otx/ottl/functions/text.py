"""Functions on text. Lengths and positions count the bytes of UTF-8, as Go's do."""

import re
from typing import Annotated, Any, Literal

from otx.ottl.coerce import sequence, text_like
from otx.ottl.compare import comparison
from otx.ottl.composites import ListOf
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter, converter_builder
from otx.ottl.go_format import compile_format
from otx.ottl.go_unicode import WHITE_SPACE, lower, upper
from otx.ottl.parameters import (
    AnyListOrText,
    AnySized,
    Coerced,
    ConstBool,
    ConstText,
    Get,
    Integer,
    Text,
    TextLike,
)
from otx.ottl.value_json import as_string
from otx.ottl.values import SAMPLES, Opaque, Value, is_map, kind_of

_WORD_BORDER = re.compile(
    "(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[A-Z])(?=[A-Z][a-z])"
)
_TO_SNAKE = str.maketrans(
    {chr(c): chr(c + 32) for c in range(ord("A"), ord("Z") + 1)} | dict.fromkeys(" -.", "_")
)
_LATER_CAPITALS = re.compile("(?<=[A-Z])[A-Z]+")
_WORD_START = re.compile("(?:^|(?<=[0-9_ .-]))[a-z]")
_NO_LETTER_OR_DIGIT = re.compile("[^A-Za-z0-9]+")

_equal = comparison("==")

# What a list from a record holds is shown as OTLP shows it: bytes in base64, nil as nothing.
_Part = Annotated[str | None, Coerced("string-like", text_like, from_list=as_string)]


@converter("Concat", example=Example('Concat(["a", 1, true], "-")', '"a-1-true"'))
def concat(vals: list[_Part], delimiter: Text) -> str:
    """Join values with a delimiter; nil is written `<nil>`."""
    return delimiter.join(["<nil>" if one is None else one for one in vals])


@converter("ToLowerCase", example=Example('ToLowerCase("GET")', '"get"'))
def to_lower_case(target: Text) -> str:
    """A text in lower case."""
    return lower(target)


@converter("ToUpperCase", example=Example('ToUpperCase("get")', '"GET"'))
def to_upper_case(target: Text) -> str:
    """A text in upper case."""
    return upper(target)


@converter("ToSnakeCase", example=Example('ToSnakeCase("httpStatusCode")', '"http_status_code"'))
def to_snake_case(target: Text) -> str:
    """A text in snake case: words in lower case with `_` between them."""
    return _WORD_BORDER.sub("_", target.strip(WHITE_SPACE)).translate(_TO_SNAKE)


@converter("ToCamelCase", example=Example('ToCamelCase("http_status_code")', '"HttpStatusCode"'))
def to_camel_case(target: Text) -> str:
    """A text in camel case: words with a capital each; what is no letter or digit goes."""
    calmed = _LATER_CAPITALS.sub(_lowered, target.strip(WHITE_SPACE))
    return _NO_LETTER_OR_DIGIT.sub("", _WORD_START.sub(_raised, calmed))


def _lowered(found: re.Match[str]) -> str:
    return found[0].lower()


def _raised(found: re.Match[str]) -> str:
    return found[0].upper()


_CASES = {
    "lower": to_lower_case,
    "upper": to_upper_case,
    "snake": to_snake_case,
    "camel": to_camel_case,
}


@converter("ConvertCase", example=Example('ConvertCase("fooBar", "snake")', '"foo_bar"'))
def convert_case(target: Text, to_case: Literal["lower", "upper", "snake", "camel"]) -> str:
    """A text in another case."""
    return _CASES[to_case](target)


@converter_builder("Format", example=Example('Format("%03d-%s", [7, "a"])', '"007-a"'))
def format_(format: ConstText, vals: list[Get[Any]]) -> Gives[str]:  # noqa: A002 - its name in OTTL
    """Write values into a format of Go's fmt: `%s`, `%d`, `%5.2f`, `%q`, `%x`, `%v`."""
    fill = compile_format(format, len(vals))
    return lambda record: fill([value(record) for value in vals])


@converter("HasPrefix", example=Example('HasPrefix("operationA", "op")', "true"))
def has_prefix(target: Text, prefix: Text) -> bool:
    """Whether a text begins with another."""
    return target.startswith(prefix)


@converter("HasSuffix", example=Example('HasSuffix("main.go", ".go")', "true"))
def has_suffix(target: Text, suffix: Text) -> bool:
    """Whether a text ends with another."""
    return target.endswith(suffix)


@converter_builder(
    "Index", since="0.126", example=Example('Index("opentelemetry", "telemetry")', "4")
)
def index(target: Get[AnyListOrText], value: Get[Any]) -> Gives[int]:
    """Where a text holds another, or a list an element: from 0, and -1 where it does not."""
    if isinstance(target, ListOf):
        elements = target.plain
        return lambda record: _index_of(elements(record), value(record))

    def run(record: Any) -> int:
        found, wanted = target(record), value(record)
        return _position(found, wanted) if type(found) is str else _index_of(found, wanted)

    return run


def _position(text: str, part: Value) -> int:
    if type(part) is not str:
        raise ExecutionError(f"in a string only a string can be found, not {kind_of(part)}")
    return text.find(part) if text.isascii() else _octets(text).find(_octets(part))


def _index_of(elements: Value, wanted: Value) -> int:
    return next((at for at, one in enumerate(sequence(elements)) if _equal(one, wanted)), -1)


@converter("Len", example=Example('Len("abc")', "3"))
def len_(target: AnySized) -> int:
    """How many bytes a text has, or how many elements a list or map."""
    if type(target) is str:
        return len(target) if target.isascii() else len(_octets(target))
    if type(target) in (list, bytes) or is_map(target):
        return len(target)
    if isinstance(target, Opaque) and target.is_list and target.kind != SAMPLES:
        return len(target)
    raise ExecutionError(f"a {kind_of(target)} has no length")


@converter("Split", example=Example('Split("a|b|c", "|")', '["a", "b", "c"]'))
def split(target: Text, delimiter: Text) -> list[str]:
    """The pieces of a text between delimiters; its characters, where the delimiter is empty."""
    return target.split(delimiter) if delimiter else list(target)


@converter("String", example=Example('String({"a": 1})', r'"{\"a\":1}"'))
def string(target: TextLike) -> str | None:
    """A value as text: bytes in hexadecimal, maps and lists as JSON, nil as nil."""
    return target


@converter(
    "Substring",
    fails="start and length do not lie within the text",
    example=Example('Substring("operationA", 0, 9)', '"operation"'),
)
def substring(target: Text, start: Integer, length: Integer, utf8_safe: ConstBool = False) -> str:
    """So many bytes of a text; with `utf8_safe` cut back to whole characters."""
    if start < 0:
        raise ExecutionError(f"Substring cannot start at {start}")
    if length <= 0:
        raise ExecutionError(f"Substring takes a length above zero, not {length}")
    octets = _octets(target)
    end = start + length
    if end > len(octets):
        raise ExecutionError(f"the text has {len(octets)} bytes, and Substring wants {end}")
    if target.isascii():
        return target[start:end]
    if utf8_safe:
        start, end = _whole_characters(octets, start, end)
    return octets[start:end].decode("utf-8", "surrogateescape")


def _whole_characters(octets: bytes, start: int, end: int) -> tuple[int, int]:
    """A range with its start moved up and its end down to where characters begin."""
    while start < len(octets) and _continues(octets[start]):
        start += 1
    while start < end < len(octets) and _continues(octets[end]):
        end -= 1
    return start, max(start, end)


def _continues(octet: int) -> bool:
    return octet & 0xC0 == 0x80


@converter("Trim", example=Example('Trim("__init__", "_")', '"init"'))
def trim(target: Text, replacement: ConstText = " ") -> str:
    """A text without the given characters at its ends."""
    return target.strip(replacement)


@converter("TrimPrefix", since="0.124", example=Example('TrimPrefix("v1.2", "v")', '"1.2"'))
def trim_prefix(target: Text, prefix: Text) -> str:
    """A text without a prefix, if it has it."""
    return target.removeprefix(prefix)


@converter("TrimSuffix", since="0.124", example=Example('TrimSuffix("a.log", ".log")', '"a"'))
def trim_suffix(target: Text, suffix: Text) -> str:
    """A text without a suffix, if it has it."""
    return target.removesuffix(suffix)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
