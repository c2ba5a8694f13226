"""ExtractPatterns and ExtractGrokPatterns: parts of texts, by name."""

from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter_builder
from otx.ottl.grok import Grok, compile_grok, parse_definitions
from otx.ottl.groups import Groups
from otx.ottl.lift import Always
from otx.ottl.parameters import ConstBool, ConstText, Get, Regex, Text
from otx.ottl.values import Map

_NO_NAMES = "the pattern names no group: (?P<name>…) does"


@converter_builder(
    "ExtractPatterns",
    example=Example(
        'ExtractPatterns("GET /cart", "(?P<method>\\\\w+) (?P<path>.*)")',
        '{"method":"GET","path":"/cart"}',
    ),
)
def extract_patterns(target: Get[Text], pattern: Get[Regex]) -> Gives[Map]:
    """What the named groups of a regular expression match, as a map; empty without a match."""
    fixed = Groups(pattern.value) if isinstance(pattern, Always) else None

    def run(record: Any) -> dict[str, str]:
        groups = fixed or Groups(pattern(record))
        if not any(groups.names):
            raise ExecutionError(_NO_NAMES)
        return dict(groups.find(target(record)))

    return run


@converter_builder(
    "ExtractGrokPatterns",
    since="0.130",
    example=Example(
        'ExtractGrokPatterns("10.0.0.1:80", "%{IP:client.ip}:%{POSINT:client.port:int}", true)',
        '{"client.ip":"10.0.0.1","client.port":80}',
    ),
)
def extract_grok_patterns(
    target: Get[Text],
    pattern: Get[Text],
    named_captures_only: ConstBool = False,
    pattern_definitions: list[ConstText] | None = None,
) -> Gives[Map]:
    """What the pieces of a grok pattern match, as a map; empty without a match."""
    definitions = parse_definitions(pattern_definitions or [])

    def compiled(text: str) -> Grok:
        grok = compile_grok(text, definitions, only_named=named_captures_only)
        if named_captures_only and not grok.has_names:
            raise ExecutionError(_NO_NAMES)
        return grok

    fixed = compiled(pattern.value) if isinstance(pattern, Always) else None

    def run(record: Any) -> dict[str, Any]:
        grok = fixed or compiled(pattern(record))
        return grok.extract(target(record))

    return run
