"""Whether the supervised process is well: by its health check, or because it lives.

A Collector with the `health_check` extension is asked by HTTP; another process is well while it
runs, unless the agent's own section names a URL.
"""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

import yaml

from otx.services.agent.overlay import Unmergeable, compose, keys_of

DEFAULT_PORT = 13133
TIMEOUT_S = 2.0
_LONGEST_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Check:
    """An HTTP resource that answers with 2xx while the process is well."""

    host: str
    port: int
    path: str
    method: str = "GET"

    @classmethod
    def of_url(cls, url: str) -> "Check":
        """The check of an http URL.

        Raises:
            ValueError: It is none.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{url!r} is no http URL")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.hostname, parts.port or 80, path)

    async def problem(self) -> str:
        """Why the process is not well; "" when it is."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status = await self._status()
        except TimeoutError:
            return f"its health check does not answer within {TIMEOUT_S:g} s"
        except OSError:
            return f"its health check at {self.host}:{self.port} cannot be reached"
        except ValueError:
            return "its health check answers no HTTP"
        return "" if 200 <= status < 300 else f"its health check answers {status}"

    async def _status(self) -> int:
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=_LONGEST_HEAD)
        try:
            head = f"{self.method} {self.path} HTTP/1.1\r\nHost: {self.host}\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n".encode())
            words = (await reader.readline()).split()
            if len(words) < 2 or not words[0].startswith(b"HTTP/"):
                raise ValueError("no status line")
            return int(words[1])
        finally:
            writer.close()


def collector_check(text: bytes) -> Check | None:
    """The check that a Collector's configuration switches on; None where it does not."""
    try:
        root = keys_of(compose("the configuration", text))
    except Unmergeable:
        return None
    names = _names(keys_of(root.get("service")).get("extensions"))
    extensions = keys_of(root.get("extensions"))
    for name in names:
        if name.split("/")[0] == "health_check" and name in extensions:
            return _check(keys_of(extensions[name]))
    return None


def _check(settings: dict[str, yaml.Node]) -> Check | None:
    endpoint = _scalar(settings.get("endpoint")) or f"localhost:{DEFAULT_PORT}"
    if "${" in endpoint:
        return None  # the Collector's own variables; the process is watched instead
    host, _, port = endpoint.rpartition(":")
    if not port.isdigit():
        return None
    return Check(reachable_host(host), int(port), _scalar(settings.get("path")) or "/")


def reachable_host(host: str) -> str:
    """Where something that listens on an address is reached from here."""
    host = host.strip("[]")
    return {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _names(node: yaml.Node | None) -> list[str]:
    if not isinstance(node, yaml.SequenceNode):
        return []
    return [_scalar(part) for part in node.value]


def _scalar(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
