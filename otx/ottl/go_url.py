"""URLs as Go's net/url takes them apart and puts them together again.

Python's urllib follows other rules: it refuses little, unescapes nothing, and knows no difference
between a host that is left out and an empty one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from otx.ottl.errors import ExecutionError
from otx.ottl.ip import is_ipv6

MAX_QUERY_PARAMETERS = 10_000
"""As in Go: what has more is refused."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PORT = re.compile(r"(?::[0-9]*)?")
_USERINFO = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")


@dataclass(frozen=True, slots=True)
class _Kept:
    """The characters that a part of a URL may hold as they are.

    Attributes:
        all_of: Matches a text of such characters only.
        octets: What each byte is written as.
    """

    all_of: re.Pattern[str]
    octets: tuple[str, ...]

    @classmethod
    def these(cls, characters: str) -> "_Kept":
        octets = (chr(code) if chr(code) in characters else f"%{code:02X}" for code in range(256))
        return cls(re.compile(f"[{re.escape(characters)}]*"), tuple(octets))


_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_HOST = f"{_UNRESERVED}!$&'()*+,;=:[]<>\""
_IN_HOST = _Kept.these(_HOST)
_IN_PATH = _Kept.these(f"{_UNRESERVED}$&+,/:;=@")
_IN_USERINFO = _Kept.these(f"{_UNRESERVED}$&+,;=")
_IN_FRAGMENT = _Kept.these(f"{_UNRESERVED}$&+,/:;=?@!()*")
_KEPT_WHEN_ESCAPED = "!$&'()*+,;=:@[]%"
_BAD_IN_HOST = re.compile(f"[^{re.escape(_HOST)}\\x80-\\U0010ffff%]")
_ASCII_ESCAPE = re.compile(r"%(?!25)[0-7][0-9A-Fa-f]")


@dataclass(frozen=True, slots=True)
class User:
    """The part before `@`; a password may be empty, and may be left out."""

    name: str
    password: str | None

    def __str__(self) -> str:
        name = _escape(self.name, _IN_USERINFO)
        if self.password is None:
            return name
        return f"{name}:{_escape(self.password, _IN_USERINFO)}"


@dataclass(slots=True)
class Url:
    """A URL's parts, unescaped but for the query.

    Attributes:
        opaque: All behind the scheme, where no slash follows it.
        host: With its port, and with the brackets of an IPv6 address.
        raw_path: The path as it was written, where escaping the path would give another.
        raw_fragment: The same for the fragment.
        has_empty_query: Whether a `?` ends it.
        omits_host: Whether a single slash follows the scheme.
    """

    scheme: str = ""
    opaque: str = ""
    user: User | None = None
    host: str = ""
    path: str = ""
    raw_path: str = ""
    query: str = ""
    fragment: str = ""
    raw_fragment: str = ""
    has_empty_query: bool = False
    omits_host: bool = False

    @property
    def hostname(self) -> str:
        """The host without port and brackets."""
        name = self._split_host()[0]
        return name[1:-1] if name.startswith("[") and name.endswith("]") else name

    @property
    def port(self) -> str:
        """The port's digits."""
        return self._split_host()[1]

    def _split_host(self) -> tuple[str, str]:
        name, colon, port = self.host.rpartition(":")
        return (name, port) if colon and _PORT.fullmatch(colon + port) else (self.host, "")

    def __str__(self) -> str:
        text = f"{self.scheme}:" if self.scheme else ""
        text += self.opaque or self._hierarchy(text)
        if self.has_empty_query or self.query:
            text += f"?{self.query}"
        if self.fragment:
            text += f"#{_escaped(self.fragment, self.raw_fragment, _IN_FRAGMENT)}"
        return text

    def _hierarchy(self, before: str) -> str:
        """Authority and path."""
        text = ""
        if (self.scheme or self.host or self.user) and not (
            self.omits_host and not self.host and not self.user
        ):
            if self.host or self.path or self.user:
                text = "//"
            if self.user is not None:
                text += f"{self.user}@"
            text += _escape(self.host, _IN_HOST)
        path = "*" if self.path == "*" else _escaped(self.path, self.raw_path, _IN_PATH)
        if path and path[0] != "/" and self.host:
            text += "/"
        if not before + text and ":" in path.partition("/")[0]:
            text = "./"  # or it would be read as a scheme
        return text + path


def parse_url(text: str) -> Url:
    """Take a URL apart.

    Raises:
        ExecutionError: Go refuses it.
    """
    rest, _, fragment = text.partition("#")
    url = _without_fragment(rest)
    if fragment:
        url.fragment = _unescape(fragment)
        url.raw_fragment = _if_other(fragment, url.fragment, _IN_FRAGMENT)
    return url


