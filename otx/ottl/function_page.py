"""A function described: its signature, what its parameters take, an example that is tested."""

import inspect
from typing import Any

from otx.ottl.arguments import default_text, signature
from otx.ottl.functions.registry import OWN, Function


def titled(function: Function) -> str:
    """A function's signature, with what a converter gives."""
    shown = signature(function)
    return shown if function.is_editor else f"{shown} → {function.result}"


def row(function: Function) -> dict[str, Any]:
    """The facts of a function, for a table or a program."""
    example = function.example
    return {
        "name": function.name,
        "kind": "editor" if function.is_editor else "converter",
        "signature": signature(function),
        "result": function.result,
        "contexts": ", ".join(sorted(function.contexts)) or "all",
        "component": function.component or "all",
        "since": function.since,
        "gate": function.gate,
        "extension": function.is_extension,
        "summary": function.summary,
        "parameters": [
            {
                "name": one.name,
                "type": one.kind.name,
                "list": one.is_list,
                "optional": one.is_optional,
                "default": default_text(one),
            }
            for one in function.parameters
        ],
        "example": {"text": example.text, "result": example.result} if example else None,
    }


def page(function: Function) -> list[str]:
    """A function's page, as lines."""
    lines = [titled(function), "", *(inspect.getdoc(function.implementation) or "").splitlines()]
    lines.append("")
    for one in function.parameters:
        kind = f"list of {one.kind.name}" if one.is_list else one.kind.name
        default = default_text(one)
        optional = f", optional{f' ({default})' if default else ''}" if one.is_optional else ""
        lines.append(f"  {one.name}: {kind}{optional}")
    facts = []
    if function.is_extension:
        facts.append(OWN)
    if function.contexts:
        facts.append(f"only in {', '.join(sorted(function.contexts))}")
    if function.component:
        facts.append(f"brought by the {function.component} processor")
    if function.gate:
        facts.append(f"needs the feature gate {function.gate}")
    if function.since:
        facts.append(f"since v{function.since}")
    if function.target:
        facts.append(f"its target holds a {function.target}")
    if function.fails:
        facts.append(f"fails where {function.fails}")
    lines += [f"  {fact}" for fact in facts]
    if function.example is not None:
        example = function.example
        given = f"   on {example.given}" if example.given != "{}" else ""
        lines += ["", f"  {example.text}{given}", f"  → {example.result}"]
    return lines
