"""The tokens of an XML text, to the letter of Go's encoding/xml.

It is strict about tags, quotes and characters, and knows no rules of documents: text may stand
outside of elements, and elements may follow one another.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple, NoReturn, TypeAlias

from otx.ottl.charsets import decoder
from otx.ottl.errors import ExecutionError

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"

_BLANKS = re.compile("[ \r\n\t]*")
_NAME = re.compile("[A-Za-z0-9_:.\\-\x80-\U0010ffff]+")
_ASCII_NAME = re.compile("[A-Za-z_:][A-Za-z0-9_:.-]*")
_ILLEGAL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile("&(?:(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|amp|apos|quot));)?")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": '"'}
_DIRECTIVE_PART = re.compile("<!--|[<>'\"]")
_PSEUDO_ATTRIBUTE = r"{}=(?:'([^']*)'|\"([^\"]*)\")"


class Name(NamedTuple):
    """A name; `space` is a namespace, or the prefix where none is declared for it."""

    space: str
    local: str


class Start(NamedTuple):
    """A start tag; `prefix` is what the text wrote before the name."""

    name: Name
    prefix: str
    attributes: list[tuple[Name, str]]


class End(NamedTuple):
    """An end tag, or the end of an empty element."""

    name: Name


class Text(NamedTuple):
    """Text without references, or a CDATA section."""

    data: str
    is_cdata: bool


class Comment(NamedTuple):
    """A comment."""

    data: str


class Instruction(NamedTuple):
    """A processing instruction, or the declaration."""

    target: str
    data: str


class Directive(NamedTuple):
    """`<!…>`, a document type most of all; its comments are blanks."""

    data: str


Token: TypeAlias = Start | End | Text | Comment | Instruction | Directive


class InvalidXml(ExecutionError):
    """A text that is no XML."""


class TokenReader:
    """Reads the tokens of one text.

    Attributes:
        at: Where the token after the last one begins.
    """

    def __init__(self, text: str, *, knows_charsets: bool) -> None:
        """Read a text; one that declares another charset is an error unless those are known."""
        self._text = text
        self._knows_charsets = knows_charsets
        self._open: list[tuple[Name, dict[str, str]]] = []
        self._spaces: dict[str, str] = {}
        self.at = 0

    def tokens(self) -> Iterator[Token]:
        """The tokens.

        Raises:
            InvalidXml: The text goes on, or ends, as no XML does.
        """
        while self.at < len(self._text):
            if self._text[self.at] != "<":
                yield self._read_text()
                continue
            following = self._text[self.at + 1 : self.at + 2]
            if following == "/":
                yield self._read_end()
            elif following == "?":
                yield self._read_instruction()
            elif following == "!":
                yield self._read_declaration()
            else:
                start, is_empty = self._read_start()
                yield start
                if is_empty:
                    yield End(self._close(start.prefix, self._open[-1][0].local))
        if self._open:
            self._fail(f"<{self._open[-1][0].local}> is not closed")

    def _fail(self, reason: str) -> NoReturn:
        raise InvalidXml(f"this is no XML: {reason}, at character {self.at + 1}")

    def _find(self, wanted: str, start: int) -> int:
        found = self._text.find(wanted, start)
        if found < 0:
            self._fail(f"{wanted} is missing")
        return found

    def _read_text(self) -> Text:
        end = self._text.find("<", self.at)
        end = len(self._text) if end < 0 else end
        raw = self._text[self.at : end]
        if "]]>" in raw:
            self._fail("]]> stands outside of CDATA")
        data = self._unescaped(raw)
        self.at = end
        return Text(data, is_cdata=False)

    def _unescaped(self, raw: str) -> str:
        if "&" in raw:
            raw = _REFERENCE.sub(self._referred, _with_line_feeds(raw))
        return self._checked(_with_line_feeds(raw))

    def _checked(self, data: str) -> str:
        illegal = _ILLEGAL.search(data)
        if illegal:
            self._fail(f"the character {ord(illegal.group()):#x} is not allowed")
        return data

    def _referred(self, found: "re.Match[str]") -> str:
        hexadecimal, decimal, name = found.groups()
        if name:
            return _ENTITIES[name]
        digits = hexadecimal or decimal
        code = int(digits, 16 if hexadecimal else 10) if digits and len(digits) < 20 else -1
        if not 0 <= code <= 0x10FFFF:
            self._fail("& begins no reference that XML knows")
        return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)

    def _read_name(self, what: str) -> str:
        found = _NAME.match(self._text, self.at)
        if not found or not _is_name(found.group()):
            self._fail(f"{what} is missing")
        self.at = found.end()
        return found.group()

    def _read_qualified(self, what: str) -> tuple[str, str]:
        """A prefix and a name."""
        text = self._read_name(what)
        if text.count(":") > 1:
            self._fail(f"{text} has two colons")
        prefix, _, local = text.partition(":")
        return (prefix, local) if prefix and local else ("", text)

    def _skip_blanks(self) -> None:
        blanks = _BLANKS.match(self._text, self.at)
        assert blanks is not None  # noqa: S101 - it matches nothing, too
        self.at = blanks.end()

    def _take(self, wanted: str, reason: str) -> None:
        if not self._text.startswith(wanted, self.at):
            self._fail(reason)
        self.at += len(wanted)

    def _read_end(self) -> End:
        self.at += 2
        prefix, local = self._read_qualified("a name behind </")
        self._skip_blanks()
        self._take(">", f"</{local} is not closed")
        return End(self._close(prefix, local))

    def _close(self, prefix: str, local: str) -> Name:
        if not self._open:
            self._fail(f"</{local}> closes nothing")
        opened, outer_spaces = self._open.pop()
        if opened != (prefix, local):
            self._fail(f"<{opened.local}> is closed by </{local}>")
        name = self._resolved(prefix, local, is_element=True)
        self._spaces = outer_spaces
        return name

    def _read_start(self) -> tuple[Start, bool]:
        self.at += 1
        prefix, local = self._read_qualified("a name behind <")
        raw: list[tuple[str, str, str]] = []
        while True:
            self._skip_blanks()
            if self._text.startswith(">", self.at):
                self.at += 1
                return self._started(prefix, local, raw), False
            if self._text.startswith("/", self.at):
                self.at += 1
                self._take(">", "> is missing behind /")
                return self._started(prefix, local, raw), True
            raw.append(self._read_attribute())

    def _read_attribute(self) -> tuple[str, str, str]:
        prefix, local = self._read_qualified("the name of an attribute")
        self._skip_blanks()
        self._take("=", f"{local} has no =")
        self._skip_blanks()
        quote = self._text[self.at : self.at + 1]
        if quote not in ("'", '"'):
            self._fail(f"the value of {local} is not quoted")
        end = self._find(quote, self.at + 1)
        value = self._text[self.at + 1 : end]
        if "<" in value:
            self._fail(f"< stands in the value of {local}")
        self.at = end + 1
        return prefix, local, self._unescaped(value)

    def _started(self, prefix: str, local: str, raw: list[tuple[str, str, str]]) -> Start:
        outer = self._spaces
        declared = {
            "" if not space else name: value
            for space, name, value in raw
            if space == "xmlns" or (not space and name == "xmlns")
        }
        if declared:
            self._spaces = {**outer, **declared}
        self._open.append((Name(prefix, local), outer))
        attributes = [
            (self._resolved(space, name, is_element=False), value) for space, name, value in raw
        ]
        return Start(self._resolved(prefix, local, is_element=True), prefix, attributes)

    def _resolved(self, prefix: str, local: str, *, is_element: bool) -> Name:
        if prefix == "xmlns" or (not prefix and (not is_element or local == "xmlns")):
            return Name(prefix, local)
        space = XML_NAMESPACE if prefix == "xml" else prefix
        return Name(self._spaces.get(space, space), local)

    def _read_instruction(self) -> Instruction:
        self.at += 2
        target = self._read_name("a name behind <?")
        self._skip_blanks()
        end = self._find("?>", self.at)
        data = self._text[self.at : end]
        self.at = end + 2
        if target == "xml":
            self._check_declaration(data)
        return Instruction(target, data)

    def _check_declaration(self, data: str) -> None:
        if _pseudo_attribute("version", data) not in ("", "1.0"):
            self._fail("only version 1.0 is known")
        charset = _pseudo_attribute("encoding", data)
        if charset.lower() in ("", "utf-8"):
            return
        if not self._knows_charsets:
            self._fail(f"it is in {charset}, not in UTF-8")
        # Texts are UTF-8 here, whatever they declare; the Collector believes the declaration.
        is_latin = charset.lower() in ("iso-8859-1", "latin1", "us-ascii", "ascii")
        decode = decoder("windows-1252" if is_latin else charset)
        rest = self._text[self.at :].encode("utf-8", "surrogateescape")
        self._text = self._text[: self.at] + decode(rest)

    def _read_declaration(self) -> Token:
        """What begins with `<!`."""
        text = self._text
        if text.startswith("<!-", self.at):
            self._take("<!--", "<!- begins no comment")
            end = self._find("--", self.at)
            data = text[self.at : end]
            self.at = end
            self._take("-->", "-- stands within a comment")
            return Comment(data)
        if text.startswith("<![", self.at):
            self._take("<![CDATA[", "<![ begins no CDATA")
            end = self._find("]]>", self.at)
            data = self._checked(_with_line_feeds(text[self.at : end]))
            self.at = end + 3
            return Text(data, is_cdata=True)
        return self._read_directive()

    def _read_directive(self) -> Directive:
        held = self.at + 2
        # The first character is taken as it is, even where it is a bracket.
        self.at = held + 1
        parts = []
        depth = 0
        while True:
            found = _DIRECTIVE_PART.search(self._text, self.at)
            if not found:
                self._fail("<! is not closed")
            self.at = found.end()
            mark = found.group()
            if mark == "<!--":
                self.at = self._find("-->", self.at) + 3
                parts += [self._text[held : found.start()], " "]
                held = self.at
            elif mark in ("'", '"'):
                self.at = self._find(mark, self.at) + 1
            elif mark == "<":
                depth += 1
            elif depth == 0:
                return Directive("".join([*parts, self._text[held : self.at - 1]]))
            else:
                depth -= 1


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _is_name(text: str) -> bool:
    if text.isascii():
        return _ASCII_NAME.fullmatch(text) is not None
    return (text[0].isalpha() or text[0] in "_:") and all(
        c.isalnum() or c in "_:.-\u00b7" or unicodedata.category(c)[0] == "M" for c in text
    )


def _pseudo_attribute(name: str, data: str) -> str:
    found = re.search(_PSEUDO_ATTRIBUTE.format(name), data)
    return (found[1] or found[2] or "") if found else ""
