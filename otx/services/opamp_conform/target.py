"""A server's address in both forms, and how it is reached."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from otx.errors import UsageError
from otx.opamp.framing import DEFAULT_LIMIT

_SECURE = {"ws": False, "http": False, "wss": True, "https": True}
DEFAULT_PATH = "/v1/opamp"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a server is.

    Attributes:
        limit: Bytes that it is configured to take at most.
        timeout_s: How long something that has to come is waited for.
    """

    host: str
    port: int
    path: str
    is_secure: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    ca: Path | None = None
    limit: int = DEFAULT_LIMIT
    timeout_s: float = 5.0

    @property
    def quiet_s(self) -> float:
        """How long is listened for what must not come."""
        return self.timeout_s / 5

    @property
    def websocket_url(self) -> str:
        """The address for a WebSocket."""
        return f"{'wss' if self.is_secure else 'ws'}://{self.host}:{self.port}{self.path}"

    @property
    def http_url(self) -> str:
        """The address without a path, as a JSON API would have it."""
        return f"{'https' if self.is_secure else 'http'}://{self.host}:{self.port}"

    def tls(self) -> ssl.SSLContext | None:
        """What proves the server's identity; None without TLS."""
        if not self.is_secure:
            return None
        return ssl.create_default_context(cafile=str(self.ca) if self.ca else None)


def split_url(url: str) -> tuple[str, int, str, bool]:
    """Host, port, path and whether TLS is used.

    Raises:
        UsageError: It is no address of a server.
    """
    try:
        parts = urlsplit(url if "://" in url else f"ws://{url}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _SECURE or not parts.hostname:
        raise UsageError(
            f"{url!r} is no address of an OpAMP server", hint="ws://HOST:4320/v1/opamp"
        )
    is_secure = _SECURE[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host, port or (443 if is_secure else 80), parts.path or DEFAULT_PATH, is_secure
