"""ParseJSON: a JSON text as a map or list."""

from otx.ottl.functions.registry import Example, converter
from otx.ottl.go_json import parse_json as parse
from otx.ottl.parameters import Text
from otx.ottl.values import Map, Value


@converter(
    "ParseJSON",
    fails="target is no JSON object or list",
    example=Example('ParseJSON("{\\"a\\":[1,true]}")', '{"a":[1.0,true]}'),
)
def parse_json(target: Text) -> Map | list[Value]:
    """The map or list that a JSON text holds; every number is a double."""
    parsed: Map | list[Value] = parse(target)
    return parsed
