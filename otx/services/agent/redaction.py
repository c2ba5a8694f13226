"""Secrets in a configuration that is shown or reported: the value goes, the key stays.

What counts as one: values under keys that name secrets, values that look like credentials wherever
they stand, user and password in URLs, private keys in PEM. References such as `${env:TOKEN}` stay:
they are no secret and say where it comes from. Too much is hidden rather than too little.
"""

import re

import yaml

from otx.model.cells import printable
from otx.opamp.secret_names import is_secret_name
from otx.services.agent.overlay import Unmergeable, compose, written

HIDDEN = "[REDACTED]"
LONGEST_REASON = 4096

_HEADERS = {"headers", "metadata", "connect_headers"}
"""Maps whose every value may be a credential."""
_HARMLESS_HEADERS = {"content-type", "accept", "user-agent", "x-scope-orgid"}
_VALUE = re.compile(
    r"(?i)\b(bearer|basic|apikey|token)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"  # JSON web token
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[baprs]-[A-Za-z0-9-]{10,}"
    r"|\bglpat-[A-Za-z0-9_-]{16,}|\bglc_[A-Za-z0-9+/=]{16,}"
)
_URL_USER = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s:@\"']*(:[^/\s@\"']*)?@")
_URL_QUERY = re.compile(r"(?i)([?&](?:[^=&\s]*(?:token|key|secret|password|sig))=)[^&\s\"']+")
_ASSIGNED = re.compile(
    r"(?P<head>\b(?P<key>[A-Za-z0-9_.-]+)[ \t]*=[ \t]*)"
    r"(?P<value>\$\{[^}\s]*\}|[^\s;&=~\[\"',)][^\s;&\"',)]*)"
)
"""What a connection string says of itself: `Server=x;Password=y`."""
_PEM = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\A[A-Za-z0-9+/=\s]*-----END [A-Z ]*PRIVATE KEY-----",
    re.DOTALL,
)
_REFERENCE = re.compile(r"\$\{[^}]*\}|\$[A-Za-z_][A-Za-z0-9_]*")
_ENTRY = re.compile(
    r"(?P<head>[\"']?(?P<key>[A-Za-z0-9_.-]+)[\"']?[ \t]*[:=][ \t]*)"
    r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|\$\{[^}\n]*\}|[^\s,}\]{\[\"'][^,}\]\n]*)"
)


def redacted(text: bytes) -> bytes:
    """A configuration without its secrets: YAML by its keys, any other text line by line."""
    try:
        node = compose("", text)
    except Unmergeable:
        return _redacted_lines(text.decode(errors="replace")).encode()
    if not isinstance(node, yaml.MappingNode):
        return _redacted_lines(text.decode(errors="replace")).encode()
    changed = _Walk().redact(node)
    # Writing loses comments; they are kept where nothing had to be hidden, in them neither.
    plain = text.decode(errors="replace")
    return written(node) if changed or _redacted_value(plain) != plain else text


class _Walk:
    """Hides values in place, each node once in each role: aliases share nodes."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, bool]] = set()

    def redact(self, root: yaml.Node) -> bool:
        """Hide what is under a node; whether there was something."""
        changed = False
        waiting = [(root, False)]
        while waiting:
            node, is_secret = waiting.pop()
            if isinstance(node, yaml.ScalarNode):
                changed |= _hide(node, is_secret)
                continue
            if (id(node), is_secret) not in self._seen:
                self._seen.add((id(node), is_secret))
                waiting += _parts(node, is_secret)
        return changed


def _parts(node: yaml.Node, is_secret: bool) -> list[tuple[yaml.Node, bool]]:
    if isinstance(node, yaml.SequenceNode):
        return [(part, is_secret) for part in node.value]
    if not isinstance(node, yaml.MappingNode):
        return []
    parts: list[tuple[yaml.Node, bool]] = []
    for key, value in node.value:
        name = key.value if isinstance(key.value, str) else ""
        names_secret = is_secret_name(name) and not _is_choice(name, value)
        parts.append((value, is_secret or names_secret))
        if name.lower() in _HEADERS:
            parts += _headers(value)
    return parts


def _headers(node: yaml.Node) -> list[tuple[yaml.Node, bool]]:
    """The values of a map of headers, or of a list of names and values."""
    if isinstance(node, yaml.MappingNode):
        return [
            (value, True)
            for key, value in node.value
            if str(key.value).lower() not in _HARMLESS_HEADERS
        ]
    if not isinstance(node, yaml.SequenceNode):
        return []
    return [
        (value, True)
        for entry in node.value
        if isinstance(entry, yaml.MappingNode)
        for key, value in entry.value
        if str(key.value).lower() == "value"
    ]


def _is_choice(name: str, node: yaml.Node) -> bool:
    """Whether it is a Collector's `auth: {authenticator: …}`, which names an extension."""
    return name.lower() == "auth" and isinstance(node, yaml.MappingNode)


def _hide(node: yaml.ScalarNode, is_secret: bool) -> bool:
    value = node.value
    if not value or node.tag.endswith((":null", ":bool")):
        return False
    hidden = _redacted_value(value)
    if is_secret and not _is_reference(value):
        hidden = HIDDEN
    if hidden == value:
        return False
    node.value, node.tag, node.style = hidden, "tag:yaml.org,2002:str", '"'
    return True


def _is_reference(value: str) -> bool:
    return not _REFERENCE.sub("", value).strip() and "$" in value


def _redacted_value(text: str) -> str:
    text = _PEM.sub(HIDDEN, text)
    text = _VALUE.sub(HIDDEN, text)
    text = _URL_USER.sub(lambda it: f"{it['scheme']}{HIDDEN}@", text)
    text = _URL_QUERY.sub(lambda it: it[1] + HIDDEN, text)
    return _ASSIGNED.sub(_hide_entry, text)


def redacted_words(text: str) -> str:
    """What others say: no secrets in it, and nothing that drives a terminal; lines stay lines."""
    lines = (printable(line.replace("\t", " ")) for line in text.split("\n"))
    return _redacted_lines("\n".join(lines))


def reason_told(reason: str) -> str:
    """A reason as it is kept and reported: an error may quote a configuration."""
    return redacted_words(reason)[:LONGEST_REASON]


def _redacted_lines(text: str) -> str:
    return _ENTRY.sub(_hide_entry, _redacted_value(text))


def _hide_entry(match: re.Match[str]) -> str:
    if not is_secret_name(match["key"]) or _is_reference(match["value"].strip("\"' ,;")):
        return match[0]
    return match["head"] + HIDDEN
