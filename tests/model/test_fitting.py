"""What of a table a terminal has room for."""

from hypothesis import given
from hypothesis import strategies as st

from otx.model.cells import width_of
from otx.model.fitting import GAP, LEAST, fitted, natural_width, shortest_apart

NAMES = ["uid", "host", "config", "seen"]
CELLS = st.text("ab界é\x1b", max_size=30)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, CELLS)), min_size=1, max_size=4)


def width(columns: list[str], row: dict[str, object]) -> int:
    cells = [max(len(name), width_of(str(row[name]))) for name in columns]
    return sum(cells) + GAP * (len(cells) - 1)


def test_what_fits_stays_as_it_is() -> None:
    row = {"uid": "u1", "host": "node-a", "config": None, "seen": 4}
    table = fitted(NAMES, [row], 80, {}, ["seen"])
    assert (table.columns, table.rows, table.hidden) == (NAMES, [row], [])
    assert natural_width(NAMES, [row]) == len("uid  node-a  config  seen")


def test_columns_are_cut_before_others_are_left_out() -> None:
    row = {"uid": "u" * 8, "host": "h" * 20, "config": "c" * 20, "seen": "1 s"}
    least = {"host": 5, "config": 10}
    table = fitted(NAMES, [row], 36, least, ["seen", "host"])
    assert table.hidden == []
    assert table.rows[0]["host"] == "h" * 7 + "…"
    assert table.rows[0]["config"] == "c" * 9 + "…"
    table = fitted(NAMES, [row], 28, least, ["seen", "host"])
    assert table.hidden == ["seen"]
    table = fitted(NAMES, [row], 20, least, ["seen", "host"])
    assert table.columns == ["uid", "config"]


@given(ROWS, st.integers(20, 120))
def test_no_line_is_wider_than_the_terminal(rows: list[dict[str, str]], cells: int) -> None:
    table = fitted(NAMES, rows, cells, {"host": 5, "config": 6, "uid": 4}, ["seen", "host"])
    widths = {
        name: max([len(name), *(width_of(str(row[name])) for row in table.rows)])
        for name in table.columns
    }
    assert sum(widths.values()) + GAP * (len(widths) - 1) <= cells
    assert set(table.columns) | set(table.hidden) == set(NAMES)


@given(st.lists(st.text("0123", min_size=4, max_size=8), min_size=1))
def test_beginnings_tell_apart_what_whole_texts_do(texts: list[str]) -> None:
    length = shortest_apart(texts, LEAST)
    assert len({text[:length] for text in texts}) == len(set(texts)) or length >= max(
        map(len, texts)
    )
