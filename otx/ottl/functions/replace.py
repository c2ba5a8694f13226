"""The editors that replace text, by globs and regular expressions, in a value or a whole map."""

import re
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from otx.ottl.coerce import mapping
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.lift import Always
from otx.ottl.parameters import FunctionRef, Get, GlobPattern, Regex, Target, Text
from otx.ottl.substitution import expand, parse_template, replace_each, replacer
from otx.ottl.values import Map, kind_of

Substitute: TypeAlias = Callable[[str], str | None]
"""Called with a text: the text with its matches replaced, None where there are none."""
Prepare: TypeAlias = Callable[[Any, re.Pattern[str], str], Substitute]
"""Called with a record, a pattern and a replacement."""


@editor_builder(
    "replace_match",
    example=Example(
        'replace_match(attributes["path"], "/user/*", "/user/{id}")',
        '{"path":"/user/{id}"}',
        '{"path":"/user/7/list"}',
    ),
)
def replace_match(
    target: Target,
    pattern: Get[GlobPattern],
    replacement: Get[Text],
    function: FunctionRef | None = None,
    replacement_format: Get[Text] | None = None,
) -> Run:
    """Replace a text that matches a glob as a whole."""
    get, put = target.get, target.set
    replaced = _whole_replacement(replacement, function, replacement_format)

    def run(record: Any) -> None:
        glob, found = pattern(record), get(record)
        new = replaced(record)
        if type(found) is str and glob.matches(found):
            put(record, new)

    return run


@editor_builder(
    "replace_all_matches",
    target="map",
    example=Example(
        'replace_all_matches(attributes, "/user/*", "/user/{id}")',
        '{"path":"/user/{id}","n":1}',
        '{"path":"/user/7/list","n":1}',
    ),
)
def replace_all_matches(
    target: Target,
    pattern: Get[GlobPattern],
    replacement: Get[Text],
    function: FunctionRef | None = None,
    replacement_format: Get[Text] | None = None,
) -> Run:
    """Replace the texts of a map that match a glob as a whole."""
    get, edit = target.get, target.edit
    replaced = _whole_replacement(replacement, function, replacement_format)

    def run(record: Any) -> None:
        matches = pattern(record).matches
        attributes = mapping(get(record))
        new = replaced(record)
        keys = [key for key, one in attributes.items() if type(one) is str and matches(one)]
        if keys:
            edit(record).update(dict.fromkeys(keys, new))

    return run


@editor_builder(
    "replace_pattern",
    example=Example(
        'replace_pattern(attributes["q"], "(user|id)=\\\\d+", "$1=?")',
        '{"q":"user=? id=?"}',
        '{"q":"user=7 id=12"}',
    ),
)
def replace_pattern(
    target: Target,
    regex_pattern: Get[Regex],
    replacement: Get[Text],
    function: FunctionRef | None = None,
    replacement_format: Get[Text] | None = None,
) -> Run:
    """Replace what a regular expression matches in a text; `$1` and `${name}` refer to groups."""
    get, put = target.get, target.set
    if isinstance(regex_pattern, Always) and isinstance(replacement, Always) and function is None:
        pattern = regex_pattern.value
        replace = replacer(pattern, parse_template(replacement.value, pattern))

        def run_fixed(record: Any) -> None:
            found = get(record)
            if type(found) is str:
                new = replace(found)
                if new is not None:
                    put(record, new)

        return run_fixed
    prepare = _preparer(function, replacement_format)

    def run(record: Any) -> None:
        found = get(record)
        if found is None:
            return
        text = replacement(record)
        if type(found) is str:
            new = prepare(record, regex_pattern(record), text)(found)
            if new is not None:
                put(record, new)

    return run


@editor_builder(
    "replace_all_patterns",
    target="map",
    example=Example(
        'replace_all_patterns(attributes, "key", "^kube_", "k8s.")',
        '{"k8s.pod":"a","b":1}',
        '{"kube_pod":"a","b":1}',
    ),
)
def replace_all_patterns(
    target: Target,
    mode: Literal["key", "value"],
    regex_pattern: Get[Regex],
    replacement: Get[Text],
    function: FunctionRef | None = None,
    replacement_format: Get[Text] | None = None,
) -> Run:
    """Replace what a regular expression matches in all keys or all texts of a map."""
    prepare = _preparer(function, replacement_format)
    change = _change_keys if mode == "key" else _change_values
    get = target.get

    def run(record: Any) -> None:
        attributes = mapping(get(record))
        text = replacement(record)
        pattern = regex_pattern(record)
        change(target, record, attributes, prepare(record, pattern, text))

    return run


def _change_values(target: Target, record: Any, attributes: Map, substitute: Substitute) -> None:
    changed = {}
    for key, value in attributes.items():
        if type(value) is str:
            try:
                new = substitute(value)
            except ExecutionError:
                # What the function refuses stays as it is, as it does in the Collector.
                continue
            if new is not None:
                changed[key] = new
    if changed:
        target.edit(record).update(changed)


def _change_keys(target: Target, record: Any, attributes: Map, substitute: Substitute) -> None:
    names: dict[str, str] = {}
    changed = False
    for key in attributes:
        try:
            new = substitute(key)
        except ExecutionError:
            # A key that the function refuses is lost with its value, as it is in the Collector.
            changed = True
            continue
        names[key] = key if new is None else new
        changed = changed or new is not None
    if changed:
        target.set(record, {new: attributes[key] for key, new in names.items()})


def _preparer(function: FunctionRef | None, replacement_format: Get[Text] | None) -> Prepare:
    """How matches are replaced, through a function and a format where they are given."""

    def prepare(record: Any, pattern: re.Pattern[str], text: str) -> Substitute:
        template = parse_template(text, pattern)
        if function is None:
            return replacer(pattern, template)

        def replaced(match: re.Match[str]) -> str:
            return _applied(record, function, expand(template, match), replacement_format)

        return lambda found: replace_each(pattern, found, replaced)

    return prepare


def _whole_replacement(
    replacement: Get[Text], function: FunctionRef | None, replacement_format: Get[Text] | None
) -> Get[Text]:
    """What a glob's match is replaced by."""
    if function is None:
        return replacement
    return lambda record: _applied(record, function, replacement(record), replacement_format)


def _applied(
    record: Any, function: FunctionRef, text: str, replacement_format: Get[Text] | None
) -> str:
    """A replacement, sent through a function and a format."""
    result = function(record, text)
    if type(result) is not str:
        raise ExecutionError(f"the function gave a {kind_of(result)} where a string is wanted")
    if replacement_format is None:
        return result
    return _formatted(replacement_format(record), result)


def _formatted(format_: str, text: str) -> str:
    """Go's Sprintf for what passes as a format here: `%s`, and a `%` at the very end."""
    if "%s" not in format_ or "\n" in format_ or re.search("%[^s]", format_):
        raise ExecutionError(f"the format {format_!r} has to hold one %s and no other verb")
    first, rest = format_.split("%s", 1)
    rest = rest.replace("%s", "%!s(MISSING)")
    return first + text + (f"{rest}!(NOVERB)" if rest.endswith("%") else rest)
