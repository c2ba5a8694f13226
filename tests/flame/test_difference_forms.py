"""A difference as text, JSON and folded lines."""

from otx.flame.difference import compare
from otx.flame.difference_forms import (
    difference_document,
    difference_folded,
    difference_text,
)
from otx.model.profile import SAMPLES
from otx.model.stack import Frame

MAIN, SORT, LOG, NEW = (Frame(name, "native") for name in ("main", "sort", "log", "new"))
BEFORE = {(MAIN, SORT): 30, (MAIN, LOG): 20, (MAIN,): 50}
AFTER = {(MAIN, SORT): 60, (MAIN, NEW): 10, (MAIN,): 30}
NAMES = ("a.folded", "b.folded")


def test_the_text_says_what_changed_in_words_and_signs() -> None:
    found = compare(BEFORE, AFTER, is_normalised=False)
    assert difference_text(found, NAMES, SAMPLES, 3) == (
        "before  a.folded  100 samples\n"
        "after   b.folded  100 samples\n"
        "values are compared: there is as much in all\n"
        "\n"
        "largest changes of own value\n"
        "  change        before  after  total  function\n"
        "     +30  more      30     60    +30  sort\n"
        "     -20  gone      20      0    -20  log\n"
        "     -20  less      50     30      0  main\n"
        "  and 1 more; --top shows them\n"
    )


def test_shares_are_told_where_shares_are_compared() -> None:
    found = compare({(MAIN,): 1, (SORT,): 1}, {(MAIN,): 30, (SORT,): 10}, is_normalised=True)
    text = difference_text(found, NAMES, SAMPLES, 9)
    assert "+25.0%  more   50.0%  75.0%" in text
    assert "-25.0%  less   50.0%  25.0%" in text


def test_nothing_changed_is_said() -> None:
    found = compare(BEFORE, BEFORE, is_normalised=False)
    assert "nothing changed" in difference_text(found, NAMES, SAMPLES, 9)


def test_the_document_has_functions_and_stacks() -> None:
    found = compare(BEFORE, AFTER, is_normalised=False)
    document = difference_document(found, NAMES, SAMPLES, 1)
    assert document == {
        "diff": "raw",
        "value": "samples",
        "unit": "count",
        "before": {"file": "a.folded", "total": 100},
        "after": {"file": "b.folded", "total": 100},
        "functions": [
            {
                "name": "sort",
                "kind": "native",
                "own_before": 30,
                "own_after": 60,
                "own_change": 30,
                "total_before": 30,
                "total_after": 60,
                "total_change": 30,
            }
        ],
        "stacks": [
            {
                "before": 30,
                "after": 60,
                "change": 30,
                "frames": [{"name": "main", "kind": "native"}, {"name": "sort", "kind": "native"}],
            }
        ],
    }


def test_folded_lines_have_two_counts() -> None:
    assert difference_folded(compare(BEFORE, AFTER, is_normalised=False)) == (
        "main 50 30\nmain;log 20 0\nmain;new 0 10\nmain;sort 30 60\n"
    )
