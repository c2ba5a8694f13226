"""Regular expressions in Go's words."""

from time import perf_counter

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
        (r"\Q\1.\0", [r"\1.\0"], ["1"]),
        (r"^\Qé.\E+$", ["é..."], ["éx", "é.é."]),
        (r"^a\Q\E+$", ["aa"], ["a+"]),
        (r"^[\101-\103]$", ["B"], ["D"]),
        (r"^\pL\PL\p{^L}$", ["a11"], ["1a1"]),
        (r"(?U)^(a+)", ["aa"], ["b"]),
        (r"(?i)straße", ["STRASSE".replace("SS", "ẞ")], ["STRASSE"]),
        (r"(?m)^b$", ["a\nb\nc"], ["ab"]),
        (r"^b$", ["b"], ["a\nb", "b\n"]),
        (r"a\z", ["a"], ["a\n"]),
        (r"\bé", ["aé"], ["é", " é"]),
        (r"^a{1000}$", ["a" * 1000], ["a" * 999]),
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
    [
        "(",
        "[",
        "*",
        "a**",
        "a(?=b)",
        "(?<!a)b",
        r"(a)\1",
        r"(?P<n>a)(?P=n)",
        r"\Z",
        r"\C",
        r"\h",
        r"[\b]",
        r"\x4\Qa",
        r"(?P<n\Qz>a)",
        "a\\",
        "a{2,1}",
        "a{1001}",
        "(a{100}){100}",
        "(?x)a",
        r"\y",
    ],
)
def test_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        compile_regex(pattern)


def test_names_of_groups() -> None:
    assert dict(compile_regex(r"(?<a>x)(?P<b>y)").groupindex) == {"a": 1, "b": 2}


def test_hostile_patterns_stay_linear() -> None:
    compiled = compile_regex("^(a+)+(a|aa)*(.*.*)*$b")
    began = perf_counter()
    assert compiled.search("a" * 100_000 + "!") is None
    assert perf_counter() - began < 1


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        (r"^\p{Letter}+$", ["aé", "\U0001e900"], ["1"]),
        (r"^\p{greek}\p{GREEK}$", ["αβ"], ["ab"]),
        (r"^\p{Adlam}$", ["\U0001e900"], ["a"]),
        (r"^\p{Decimal_Number}\p{nd}$", ["1٣"], ["1a"]),
        (r"^[\p{Greek}\d-]+$", ["α1-"], ["a"]),
        (r"^[^\P{Lu}\x41]$", ["B", "É"], ["A", "b"]),
        (r"^\P{^Lu}$", ["B"], ["b"]),
        (r"^(?i)\p{Lu}$", ["b"], ["1"]),
        (r"^\p{Any}\p{Assigned}\P{Cn}\p{ascii}$", ["\u0378aba"], ["aaaé"]),
        (r"^\p{LC}$", ["a", "ǅ"], ["ª"]),
        (r"\p{Cs}", [], ["a"]),
        (r"^\P{Cs}$", ["a"], [""]),
        (r"^\Q\p{L}\E$", [r"\p{L}"], ["a"]),
    ],
)
def test_classes_of_unicode(pattern: str, matching: list[str], others: list[str]) -> None:
    compiled = compile_regex(pattern)
    assert [text for text in matching if not compiled.search(text)] == []
    assert [text for text in others if compiled.search(text)] == []


@pytest.mark.parametrize(
    "pattern", [r"\p{Old_Italic}", r"\p{SignWriting}", r"\p{}", r"\p{L", r"\p", r"\p{Nothing}"]
)
def test_names_that_go_does_not_know_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        compile_regex(pattern)


def test_a_pattern_that_outgrows_the_engine_s_memory_is_slow_and_silent(
    capfd: pytest.CaptureFixture[str],
) -> None:
    compiled = compile_regex(r"(\pL{1,300})x")
    assert compiled.search("é" * 200 + "x")
    assert not compiled.search("é" * 200)
    assert [found.group() for found in compiled.finditer("ax")] == ["ax"]
    assert compiled.groups == 1
    assert capfd.readouterr().err == ""
