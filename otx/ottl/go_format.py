"""Go's fmt.Sprintf: a format read once, then filled with values.

Which argument a directive takes is known from the format and the number of arguments; only what
a `*` asks for is known later. Nothing here fails: what does not fit is written into the text, as
`%!d(string=x)`, `%!d(MISSING)` or `%!(EXTRA int64=1)`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from otx.ottl.go_unicode import valid
from otx.ottl.go_verbs import Layout, show, type_name
from otx.ottl.values import Duration, Value

MAX_SIZE = 1_000_000
"""The widest that Go takes for a width or precision."""

_MISSING = -1

Piece: TypeAlias = Callable[[Sequence[Value]], str]
Fill: TypeAlias = Callable[[Sequence[Value]], str]


@dataclass(frozen=True, slots=True)
class Directive:
    """One `%…` that shows an argument.

    Attributes:
        layout: How, apart from what arguments say.
        argument: Which one.
        width_from: The argument that gives the width; None where the format does, `_MISSING`
            where a `*` has no argument left.
        precision_from: The same for the precision.
    """

    verb: str
    layout: Layout
    argument: int
    width_from: int | None = None
    precision_from: int | None = None

    def __call__(self, values: Sequence[Value]) -> str:
        """What the directive makes of the arguments."""
        if self.width_from is None and self.precision_from is None:
            return show(self.layout, values[self.argument], self.verb)
        layout, complaint = self.layout, ""
        if self.width_from is not None:
            width = _size(values, self.width_from)
            complaint += "" if width is not None else "%!(BADWIDTH)"
            layout = layout.with_width(width)
        if self.precision_from is not None:
            precision = _size(values, self.precision_from)
            if precision is None or precision < 0:
                complaint += "%!(BADPREC)"
                precision = None
            layout = replace(layout, precision=precision)
        return complaint + show(layout, values[self.argument], self.verb)


def _shortened(directive: Directive) -> Piece:
    """The same with a short way for the commonest: `%s` of a text, `%d` of a number."""
    shortcut = _SHORTCUTS.get(directive.verb)
    if shortcut is None or directive != Directive(directive.verb, Layout(), directive.argument):
        return directive
    kind, argument = shortcut, directive.argument

    def piece(values: Sequence[Value]) -> str:
        value = values[argument]
        return str(value) if type(value) is kind else directive(values)

    return piece


_SHORTCUTS: dict[str, type] = {"s": str, "d": int, "v": str}


def _size(values: Sequence[Value], argument: int) -> int | None:
    """What an argument gives for a `*`; None where it is no number for it."""
    if argument == _MISSING:
        return None
    value = values[argument]
    number = value.ns if type(value) is Duration else value
    return number if type(number) is int and abs(number) <= MAX_SIZE else None


def compile_format(text: str, count: int) -> Fill:
    """A format for so many arguments, made ready to be filled."""
    pieces = _Reader(text, count).read()

    def fill(values: Sequence[Value]) -> str:
        return "".join([piece if isinstance(piece, str) else piece(values) for piece in pieces])

    return fill


def sprintf(text: str, values: Sequence[Value]) -> str:
    """A format filled at once."""
    return compile_format(text, len(values))(values)


@dataclass(slots=True)
class _Reader:
    """Reads a format from left to right.

    Attributes:
        at: Where in the text.
        argument: The next argument.
        is_reordered: Whether an index such as `[2]` was seen: then surplus is not told.
        is_index_good: Whether the directive's indexes are those of arguments.
        follows_index: Whether an index was read just now.
    """

    text: str
    count: int
    at: int = 0
    argument: int = 0
    is_reordered: bool = False
    is_index_good: bool = True
    follows_index: bool = False
    pieces: list[str | Piece] = field(default_factory=list)

    def read(self) -> list[str | Piece]:
        while self.at < len(self.text):
            percent = self.text.find("%", self.at)
            if percent < 0:
                self.pieces.append(self.text[self.at :])
                break
            self.pieces.append(self.text[self.at : percent])
            self.at = percent + 1
            self._directive()
        if not self.is_reordered and self.argument < self.count:
            self.pieces.append(_extra(self.argument))
        return [piece for piece in self.pieces if piece != ""]

    def _directive(self) -> None:
        self.is_index_good = True
        flags = self._flags()
        self.follows_index = self._index()
        layout, width_from = self._width(Layout(**dict.fromkeys(flags, True)))
        layout, precision_from = self._precision(layout)
        if not self.follows_index:
            self._index()
        verb = valid(self.text[self.at : self.at + 1])
        self.at += 1
        if verb and verb != "%" and self.is_index_good and self.argument < self.count:
            if verb in "vw":
                layout = layout.for_values()
            directive = Directive(verb, layout, self.argument, width_from, precision_from)
            self.pieces.append(_shortened(directive))
            self.argument += 1
            return
        self.pieces.extend(self._complaints(width_from, precision_from))
        if verb in ("", "%"):
            self.pieces.append(verb or "%!(NOVERB)")
        else:
            self.pieces.append(f"%!{verb}({'MISSING' if self.is_index_good else 'BADINDEX'})")

    def _complaints(self, *given_by: int | None) -> list[Piece]:
        """What a `*` has to complain of where nothing is shown with it."""
        names = ("%!(BADWIDTH)", "%!(BADPREC)")
        return [
            _complaint(argument, name, may_be_negative=name == names[0])
            for argument, name in zip(given_by, names, strict=True)
            if argument is not None
        ]

    def _flags(self) -> set[str]:
        names = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
        flags = set()
        while self.at < len(self.text) and self.text[self.at] in names:
            flags.add(names[self.text[self.at]])
            self.at += 1
        return flags

    def _index(self) -> bool:
        """An index such as `[2]`, which names the next argument from 1."""
        if not self.text.startswith("[", self.at):
            return False
        self.is_reordered = True
        end = self.text.find("]", self.at) if len(self.text) - self.at >= 3 else -1
        if end < 0:
            self.is_index_good = False
            self.at += 1
            return False
        number = _decimal(self.text[self.at + 1 : end])
        self.at = end + 1
        if number is not None and 1 <= number <= self.count:
            self.argument = number - 1
        else:
            self.is_index_good = False
        return number is not None

    def _width(self, layout: Layout) -> tuple[Layout, int | None]:
        if self.text.startswith("*", self.at):
            return layout, self._star()
        width = self._number()
        if self.follows_index and width is not None:
            self.is_index_good = False
        return replace(layout, width=width), None

    def _precision(self, layout: Layout) -> tuple[Layout, int | None]:
        # A point that ends the text is taken for a verb.
        if not self.text.startswith(".", self.at) or self.at + 1 >= len(self.text):
            return layout, None
        self.at += 1
        if self.follows_index:
            self.is_index_good = False
        self.follows_index = self._index()
        if self.text.startswith("*", self.at):
            return layout, self._star()
        return replace(layout, precision=self._number() or 0), None

    def _star(self) -> int:
        self.at += 1
        self.follows_index = False
        if self.argument >= self.count:
            return _MISSING
        self.argument += 1
        return self.argument - 1

    def _number(self) -> int | None:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "0123456789":
            self.at += 1
        if start == self.at:
            return None
        number = _decimal(self.text[start : self.at])
        if number is None:
            self.at = len(self.text)  # as Go does: the rest is lost, and so is the verb
        return number


def _decimal(digits: str) -> int | None:
    """A number as Go's fmt reads one; None where it is none or where Go gives up on its size."""
    if not (digits.isascii() and digits.isdigit()):
        return None
    kept = digits.lstrip("0")
    # It looks at the size before it takes another digit.
    if len(kept) > 8 or (len(kept) == 8 and int(kept[:-1]) > MAX_SIZE):
        return None
    return int(digits)


def _complaint(argument: int, text: str, *, may_be_negative: bool) -> Piece:
    def complain(values: Sequence[Value]) -> str:
        size = _size(values, argument)
        return "" if size is not None and (may_be_negative or size >= 0) else text

    return complain


def _extra(first: int) -> Piece:
    def complain(values: Sequence[Value]) -> str:
        shown = [
            "<nil>" if value is None else f"{type_name(value)}={show(Layout(), value, 'v')}"
            for value in values[first:]
        ]
        return f"%!(EXTRA {', '.join(shown)})"

    return complain
