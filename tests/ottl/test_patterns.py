"""Regular expressions in Go's words."""

import pytest

from otx.ottl.patterns import InvalidPattern, compile_regex


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        (r"\x{e9}", ["é"], ["e"]),
        (r"[\x{20AC}\x41]", ["€", "A"], ["B"]),
        (r"^\07$", ["\a"], ["7"]),
        (r"(?<n>a)(?P<m>b)", ["ab"], ["a"]),
        (r"[(?<n>]", ["<", "n"], ["P"]),
        (r"\(\?<n", ["(?<n"], ["n"]),
        (r"\Q(?<n>\E", ["(?<n>"], ["n"]),
        (r"^\d$", ["1"], ["٣"]),
        (r"^\w$", ["a"], ["é"]),
        (r"(?i)k", ["K", "\u212a"], ["c"]),
        (r"^\p{Greek}+$", ["αβ"], ["ab"]),
        (r"[[:alpha:]]", ["a"], ["1"]),
        (r"^[]a]+$", ["]a"], ["b"]),
        (r"a.b", ["axb"], ["a\nb"]),
        (r"(?s)a.b", ["a\nb"], ["ab"]),
        (r"a$", ["a"], ["a\n"]),
    ],
)
def test_found(pattern: str, matching: list[str], others: list[str]) -> None:
    compiled = compile_regex(pattern)
    assert [text for text in matching if not compiled.search(text)] == []
    assert [text for text in others if compiled.search(text)] == []


@pytest.mark.parametrize(
    "pattern",
    ["(", "[", "*", "a(?=b)", "(?<!a)b", r"(a)\1", r"\Z", r"\C", r"[\b]", "a\\", "a{2,1}", r"\y"],
)
def test_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        compile_regex(pattern)


def test_names_of_groups() -> None:
    assert dict(compile_regex(r"(?<a>x)(?P<b>y)").groupindex) == {"a": 1, "b": 2}
