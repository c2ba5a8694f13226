"""Groups of regular expressions, in their order."""

import pytest

from otx.ottl.groups import Groups, without_unnamed
from otx.ottl.patterns import compile_regex


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (r"(?P<a>x)(y)(?:z)(?<b>q)", ("a", "", "b")),
        (r"(?P<a>.)(?P<a>.)", ("a", "a")),
        (r"\((?P<a>[(?P<no>)]+)", ("a",)),
        (r"\Q(?P<no>x)\E(?P<b>.)", ("b",)),
        (r"(?i)(?P<a>[]x(]+[^](]*)", ("a",)),
        (r"(?P<a>[[:alpha:](]+\[(x))", ("a", "")),
        (r"\\(?P<a>x)", ("a",)),
        ("x", ()),
    ],
)
def test_names(pattern: str, names: tuple[str, ...]) -> None:
    groups = Groups(compile_regex(pattern))
    assert groups.names == names


def test_what_groups_match() -> None:
    groups = Groups(compile_regex("(?P<a>x)?(?P<b>é.)"))
    assert dict(groups.find("--é\udcff")) == {"a": "", "b": "é\udcff"}
    assert list(groups.find("--")) == []


@pytest.mark.parametrize(
    ("pattern", "thinner"),
    [
        (r"(a)(?P<b>(c))(?:d)", r"(?:a)(?P<b>(?:c))(?:d)"),
        (r"[(]\((?i)(x)", r"[(]\((?i)(?:x)"),
    ],
)
def test_unnamed_groups_can_keep_nothing(pattern: str, thinner: str) -> None:
    assert without_unnamed(pattern) == thinner
