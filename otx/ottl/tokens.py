"""The tokens of any text, whether it parses or not: for colours, completion and open brackets.

The terminals are the grammar's own, so that colours cannot come to differ from what parses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.ottl.lalr import ottl_automaton

TokenKind: TypeAlias = Literal[
    "word", "keyword", "text", "open text", "number", "bytes", "sign", "bracket", "wrong"
]
Colour: TypeAlias = Literal[
    "editor", "converter", "argument", "enum", "path", "keyword", "text", "number", "sign", "wrong"
]

_KEYWORDS = frozenset(("NIL", "TRUE", "FALSE", "_OR", "_AND", "_NOT"))
_KINDS: dict[str, TokenKind] = {
    "WORD": "word",
    "STRING": "text",
    "BYTES": "bytes",
    "FLOAT": "number",
    "INT": "number",
    **dict.fromkeys(("LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE"), "bracket"),
    **dict.fromkeys(_KEYWORDS, "keyword"),
}
OPENERS = {"(": ")", "[": "]", "{": "}"}
"""Opening bracket -> what closes it."""

_COLOURS: dict[TokenKind, Colour] = {
    "keyword": "keyword",
    "text": "text",
    "open text": "text",
    "number": "number",
    "bytes": "number",
    "sign": "sign",
    "bracket": "sign",
    "wrong": "wrong",
}


@dataclass(frozen=True, slots=True)
class TextToken:
    """A piece of a text: `[start, end)`."""

    kind: TokenKind
    text: str
    start: int
    end: int


def tokens(text: str) -> list[TextToken]:
    """The tokens of a text without its blanks; what is no token is `wrong`, a character each."""
    found: list[TextToken] = []
    automaton = ottl_automaton()
    at = 0
    while at < len(text):
        match = automaton.pattern.match(text, at)
        if match is None:
            token = _wrong(text, at)
        elif automaton.is_ignored(name := str(match.lastgroup)):
            at = match.end()
            continue
        else:
            token = TextToken(_kind(name, match[0], found), match[0], at, match.end())
        found.append(token)
        at = token.end
    return found


def is_open(text: str) -> bool:
    """Whether a bracket or a text in quotes still waits for its end.

    A bracket that closes what was not opened cannot be mended by more text: then nothing is open.
    """
    waiting: list[str] = []
    for token in tokens(text):
        if token.kind == "open text":
            return True
        if token.kind != "bracket":
            continue
        if token.text in OPENERS:
            waiting.append(OPENERS[token.text])
        elif not waiting or waiting.pop() != token.text:
            return False
    return bool(waiting)


def coloured(text: str) -> Iterator[tuple[TextToken, Colour]]:
    """The tokens of a text, each with what it is to a reader."""
    found = tokens(text)
    for at, token in enumerate(found):
        yield token, _word(found, at) if token.kind == "word" else _COLOURS[token.kind]


def _word(found: Sequence[TextToken], at: int) -> Colour:
    word = found[at].text
    following = found[at + 1].text if at + 1 < len(found) else ""
    if following == "(":
        return "converter" if word[0].isupper() else "editor"
    if following == "=":
        return "argument"
    if word[0].isupper():
        return "enum" if word.isupper() else "converter"
    return "path"


def _kind(name: str, text: str, before: Sequence[TextToken]) -> TokenKind:
    if text == "where" and not (before and before[-1].text == "."):
        return "keyword"
    return _KINDS.get(name, "sign")


def _wrong(text: str, at: int) -> TextToken:
    if text[at] == '"':
        return TextToken("open text", text[at:], at, len(text))
    return TextToken("wrong", text[at], at, at + 1)
