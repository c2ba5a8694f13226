"""A difference for people and for scripts: a table, JSON, folded lines of two counts."""

from collections.abc import Iterator

from otx.flame.difference import Difference, FunctionChange, Pair, function_changes
from otx.model.cells import printable
from otx.model.frame_names import frame_document, frame_label
from otx.model.profile import ValueType, value_text
from otx.model.stack import Stack

_IN_A_LINE = str.maketrans({";": ":", "\n": " ", "\r": " "})


def difference_text(
    difference: Difference, names: tuple[str, str], kind: ValueType, limit: int
) -> str:
    """The functions that changed most, in words and signs.

    Args:
        difference: What to tell.
        names: What the earlier and the later profile are called.
        kind: What their values measure.
        limit: The most functions that are told.
    """
    return "\n".join(
        [*difference_head(difference, names, kind), "", *_table(difference, kind, limit), ""]
    )


def difference_head(
    difference: Difference, names: tuple[str, str], kind: ValueType
) -> Iterator[str]:
    """What is compared with what, and how, a line each."""
    before, after = difference.totals
    width = max(map(len, names))
    yield f"before  {printable(names[0]):<{width}}  {value_text(before, kind.unit)} {kind.name}"
    yield f"after   {printable(names[1]):<{width}}  {value_text(after, kind.unit)} {kind.name}"
    if difference.is_normalised:
        yield "shares are compared: before is scaled to the total after"
    elif before and after:
        yield f"values are compared: there is {_ratio(before, after)} in all"


def _ratio(before: float, after: float) -> str:
    if before == after:
        return "as much"
    change = (after - before) / before
    return f"{abs(change):.1%} {'more' if change > 0 else 'less'}"


def _table(difference: Difference, kind: ValueType, limit: int) -> Iterator[str]:
    changed = [it for it in function_changes(difference) if _is_changed(it, difference.whole)]
    if not changed:
        yield "nothing changed"
        return
    yield "largest changes of own value"
    rows = [("change", "", "before", "after", "total", "function")]
    rows += [_row(it, difference, kind) for it in changed[:limit]]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        cells = [
            cell.ljust(width) if column == 1 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        yield f"  {'  '.join(cells)}  {row[5]}"
    if len(changed) > limit:
        yield f"  and {len(changed) - limit} more; --top shows them"


def _row(
    it: FunctionChange, difference: Difference, kind: ValueType
) -> tuple[str, str, str, str, str, str]:
    return (
        _amount(it.own, difference, kind, signed=True),
        _word(it),
        _amount((0.0, it.own[0]), difference, kind),
        _amount((0.0, it.own[1]), difference, kind),
        _amount(it.total, difference, kind, signed=True),
        printable(frame_label(it.frame)),
    )


def _word(it: FunctionChange) -> str:
    if not it.total[0]:
        return "new"
    if not it.total[1]:
        return "gone"
    change = it.own_change or it.total_change
    return "more" if change > 0 else "less" if change < 0 else "same"


def _amount(pair: Pair, difference: Difference, kind: ValueType, *, signed: bool = False) -> str:
    """What lies between two values: in points of the whole where shares are compared."""
    change = pair[1] - pair[0]
    sign = ("+" if change > 0 else "-" if change < 0 else " ") if signed else ""
    if difference.is_normalised:
        whole = difference.whole[1] or 1
        return f"{sign}{abs(change) / whole:.1%}"
    return f"{sign}{value_text(abs(change), kind.unit)}"


def _is_changed(it: FunctionChange, whole: Pair) -> bool:
    least = max(whole) * 1e-9
    return abs(it.own_change) > least or abs(it.total_change) > least


def difference_document(
    difference: Difference, names: tuple[str, str], kind: ValueType, limit: int | None
) -> dict[str, object]:
    """The JSON document: every function, or the first so many, and every stack.

    Values before are scaled where shares are compared.
    """
    changes = function_changes(difference)
    stacks = sorted(
        difference.stacks.items(), key=lambda it: (-abs(it[1][1] - it[1][0]), _line(it[0]))
    )
    return {
        "diff": "normalised" if difference.is_normalised else "raw",
        "value": kind.name,
        "unit": kind.unit,
        "before": {"file": names[0], "total": _plain(difference.totals[0])},
        "after": {"file": names[1], "total": _plain(difference.totals[1])},
        "functions": [_function_document(it) for it in changes[:limit]],
        "stacks": [
            {
                "before": _plain(before),
                "after": _plain(after),
                "change": _plain(after - before),
                "frames": [frame_document(frame) for frame in stack],
            }
            for stack, (before, after) in stacks[:limit]
        ],
    }


def _function_document(it: FunctionChange) -> dict[str, object]:
    return {
        **frame_document(it.frame),
        "own_before": _plain(it.own[0]),
        "own_after": _plain(it.own[1]),
        "own_change": _plain(it.own_change),
        "total_before": _plain(it.total[0]),
        "total_after": _plain(it.total[1]),
        "total_change": _plain(it.total_change),
    }


def difference_folded(difference: Difference) -> str:
    """Lines of `frame;frame BEFORE AFTER`, which flamegraph.pl draws; fractions are rounded."""
    lines: dict[str, list[float]] = {}
    for stack, (before, after) in difference.stacks.items():
        both = lines.setdefault(_line(stack), [0.0, 0.0])
        both[0] += before
        both[1] += after
    return "".join(
        f"{line} {round(before)} {round(after)}\n"
        for line, (before, after) in sorted(lines.items())
    )


def _line(stack: Stack) -> str:
    return ";".join(frame_label(frame).translate(_IN_A_LINE) for frame in stack)


def _plain(value: float) -> int | float:
    """A whole number as one."""
    return int(value) if value == int(value) else round(value, 3)
