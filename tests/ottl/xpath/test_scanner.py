"""The tokens of XPath."""

import pytest

from otx.ottl.xpath.scanner import InvalidXPath, Scanner, Token


def tokens(text: str) -> list[Token]:
    scanner = Scanner(text)
    found = []
    while scanner.token.kind != "end":
        found.append(scanner.advance())
    return found


def test_tokens() -> None:
    assert [token.kind for token in tokens("//a[@b>=.5]/../c:d|'x' *")] == [
        *("//", "name", "[", "@", "name", ">=", "number", "]", "/", "..", "/", "name", "|"),
        *("text", "*"),
    ]


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("a-b.c", Token("name", "a-b.c")),
        ("p:a", Token("name", "a", "p")),
        ("p:*", Token("name", "*", "p")),
        ("count (", Token("name", "count", "", True)),
        ("child ::", Token("axis", "child")),
        ("1.", Token("number", "1.")),
        ('"\'"', Token("text", "'")),
    ],
)
def test_names_numbers_and_texts(text: str, token: Token) -> None:
    assert Scanner(text).token == token


@pytest.mark.parametrize("text", ["'open", "p:", "p: a", "#", "!"])
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(InvalidXPath):
        Scanner(text)


def test_what_is_not_reached_is_not_looked_at() -> None:
    scanner = Scanner("a b }")
    scanner.advance()
    with pytest.raises(InvalidXPath):
        scanner.advance()
