"""Statements that ran, as the configuration of a transform processor that does the same."""

from collections.abc import Iterator, Sequence
from typing import Any

from otx.errors import NotThere
from otx.ottl.formatter import format_statement
from otx.ottl.processors.transform import SIGNALS
from otx.ottl.repl.session import Typed

WIDTH = 1 << 20
"""A statement stands on one line, so that quoting it needs no folding."""


def transform_yaml(typed: Sequence[Typed]) -> str:
    """The configuration as YAML, `$` written twice, because a Collector expands variables.

    What no transform processor can run stands in a comment.

    Raises:
        NotThere: Nothing ran.
    """
    if not typed:
        raise NotThere("no statement ran yet")
    lines = ["processors:", "  transform:", "    error_mode: ignore"]
    for text, context in _left_out(typed):
        lines.append(f"    # not here, for a transform processor has no {context}: {text}")
    for key, groups in transform_config(typed).items():
        lines.append(f"    {key}:")
        for group in groups:
            lines += _lines(group)
    return "\n".join(lines) + "\n"


def transform_config(typed: Sequence[Typed]) -> dict[str, list[dict[str, Any]]]:
    """The groups of each signal, `$` written twice.

    Statements of one context that follow one another are a group and share their cache, as they
    did at the prompt.
    """
    config: dict[str, list[dict[str, Any]]] = {}
    for key, (signal, contexts) in SIGNALS.items():
        ran = [one for one in typed if signal in one.signals]
        known = [one for one in ran if one.prepared.context.name in contexts]
        if known:
            config[key] = [_group(group) for group in _grouped(known)]
    return config


def _left_out(typed: Sequence[Typed]) -> Iterator[tuple[str, str]]:
    known = {context for _, contexts in SIGNALS.values() for context in contexts}
    for one in typed:
        if one.prepared.context.name not in known:
            yield format_statement(one.prepared.text, WIDTH), one.prepared.context.name


def _grouped(typed: Sequence[Typed]) -> list[list[Typed]]:
    groups: list[list[Typed]] = []
    for one in typed:
        if groups and groups[-1][-1].prepared.context is one.prepared.context:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _group(typed: Sequence[Typed]) -> dict[str, Any]:
    texts = [format_statement(one.prepared.text, WIDTH).replace("$", "$$") for one in typed]
    # Where every path names its context, the Collector infers the same one.
    is_inferred = all(one.prepared.needs_prefix for one in typed)
    head = {} if is_inferred else {"context": typed[0].prepared.context.name}
    return {**head, "statements": texts}


def _lines(group: dict[str, Any]) -> Iterator[str]:
    quoted = ["'" + text.replace("'", "''") + "'" for text in group["statements"]]
    head = [f"context: {group['context']}"] if "context" in group else []
    lines = [*head, "statements:", *(f"  - {text}" for text in quoted)]
    first, rest = lines[0], lines[1:]
    yield f"      - {first}"
    yield from (f"        {line}" for line in rest)
