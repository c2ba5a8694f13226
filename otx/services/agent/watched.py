"""A channel whose conversation is watched: what breaks a rule is named in the agent's log."""

import time
from collections.abc import Callable

from otx.opamp.framing import Malformed
from otx.opamp.monitor import Broken, Watch
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.opamp.rules import Transport
from otx.opamp.transport.channel import Channel, ChannelError, Why

_STATUS = {Why.TOO_LARGE: 413, Why.THROTTLED: 503}


class WatchedChannel:
    """A channel, and what goes over it held against the protocol's rules.

    Args:
        channel: Whatever carries the messages.
        watch: What is known of the agent from its connections before.
        remark: Told each rule that is broken, once a connection.
    """

    def __init__(self, channel: Channel, watch: Watch, remark: Callable[[str], None]) -> None:
        self.half_duplex = channel.half_duplex
        self._channel = channel
        self._remark = remark
        kind = Transport.HTTP if channel.half_duplex else Transport.WEBSOCKET
        self._monitor = watch.connection(kind)
        self._told: set[int] = set()
        self._uid = b""

    async def send(self, message: AgentToServer) -> None:
        """Send a message.

        Raises:
            ChannelError: The connection is gone.
        """
        self._uid = message.instance_uid
        now_ns = time.monotonic_ns()
        self._name(self._monitor.client_sent(message, now_ns))
        self._name(self._monitor.tick(now_ns))
        await self._channel.send(message)

    async def receive(self) -> ServerToAgent:
        """The next message of the server.

        Raises:
            ChannelError: The connection is gone.
            Malformed: This message is unusable; the connection stands.
        """
        try:
            message = await self._channel.receive()
        except Malformed as error:
            now_ns = time.monotonic_ns()
            if self.half_duplex:
                self._monitor.refused(self._uid, 0, now_ns)  # an answer, and of no use
            else:
                self._name(self._monitor.malformed(Side.SERVER, error.reason, now_ns))
            raise
        except ChannelError as error:
            wait_s = None if error.wait_ns is None else error.wait_ns / 1e9
            status = _STATUS.get(error.why, 0)
            self._monitor.refused(self._uid, status, time.monotonic_ns(), wait_s)
            raise
        self._name(self._monitor.server_sent(message, time.monotonic_ns()))
        return message

    async def close(self) -> None:
        """End the connection in good order, in bounded time."""
        await self._channel.close()

    def _name(self, broken: list[Broken]) -> None:
        for one in broken:
            if one.rule.number not in self._told:
                self._told.add(one.rule.number)
                self._remark(f"{one} (rule {one.rule.number}: {one.rule.sentence})")
