"""`trace_state`: a text, and a map of texts by one key (W3C Trace Context, section 3.3)."""

import re
from typing import Any

from otx.ottl.contexts.accessor import Accessor, Get, Set, refuse, text
from otx.ottl.errors import ExecutionError
from otx.ottl.values import Value

_KEY = re.compile(
    r"[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}"
)
_MEMBER_VALUE = re.compile(r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")
_MAX_MEMBERS = 32


def trace_state() -> Accessor:
    """The accessor; its one key is taken by `member`."""
    whole = text("trace_state")
    return Accessor("string", whole.get, whole.set, keys="text")


def parse(value: str) -> dict[str, str] | None:
    """The members of a tracestate in their order; None where it is invalid."""
    members: dict[str, str] = {}
    for part in value.split(","):
        if not part:
            continue
        key, equals, content = part.partition("=")
        key, content = key.lstrip(" \t"), content.rstrip(" \t")
        is_member = equals and _KEY.fullmatch(key) and _MEMBER_VALUE.fullmatch(content)
        if not is_member or key in members:
            return None
        members[key] = content
    return members if len(members) <= _MAX_MEMBERS else None


def member(get: Get, set_: Set, key: str | None) -> tuple[Get, Set]:
    """How one member is read and written, over how the whole text is.

    Args:
        get: Reads the whole.
        set_: Writes it.
        key: The member's key; None where it is no text literal, which fails when it is used.
    """

    def get_member(record: Any) -> Value:
        members = parse(get(record))
        return None if members is None else members.get(_checked(key), "")

    def set_member(record: Any, value: Value) -> None:
        if type(value) is not str:
            raise refuse("trace_state", "string", value)
        members = parse(get(record))
        if members is None:
            return
        name = _checked(key)
        if not _KEY.fullmatch(name) or not _MEMBER_VALUE.fullmatch(value):
            return
        members.pop(name, None)
        changed = [(name, value), *members.items()][:_MAX_MEMBERS]
        set_(record, ",".join(f"{name}={content}" for name, content in changed))

    return get_member, set_member


def _checked(key: str | None) -> str:
    if key is None:
        raise ExecutionError("trace_state is indexed by a string literal")
    return key