def _without_fragment(text: str) -> Url:
    if _CONTROL.search(text):
        raise ExecutionError("a control character stands in the URL")
    if text == "*":
        return Url(path="*")
    url = Url()
    url.scheme, rest = _scheme(text)
    if rest.endswith("?") and rest.count("?") == 1:
        url.has_empty_query, rest = True, rest[:-1]
    else:
        rest, _, url.query = rest.partition("?")
    if not rest.startswith("/"):
        if url.scheme:
            url.opaque = rest
            return url
        if ":" in rest.partition("/")[0]:
            raise ExecutionError("the first segment of a URL's path cannot hold a colon")
    if rest.startswith("//") and (url.scheme or not rest.startswith("///")):
        authority, slash, rest = rest[2:].partition("/")
        rest = slash + rest
        url.user, url.host = _authority(url.scheme, authority)
    elif url.scheme and rest.startswith("/"):
        url.omits_host = True
    url.path = _unescape(rest)
    url.raw_path = _if_other(rest, url.path, _IN_PATH)
    return url


def _scheme(text: str) -> tuple[str, str]:
    if text.startswith(":"):
        raise ExecutionError("the URL's scheme is missing")
    found = _SCHEME.match(text)
    return (found[0][:-1].lower(), text[found.end() :]) if found else ("", text)


def _authority(scheme: str, authority: str) -> tuple[User | None, str]:
    userinfo, at, host = authority.rpartition("@")
    host = _host(scheme, host)
    if not at:
        return None, host
    if not _USERINFO.fullmatch(userinfo):
        raise ExecutionError("a character of the URL's user info is none of it")
    name, colon, password = userinfo.partition(":")
    return User(_unescape(name), _unescape(password) if colon else None), host


def _host(scheme: str, host: str) -> str:
    bracket = host.rfind("[")
    if bracket > 0:
        raise ExecutionError("the URL's host has a [ within")
    if bracket == 0:
        return _literal_address(host)
    first, last = host.find(":"), host.rfind(":")
    if first >= 0:
        # Databases list several hosts with ports; of HTTP every colon has to begin the port.
        _check_port(host[first if scheme in ("http", "https") else last :])
    return _unescape_host(host)


def _literal_address(host: str) -> str:
    close = host.rfind("]")
    if close < 0:
        raise ExecutionError("the URL's host lacks its ]")
    port = host[close + 1 :]
    _check_port(port)
    name, percent, zone = host[1:close].partition("%25")
    address = _unescape_host(name)
    if percent:
        address += _unescape_zone(percent + zone)
    if not is_ipv6(address):
        raise ExecutionError("the URL's host in brackets is no IPv6 address")
    return f"[{address}]{port}"


def _check_port(port: str) -> None:
    if not _PORT.fullmatch(port):
        raise ExecutionError(f"{port!r} behind the URL's host is no port")


def _unescape_host(text: str) -> str:
    """A host, in which only `%25` and bytes that are no ASCII may be escaped."""
    found = _BAD_IN_HOST.search(text) or _ASCII_ESCAPE.search(text)
    if found:
        raise ExecutionError(f"{found[0]!r} cannot stand in a URL's host")
    return _unescape(text)


def _unescape_zone(text: str) -> str:
    found = _BAD_IN_HOST.search(text)
    for escape in _ESCAPE.finditer(text.encode("utf-8", "surrogateescape")):
        c = chr(int(escape[1], 16))
        if c not in f"% {_HOST}":
            raise ExecutionError(f"{c!r} cannot stand in the zone of a URL's host")
    if found:
        raise ExecutionError(f"{found[0]!r} cannot stand in the zone of a URL's host")
    return _unescape(text)


def parse_query(text: str) -> dict[str, list[str]]:
    """The parameters of a query, each with all of its values.

    Raises:
        ExecutionError: A semicolon or a wrong escape stands in it, or it has too many parameters.
    """
    if text.count("&") >= MAX_QUERY_PARAMETERS:
        raise ExecutionError("the query has too many parameters")
    found: dict[str, list[str]] = {}
    for piece in text.split("&"):
        if ";" in piece:
            raise ExecutionError("a semicolon stands in the query")
        if piece:
            name, _, value = (_unescape(one.replace("+", " ")) for one in _cut(piece))
            found.setdefault(name, []).append(value)
    return found


def _cut(piece: str) -> Sequence[str]:
    return piece.partition("=")


def _unescape(text: str) -> str:
    if "%" not in text:
        return text
    bad = _BAD_ESCAPE.search(text)
    if bad:
        raise ExecutionError(f"{text[bad.start() : bad.start() + 3]!r} is no escape of a URL")
    octets = text.encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), octets).decode(
        "utf-8", "surrogateescape"
    )


def _escape(text: str, kept: _Kept) -> str:
    if kept.all_of.fullmatch(text):
        return text
    return "".join([kept.octets[octet] for octet in text.encode("utf-8", "surrogateescape")])


def _if_other(written: str, unescaped: str, kept: _Kept) -> str:
    """The form that was written, if escaping gives another."""
    return "" if written == _escape(unescaped, kept) else written


def _escaped(text: str, written: str, kept: _Kept) -> str:
    """A part as it was written, where that is a valid form of it."""
    is_valid = written and all(c in _KEPT_WHEN_ESCAPED or kept.all_of.fullmatch(c) for c in written)
    return written if is_valid else _escape(text, kept)
