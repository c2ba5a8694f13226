"""One port: WebSocket and POST on the OpAMP path, the JSON API beside them, nothing else.

Plain ASGI, so that a report passes no framework. Who may speak is decided before anything else is
looked at.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from otx.services.opamp_serve.tokens import Role, Token, Tokens

Scope: TypeAlias = MutableMapping[str, Any]
Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Handler: TypeAlias = Callable[[Scope, Receive, Send, Token], Awaitable[None]]

API_PREFIX = "/api/v1/"
LONGEST_UID = 64
NOBODY = Token(b"", "anyone", frozenset(("agent", "operator")))
"""Whoever speaks where no tokens are configured: somebody on this machine."""
_LOOPBACK = ("127.", "::1", "::ffff:127.")


@dataclass(frozen=True, slots=True)
class Doors:
    """Who is let in.

    Attributes:
        tokens: None lets everybody in that reaches the port, operators from this machine only.
    """

    tokens: Tokens | None = None

    def owner(self, scope: Scope, role: Role) -> Token | None:
        """Who is behind a request, if they may speak in a role."""
        if self.tokens is not None:
            return self.tokens.owner(header(scope, b"authorization"), role)
        if header(scope, b"origin"):
            return None  # a web page in a browser on this machine is not its user
        if role == "operator" and not (_is_local(scope) and _is_named_local(scope)):
            return None
        return NOBODY

    def reason(self, scope: Scope, role: Role) -> str:
        """Why a request was not let in, for people; nothing of what it offered."""
        if self.tokens is None:
            return "it came from a web page, or from another machine"
        if not header(scope, b"authorization"):
            return f"401: it has no token ({role})"
        return f"401: its token is not valid for {role}s"


class App:
    """The ASGI application."""

    def __init__(
        self,
        doors: Doors,
        path: str,
        websocket: Handler,
        poll: Handler,
        api: Handler,
        turned_away: Callable[[str, str, str], None],
        faulted: Callable[[Exception], None],
    ) -> None:
        """Lead each request to what handles it.

        Args:
            path: Where OpAMP is.
            turned_away: Called with address, claimed uid and reason of whoever is not let in.
            faulted: Called with what must not happen; uvicorn answers 500.
        """
        self._doors = doors
        self._turned_away = turned_away
        self._faulted = faulted
        self._path = path
        self._websocket = websocket
        self._poll = poll
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection."""
        if scope["type"] not in ("websocket", "http"):
            return
        is_websocket = scope["type"] == "websocket"
        if scope["path"].rstrip("/") == self._path.rstrip("/"):
            role: Role = "agent"
            handler = self._websocket if is_websocket else self._poll
        elif scope["path"].startswith(API_PREFIX) and not is_websocket:
            role, handler = "operator", self._api
        else:
            await refuse(scope, send, 404, f"there is nothing here; OpAMP is at {self._path}")
            return
        owner = self._doors.owner(scope, role)
        if owner is None:
            uid = header(scope, b"opamp-instance-uid")[:LONGEST_UID]
            self._turned_away(peer(scope), uid, self._doors.reason(scope, role))
            challenge = [(b"www-authenticate", b'Bearer realm="otx opamp"')]
            text = f"this needs a token for {role}s"
            if role == "operator":
                body = json.dumps({"error": text, "hint": "Authorization: Bearer TOKEN"}).encode()
                kind = (b"content-type", b"application/json")
                await respond(scope, send, 401, body, [kind, *challenge])
                return
            await refuse(scope, send, 401, text, challenge)
            return
        try:
            await handler(scope, receive, send, owner)
        except OSError:
            return  # the other side went away
        except Exception as error:
            self._faulted(error)
            raise


async def refuse(
    scope: Scope,
    send: Send,
    status: int,
    text: str,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answer a request or the opening of a WebSocket with a status and a line."""
    await respond(
        scope, send, status, text.encode() + b"\n", [(b"content-type", b"text/plain"), *headers]
    )


async def respond(
    scope: Scope, send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> None:
    """Answer a request, or the opening of a WebSocket, with a body."""
    kind, all_headers = "websocket.http.response", [*headers]
    if scope["type"] != "websocket":  # there uvicorn adds the length itself
        kind = "http.response"
        all_headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": f"{kind}.start", "status": status, "headers": all_headers})
    await send({"type": f"{kind}.body", "body": body})


def header(scope: Scope, name: bytes) -> str:
    """A request's header; "" where it is not there."""
    for key, value in scope["headers"]:
        if key.lower() == name:
            return str(value.decode("latin-1"))
    return ""


def peer(scope: Scope) -> str:
    """Where a request comes from, as HOST:PORT."""
    client = scope.get("client")
    return f"{client[0]}:{client[1]}" if client else ""


def endpoint(scope: Scope) -> str:
    """The URL that a request was addressed to; "" where it does not say."""
    host = header(scope, b"host")
    return f"{scope['scheme']}://{host}{scope['path']}" if host else ""


def authorization(scope: Scope) -> str:
    """The header that says who asks."""
    return header(scope, b"authorization")


def _is_named_local(scope: Scope) -> bool:
    """Whether a request was addressed to this machine by a name that is always its own.

    A web page can give its own name this machine's address (DNS rebinding) and then ask as if it
    were of the same origin.
    """
    host = header(scope, b"host")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name in ("", "localhost", "[::1]") or name.startswith("127.")


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    return client is None or str(client[0]).startswith(_LOOPBACK)
