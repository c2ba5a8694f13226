"""Which pages a browser may send telemetry from (the Fetch standard, "HTTP-access control").

A browser asks before it sends OTLP, because neither of its content types is one that a form has.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from otx.errors import UsageError
from otx.otlp.refusal import Reason, Refusal

ANY = "*"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#,]+")
_FIELD_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]{1,100}", re.ASCII)
_MAX_AGE_S = 7200
"""For how long a browser need not ask again; none remembers it for longer."""


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins whose pages may send; `*` is every one."""

    allowed: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Origins":
        """Read origins such as `https://shop.example:8443`.

        Raises:
            UsageError: One is none.
        """
        for text in texts:
            if text not in (ANY, "null") and not _ORIGIN.fullmatch(text):
                raise UsageError(
                    f"{text!r} is no origin", hint="write it like https://shop.example, or *"
                )
        return cls(frozenset(texts))

    def headers(self, origin: str) -> str:
        """The header lines that let a page of an origin read an answer; "" where it may not."""
        exposed = "Access-Control-Expose-Headers: Retry-After\r\n"
        if ANY in self.allowed and origin:
            return f"Access-Control-Allow-Origin: *\r\n{exposed}"
        if origin in self.allowed:
            return f"Access-Control-Allow-Origin: {origin}\r\nVary: Origin\r\n{exposed}"
        return ""

    def preflight_headers(self, headers: Mapping[str, str]) -> str:
        """The header lines that answer a browser's question whether it may send.

        Raises:
            Refusal: `Reason.ORIGIN_NOT_ALLOWED`.
        """
        origin = headers.get("origin", "")
        allowed = self.headers(origin)
        if not allowed:
            raise Refusal(
                Reason.ORIGIN_NOT_ALLOWED,
                f"pages of {origin or 'no origin'} may not send here; --cors says which may",
            )
        asked = headers.get("access-control-request-headers", "").split(",")
        names = [name for name in map(str.strip, asked) if _FIELD_NAME.fullmatch(name)]
        return (
            f"{allowed}Access-Control-Allow-Methods: POST\r\n"
            f"Access-Control-Allow-Headers: {', '.join(names) or 'content-type'}\r\n"
            f"Access-Control-Max-Age: {_MAX_AGE_S}\r\n"
        )


def is_preflight(method: bytes, headers: Mapping[str, str]) -> bool:
    """Whether a request is a browser's question whether it may send."""
    return method == b"OPTIONS" and "access-control-request-method" in headers
