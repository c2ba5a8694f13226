"""JSON as files and senders bring it: its encoding, and where a text is wrong."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHERS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_EMPTY_BYTES = 64
"""How much an empty object is looked for in: nobody pads it with more."""
_SHOWN = 40
"""Characters of a value that errors show."""


class InvalidText(ValueError):
    """A text that is no JSON; it says why, and at which line and column."""


def parse_text(data: bytes) -> object:
    """What a JSON parser makes of a text.

    Raises:
        InvalidText: It is no JSON, or no UTF-8.
    """
    import orjson  # 1 ms

    try:
        document: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidText(_problem(data, error.msg, error.pos)) from None
    return document


def other_encoding(head: bytes) -> str:
    """The encoding that the first bytes of a JSON text show, where it is not UTF-8; else ""."""
    named = _OTHERS.get(head[:2], "")
    if named or len(head) < 8:
        return named
    # ASCII in two bytes each, as the beginning of JSON is: every other one is zero.
    for name, zeros, letters in (
        ("UTF-16BE", head[::2], head[1::2]),
        ("UTF-16LE", head[1::2], head[::2]),
    ):
        if not any(zeros) and all(letters) and letters[:1] in (b"{", b"["):
            return name
    return ""


def is_utf8(data: bytes) -> bool:
    """Whether a text is UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_empty_object(data: bytes) -> bool:
    """Whether a text is `{}`, however it is spaced: in OTLP a request with nothing in it."""
    return len(data) <= _EMPTY_BYTES and b"".join(data.split()) == b"{}"


def shown_value(value: object) -> str:
    """A parsed value as errors show it: of what may be nested deeply, only what it is."""
    if isinstance(value, str):
        return repr(value[:_SHOWN])
    if value is None or isinstance(value, bool | int | float):
        return repr(str(value)[:_SHOWN])
    return "a list" if isinstance(value, list) else "a document"


def _problem(data: bytes, reason: str, at: int) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        # The parser tells of no place then.
        before = data[: error.start].decode()
        return f"byte 0x{data[error.start]:02x} is no UTF-8, at {_place(before, data)}"
    return f"{reason}, at {_place(text[:at], data)}"


def _place(before: str, data: bytes) -> str:
    """Line and column behind a text, both from 1; of the only line the column alone."""
    column = len(before) - (before.rfind("\n") + 1) + 1
    if b"\n" not in data.rstrip():
        return f"column {column}"
    return f"line {before.count(chr(10)) + 1} column {column}"
