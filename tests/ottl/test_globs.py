"""Globs, as the Collector's library reads them."""

import pytest

from otx.ottl.globs import compile_glob
from otx.ottl.patterns import InvalidPattern


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("", [""], ["a"]),
        ("abc", ["abc"], ["ab", "abcd", "xabc"]),
        ("*", ["", "a", "a/b", "a\nb"], []),
        ("**", ["", "a/b"], []),
        ("a*c", ["ac", "abc", "a/b/c"], ["a", "abcd"]),
        ("a?c", ["abc", "a/c", "aéc"], ["ac", "abbc"]),
        ("[abc]", ["a", "c"], ["d", "ab", ""]),
        ("x[a-c]", ["xa", "xc"], ["xd", "x"]),
        ("x[!a-c]", ["xd", "x-"], ["xa", "x"]),
        ("x[!abc]", ["xd"], ["xa"]),
        ("x[^a]", ["x^", "xa"], ["xb"]),
        ("x[!!]", ["xa"], ["x!"]),
        ("[-a]", ["-", "a"], ["b"]),
        (r"[\]]", ["]"], ["\\"]),
        ("[*?{]", ["*", "?", "{"], ["a"]),
        ("{a,b}c", ["ac", "bc"], ["c", "abc", "a,bc"]),
        ("x{a,}y", ["xay", "xy"], ["xby"]),
        ("{a*,[bc]?}", ["a", "ax", "bx"], ["b", "x"]),
        ("{a,{b,c}d}", ["a", "bd", "cd"], ["b", "ad"]),
        (r"{a\,b}", ["a,b"], ["a", "b"]),
        ("{a,b", ["a", "b"], ["{a,b"]),
        ("a,b}", ["a,b}"], ["a"]),
        ("a]", ["a]"], ["a"]),
        (r"\*\[", ["*["], ["a["]),
        ("a\\", ["a"], ["a\\"]),
        ("(a)+.^$|", ["(a)+.^$|"], ["a"]),
        ("é{ü,x}", ["éü"], ["é"]),
        ("?", ["a", ""], ["ab"]),
    ],
)
def test_matches(glob: str, matching: list[str], others: list[str]) -> None:
    compiled = compile_glob(glob)
    assert [text for text in matching if not compiled.matches(text)] == []
    assert [text for text in others if compiled.matches(text)] == []


@pytest.mark.parametrize(
    "glob",
    ["[", "[a", "[]", "[!]", "[!", "[]a]", "[a-]", "[a-c-e]", "[a-cx]", "[z-a]", "[a\\]", "\ufffd"],
)
def test_refused(glob: str) -> None:
    with pytest.raises(InvalidPattern):
        compile_glob(glob)


def test_text_that_is_no_utf8() -> None:
    assert compile_glob("a?b").matches("a\udcffb")
    assert not compile_glob("ab").matches("a\udcffb")
