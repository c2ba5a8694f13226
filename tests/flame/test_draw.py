"""The same boxes as text: every row has the picture's width in cells, whatever the names."""

from hypothesis import given
from hypothesis import strategies as st

from otx.flame.draw import draw_row, draw_text
from otx.flame.layout import layout
from otx.flame.tree import build_tree
from otx.model.cells import width_of
from otx.model.stack import Frame, Stack

NAMES = st.sampled_from(
    ["a", "work", "", "漢字の関数", "e\u0301", "\x1b[31mred", "a\nb", "x" * 300]
)
FRAMES = st.builds(Frame, NAMES, st.sampled_from(["python", "kernel", "process"]))
COUNTS = st.dictionaries(
    st.lists(FRAMES, min_size=1, max_size=5).map(tuple), st.integers(1, 10**15), max_size=20
)


@given(COUNTS, st.integers(1, 120))
def test_a_row_ends_where_its_last_box_does(counts: dict[Stack, int], width: int) -> None:
    picture = layout(build_tree(counts), width)
    for row in picture.rows:
        line = draw_row(row, picture)
        assert width_of(line) == row[-1].end_cell <= width
        assert line.isprintable()


def test_the_picture_reads_like_a_flame_graph() -> None:
    main = Frame("main", "python", "app.py", 3)
    counts = {
        (Frame("checkout", "process"), main, Frame("rank", "python", "shop.py", 88)): 60,
        (Frame("checkout", "process"), main, Frame("memcpy", "native", module="libc.so.6")): 30,
        (Frame("checkout", "process"), main): 8,
        (Frame("checkout", "process"), Frame("\x1b", "kernel")): 1,
        (Frame("redis", "process"),): 1,
    }
    picture = layout(build_tree(counts), 60)
    assert draw_text(picture) == [
        "│all  100.0 %···············································",
        "│checkout  99.0 %··········································│",
        "││main  app.py:3·········································p·",
        " │memcpy  libc.so.6│rank  shop.py:88·················p·",
    ]
