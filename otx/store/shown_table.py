"""What a table of `otx query` is: a name for a question about rows of one kind."""

from dataclasses import dataclass

from otx.store.row_tables import RowKind


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A view that people's SQL may name.

    Attributes:
        kind: The rows that it is made of, `all_<kind>` in `select`.
        select: Its rows.
        macros: Statements that make what `select` calls.
    """

    kind: RowKind
    select: str
    macros: tuple[str, ...] = ()
