"""The tokens of an XPath expression, one at a time: what is never reached is never looked at."""

import re
from typing import NamedTuple

from otx.ottl.errors import ExecutionError

_BLANKS = re.compile(r"\s*")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_NAME = re.compile(r"[^\W\d][\w.\-\u00b7]*")
_TEXT = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_SYMBOLS = ("//", "..", "<=", ">=", "!=", *",@()|*[]+-=<>/.$")


class InvalidXPath(ExecutionError):
    """A text that is no XPath expression."""


class Token(NamedTuple):
    """A token.

    Attributes:
        kind: A symbol itself, or "name", "axis", "number", "text" or "end".
        text: A name or a text.
        prefix: Of a name.
        is_called: Whether a parenthesis follows a name.
    """

    kind: str
    text: str = ""
    prefix: str = ""
    is_called: bool = False


class Scanner:
    """Reads tokens.

    Attributes:
        token: The one that is next.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.token = self._read()

    def advance(self) -> Token:
        """Take the next token."""
        taken = self.token
        self.token = self._read()
        return taken

    def take(self, kind: str) -> Token:
        """Take a token of a kind.

        Raises:
            InvalidXPath: Another one is next.
        """
        if self.token.kind != kind:
            raise self.error(f"{kind} is missing")
        return self.advance()

    def error(self, reason: str) -> InvalidXPath:
        """An error in this expression."""
        return InvalidXPath(f"{self._text!r} is no XPath: {reason}")

    def _match(self, pattern: "re.Pattern[str]") -> "re.Match[str] | None":
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found

    def _read(self) -> Token:
        self._match(_BLANKS)
        if self._at == len(self._text):
            return Token("end")
        number = self._match(_NUMBER)
        if number:
            return Token("number", number.group())
        quoted = self._match(_TEXT)
        if quoted:
            return Token("text", quoted[1] if quoted[1] is not None else quoted[2])
        name = self._match(_NAME)
        if name:
            return self._read_name(name.group())
        for symbol in _SYMBOLS:
            if self._text.startswith(symbol, self._at):
                self._at += len(symbol)
                return Token(symbol)
        raise self.error(f"{self._text[self._at]} is not expected")

    def _read_name(self, name: str) -> Token:
        prefix = ""
        if self._text.startswith(":", self._at) and not self._text.startswith("::", self._at):
            self._at += 1
            prefix = name
            local = self._match(_NAME)
            if local:
                name = local.group()
            elif self._text.startswith("*", self._at):
                self._at += 1
                name = "*"
            else:
                raise self.error(f"there is no name behind {prefix}:")
        self._match(_BLANKS)
        if not prefix and self._text.startswith("::", self._at):
            self._at += 2
            return Token("axis", name)
        return Token("name", name, prefix, self._text.startswith("(", self._at))
