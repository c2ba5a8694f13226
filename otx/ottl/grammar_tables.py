"""Makes `grammar.json`, the tables that run, of `grammar.lark`, the grammar that is read.

    python -m otx.ottl.grammar_tables

Lark works the tables out; a test holds the two files together.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from otx.ottl.lalr import TABLES

GRAMMAR = Path(__file__).with_name("grammar.lark")
STARTS = ("statement", "condition", "value_expression")


def tables(grammar: str, starts: Sequence[str] = STARTS) -> str:
    """The tables of a grammar as JSON, a state a line."""
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    lark = Lark(grammar, parser="lalr", start=list(starts), maybe_placeholders=False)
    data, memo = lark.memo_serialize([TerminalDef, Rule])
    rules = {number: entry for number, entry in memo.items() if entry["__type__"] == "Rule"}
    numbers = {memo_number: number for number, memo_number in enumerate(rules)}
    parser = data["parser"]["parser"]
    order = _order(parser, starts)
    parts = {
        "terminals": _object(_terminals(lark)),
        "ignored": json.dumps(lark.ignore_tokens),
        "rules": _array(json.dumps(_rule(entry)) for entry in rules.values()),
        "states": _array(json.dumps(_row(parser, state, numbers, order)) for state in order),
        "starts": _object(
            {
                name: [order[parser["start_states"][name]], order[parser["end_states"][name]]]
                for name in starts
            }
        ),
    }
    return "{\n" + ",\n".join(f'"{name}": {text}' for name, text in parts.items()) + "\n}\n"


def _terminals(lark: Any) -> dict[str, str]:
    """Patterns by name, in the order in which lark's lexer tries them."""
    ordered = sorted(
        lark.terminals,
        key=lambda one: (-one.priority, -one.pattern.max_width, -len(one.pattern.value), one.name),
    )
    return {one.name: one.pattern.to_regexp() for one in ordered}


def _rule(entry: Any) -> list[Any]:
    """A rule as `otx.ottl.lalr.Rule` has it."""
    origin, expansion = entry["origin"]["name"], entry["expansion"]
    kept = [at for at, symbol in enumerate(expansion) if not symbol.get("filter_out")]
    if not expansion:
        raise ValueError(f"{origin} can be empty, which has no place in a text")
    name: str | None = entry["alias"] or origin
    if origin.startswith("__"):
        name = None
    elif entry["options"]["expand1"] and not entry["alias"]:
        if len(kept) != 1:
            raise ValueError(f"{origin} needs a name where it has several parts")
        name = ""
    return [origin, len(expansion), name, kept]


def _order(parser: Any, starts: Sequence[str]) -> dict[int, int]:
    """The states by number: as they are come to from the starts, so that no run differs."""
    order: dict[int, int] = {}
    waiting = [parser["start_states"][name] for name in starts]
    for state in waiting:
        if state not in order:
            order[state] = len(order)
            row = parser["states"][state]
            names = sorted((parser["tokens"][symbol], symbol) for symbol in row)
            waiting += [row[symbol][1] for _, symbol in names if not row[symbol][0]]
    return order


def _row(parser: Any, state: int, numbers: dict[int, int], order: dict[int, int]) -> dict[str, int]:
    """What follows a state: by symbol the next state, or `-1 - rule`."""
    row = {
        parser["tokens"][symbol]: -1 - numbers[target["@"]] if is_reduction else order[target]
        for symbol, (is_reduction, target) in parser["states"][state].items()
    }
    return dict(sorted(row.items()))


def _object(entries: dict[str, Any]) -> str:
    lines = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def _array(lines: Iterator[str]) -> str:
    return "[\n" + ",\n".join(f"  {line}" for line in lines) + "\n]"


if __name__ == "__main__":
    TABLES.write_text(tables(GRAMMAR.read_text()), encoding="utf-8")
