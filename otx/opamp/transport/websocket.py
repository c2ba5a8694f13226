"""OpAMP over WebSocket: one binary message is a header and a protobuf message."""

import asyncio
import ssl

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from otx.opamp.framing import Limits, Malformed, decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.transport.channel import ChannelError, Why, status_error, why_not
from otx.opamp.transport.endpoint import Endpoint

OPEN_TIMEOUT_S = 15.0
PING_S = 20.0
"""Pings find a dead connection within `PING_S` + `PONG_S`; the protocol has only heartbeats."""
PONG_S = 20.0
CLOSE_TIMEOUT_S = 3.0
WAITING_MESSAGES = 4
"""Received messages that wait to be read; then the server has to wait."""
_FAILURES = (OSError, TimeoutError, InvalidHandshake, InvalidURI, asyncio.IncompleteReadError)


class WebSocketChannel:
    """One open WebSocket."""

    half_duplex = False

    def __init__(self, connection: ClientConnection, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits

    async def send(self, message: AgentToServer) -> None:
        """Send a message (see `Channel`)."""
        try:
            await self._connection.send(frame(message))
        except ConnectionClosed as error:
            raise _closed(error) from None

    async def receive(self) -> ServerToAgent:
        """The next message (see `Channel`)."""
        try:
            data = await self._connection.recv()
        except ConnectionClosed as error:
            raise _closed(error) from None
        if isinstance(data, str):
            raise Malformed("a text message, not a binary one")
        return decode_frame(ServerToAgent, data, self._limits)

    async def close(self) -> None:
        """Send a close frame and wait a little for the answer to it."""
        await self._connection.close()


class _Connect(connect):
    """A connection whose headers, tokens among them, go to no other server by a redirect."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        before = self.ws_uri
        target = super().process_redirect(exc)
        if isinstance(target, str):
            after = type(self)(target).ws_uri
            if (before.host, before.port, before.secure) != (after.host, after.port, after.secure):
                self.additional_headers = None
        return target


async def open_websocket(endpoint: Endpoint, limits: Limits) -> WebSocketChannel:
    """Connect; 3xx is followed, a proxy of the environment is used.

    Raises:
        ChannelError: There is no connection, and why.
    """
    try:
        connection = await _Connect(
            endpoint.url,
            additional_headers=endpoint.headers,
            ssl=endpoint.tls.context() if endpoint.is_secure else None,
            proxy=endpoint.proxy or True,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            max_size=limits.message_bytes,
            max_queue=WAITING_MESSAGES,
        )
    except InvalidStatus as error:
        retry_after = error.response.headers.get("Retry-After")
        raise status_error(error.response.status_code, retry_after) from None
    except ssl.SSLCertVerificationError as error:
        reason = f"the certificate is not trusted: {error.verify_message}"
        raise ChannelError(Why.UNTRUSTED, reason) from None
    except _FAILURES as error:
        raise ChannelError(Why.BROKEN, why_not(error)) from None
    return WebSocketChannel(connection, limits)


def _closed(error: ConnectionClosed) -> ChannelError:
    said = "the connection is gone"
    if error.sent is not None and (error.rcvd is None or not error.rcvd_then_sent):
        said = f"closed with {error.sent.code} {error.sent.reason}".strip()
    elif error.rcvd is not None:
        said = f"the server closed with {error.rcvd.code} {error.rcvd.reason}".strip()
    return ChannelError(Why.BROKEN, said)
