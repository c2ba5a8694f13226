"""Tables of `otx opamp`: in a terminal only what it has room for, and a word on the rest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

import typer

from otx.environment import Environment
from otx.output import Output, Remarks

SHORTEST_UID, LONGEST_START = 8, 18
_UID_LENGTH = 36
WideOption: TypeAlias = Annotated[
    bool, typer.Option("--wide", help="All columns in full, however narrow the terminal is.")
]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a table becomes narrow.

    Attributes:
        uid: The column with uids of agents, which are shortened first.
        least: Columns that may be cut, and how far.
        hidden_first: Columns that may be left out, the least important first.
    """

    uid: str = ""
    least: Mapping[str, int] = field(default_factory=dict)
    hidden_first: Sequence[str] = ()


def write_table(
    environment: Environment,
    output: Output,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    fit: Fit,
    *,
    is_wide: bool = False,
) -> None:
    """Write rows; in a terminal only what it has room for, unless all is asked for."""
    from otx.model.fitting import fitted, natural_width

    width = None if is_wide else output.width
    if width is None or natural_width(columns, rows) <= width:
        output.rows(columns, rows, "table")
        return
    if fit.uid:
        short = shortened({row[fit.uid] for row in rows})
        rows = [{**row, fit.uid: short.get(row[fit.uid], row[fit.uid])} for row in rows]
    table = fitted(columns, rows, width, fit.least, fit.hidden_first)
    output.rows(table.columns, table.rows, "table")
    if table.hidden:
        Remarks(environment).note(f"left out: {', '.join(table.hidden)} (--wide shows all)")


def shortened(texts: Collection[str]) -> dict[str, str]:
    """Uid -> its beginning, or its end where they all begin alike; other texts are left out."""
    from otx.model.cells import ELLIPSIS
    from otx.model.fitting import shortest_apart

    uids = [text for text in texts if _is_uid(text)]
    length = shortest_apart(uids, SHORTEST_UID)
    if length <= LONGEST_START:
        return {uid: uid[:length] for uid in uids}
    length = shortest_apart([uid[::-1] for uid in uids], SHORTEST_UID)
    return {uid: ELLIPSIS + uid[-length:] for uid in uids}


def _is_uid(text: str) -> bool:
    from otx.opamp.instance_uid import parse_uid

    try:
        parse_uid(text)
    except ValueError:
        return False
    return len(text) == _UID_LENGTH
