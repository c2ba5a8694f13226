"""A sandwich as text and JSON."""

import json

from otx.flame.sandwich import sandwich
from otx.flame.sandwich_forms import sandwich_document, sandwich_text
from otx.model.profile import SAMPLES
from otx.model.stack import Frame

A, B, C, F = (Frame(name, "native") for name in "abcf")
FOUND = sandwich({(A, F, C): 5, (B, F): 3, (F, C): 2}, "f")


def test_the_text_has_shares_of_the_function() -> None:
    assert sandwich_text(FOUND, SAMPLES, 2) == (
        "callers\n"
        "   50.0%  a\n"
        "   30.0%  b\n"
        "  and 1 more; --top shows them\n"
        "\n"
        "f: 10 samples, 100.0% of all, own 30.0%\n"
        "\n"
        "callees\n"
        "   70.0%  c\n"
        "   30.0%  (its own)\n"
    )


def test_the_document_has_the_nearest_and_the_stacks() -> None:
    document = sandwich_document(FOUND, SAMPLES, None)
    assert document["callers"] == [
        {"name": "a", "kind": "native", "total": 5},
        {"name": "b", "kind": "native", "total": 3},
    ]
    assert document["callee_stacks"] == [
        {"count": 7, "frames": [{"name": "c", "kind": "native"}]},
        {"count": 3, "frames": []},
    ]


def test_a_deep_one_is_no_deep_document() -> None:
    deep = sandwich({(*[A] * 50_000, F, *[B] * 50_000): 1}, "f")
    assert json.loads(json.dumps(sandwich_document(deep, SAMPLES, None)))["total"] == 1
