"""Where in an unfinished text a cursor stands: what is being typed, and what is open round it.

Only tokens are looked at, because a text that is being typed does not parse.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from otx.ottl.errors import OttlError
from otx.ottl.literals import unquote
from otx.ottl.tokens import OPENERS, TextToken, tokens

What: TypeAlias = Literal["word", "section", "key", "text", "nothing"]
"""What is being typed: a name, a section behind a dot, a key in quotes, another text, a number."""

_OPERANDS = frozenset(("word", "text", "number", "bytes"))
_VALUES = frozenset(("nil", "true", "false"))


@dataclass(frozen=True, slots=True)
class PathBefore:
    """A path up to some point.

    Attributes:
        names: Its sections.
        keys: The keys behind the last of them; None for one that is no text literal.
    """

    names: tuple[str, ...] = ()
    keys: tuple[str | None, ...] = ()


@dataclass(slots=True)
class Opened:
    """A bracket that is open at the cursor.

    Attributes:
        bracket: `(`, `[` or `{`.
        call: The function whose arguments it holds; "" for other brackets.
        path: What it holds a key of; without names for other brackets.
        position: How many arguments are complete.
        named: The names that arguments were given by.
        argument: The name of the argument that the cursor is in; "" for one by position.
        target: The path that is the call's first argument.
    """

    bracket: str
    call: str = ""
    path: PathBefore = PathBefore()
    position: int = 0
    named: list[str] = field(default_factory=list)
    argument: str = ""
    target: PathBefore = PathBefore()


@dataclass(frozen=True, slots=True)
class Cursor:
    """What is known of a cursor's place.

    Attributes:
        what: What is being typed.
        typed: What of it stands before the cursor.
        start: Where it begins.
        path: The path before the dot or the bracket, where one is being continued.
        opened: The open brackets, the outermost first.
        follows_value: Whether a value stands before it, so that only an operator can follow.
        compared: The left side, where a comparison's right side is typed.
        before: The tokens before what is being typed.
    """

    what: What
    typed: str
    start: int
    path: PathBefore
    opened: tuple[Opened, ...]
    follows_value: bool
    compared: PathBefore
    before: Sequence[TextToken]

    @property
    def innermost(self) -> Opened | None:
        """The bracket that was opened last."""
        return self.opened[-1] if self.opened else None

    @property
    def has_where(self) -> bool:
        """Whether the condition of a statement has begun."""
        return any(one.text == "where" and one.kind == "keyword" for one in self.before)


def cursor_at(text: str, offset: int) -> Cursor:
    """What stands round an offset of a text; only what is before it counts."""
    found = tokens(text[:offset])
    last = found[-1] if found else None
    typed, start = "", offset
    what: What = "word"
    if last is not None and last.kind == "open text":
        typed, start, what = last.text[1:], last.start + 1, "text"
    elif last is not None and last.end == offset and last.kind in ("word", "keyword"):
        typed, start = last.text, last.start
    elif last is not None and last.end == offset and last.kind in ("number", "bytes"):
        typed, start, what = last.text, last.start, "nothing"
    before = found[:-1] if typed or what == "text" else found
    opened = _opened(before)
    path = PathBefore()
    if what == "text" and opened and opened[-1].path.names and before[-1].text == "[":
        what, path = "key", opened[-1].path
    elif what == "word" and before and before[-1].text == ".":
        what, path = "section", path_before(before, len(before) - 1)
    return Cursor(
        what, typed, start, path, tuple(opened), _follows(before), _compared(before), before
    )


def path_before(found: Sequence[TextToken], end: int) -> PathBefore:
    """The path that ends before a token; one without names where there is none."""
    keys: list[str | None] = []
    at = end
    while at > 0 and found[at - 1].text == "]":
        opening = _opening(found, at - 1)
        inner = found[opening + 1 : at - 1]
        keys.append(_text(inner[0]) if len(inner) == 1 else None)
        at = opening
    names: list[str] = []
    while at > 0 and found[at - 1].kind == "word":
        names.append(found[at - 1].text)
        at -= 1
        if at == 0 or found[at - 1].text != ".":
            break
        at -= 1
    return PathBefore(tuple(reversed(names)), tuple(reversed(keys)) if names else ())


def _text(token: TextToken) -> str | None:
    """The value of a text literal; None for anything else."""
    if token.kind != "text":
        return None
    try:
        return unquote(token.text, token.text, 0)
    except OttlError:
        return None


def _opening(found: Sequence[TextToken], closing: int) -> int:
    """The index of the bracket that a closing one belongs to; 0 where none does."""
    depth = 0
    for at in range(closing, -1, -1):
        if found[at].kind == "bracket":
            depth += -1 if found[at].text in OPENERS else 1
            if depth == 0:
                return at
    return 0


def _opened(found: Sequence[TextToken]) -> list[Opened]:
    opened: list[Opened] = []
    for at, token in enumerate(found):
        if token.kind == "bracket" and token.text in OPENERS:
            opened.append(_open(found, at))
        elif token.kind == "bracket" and opened:
            opened.pop()
        elif opened:
            _count(opened[-1], found, at)
    return opened


def _open(found: Sequence[TextToken], at: int) -> Opened:
    bracket = found[at].text
    if bracket == "(" and at and found[at - 1].kind == "word":
        return Opened(bracket, call=found[at - 1].text)
    if bracket == "[":
        return Opened(bracket, path=path_before(found, at))
    return Opened(bracket)


def _count(opened: Opened, found: Sequence[TextToken], at: int) -> None:
    """Take note of a token that stands directly in an open bracket."""
    token = found[at]
    if token.text == ",":
        if opened.position == 0:
            opened.target = path_before(found, at)
        opened.position += 1
        opened.argument = ""
    elif token.text == "=" and found[at - 1].kind == "word":
        opened.argument = found[at - 1].text
        opened.named.append(opened.argument)


def _follows(before: Sequence[TextToken]) -> bool:
    if not before:
        return False
    last = before[-1]
    return last.kind in _OPERANDS or last.text in _VALUES or last.text in OPENERS.values()


def _compared(before: Sequence[TextToken]) -> PathBefore:
    """The path left of the comparison that the cursor stands behind."""
    if before and before[-1].text in ("==", "!=", "<", "<=", ">", ">="):
        return path_before(before, len(before) - 1)
    return PathBefore()
