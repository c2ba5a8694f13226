"""FAILED statuses that were sent and that the server may not have received.

A report that is lost heals by itself: the next one has a gap before its sequence number, and the
server asks for the present state. A failure may be no part of that any more, and a server that
never hears of it offers the broken configuration again. So each is kept until it is answered for
sure.
"""

from collections import deque

from google.protobuf.message import Message

from otx.opamp.client.report import FAILED, FAILURES_KEPT
from otx.opamp.opamp_pb2 import RemoteConfigStatus, ServerToAgent


class Failures:
    """Counts the messages of one connection, in both directions."""

    def __init__(self) -> None:
        self._sent = 0
        self._answers = 0
        self._unsure: deque[tuple[int, RemoteConfigStatus]] = deque(maxlen=FAILURES_KEPT)

    def sent(self, status: Message | None) -> None:
        """A message was sent, with this status or none."""
        self._sent += 1
        if isinstance(status, RemoteConfigStatus) and status.status == FAILED:
            self._unsure.append((self._sent, status))

    def received(self, *, is_plain: bool) -> None:
        """A message came; one that is not plain may be a push, which answers nothing."""
        self._answers += is_plain
        while self._unsure and self._unsure[0][0] <= self._answers:
            self._unsure.popleft()

    def lost(self) -> list[RemoteConfigStatus]:
        """The connection is gone: the failures that have to be told again, newest first."""
        unsure = [status for _, status in reversed(self._unsure)]
        self._unsure.clear()
        self._sent = self._answers = 0
        return unsure


def is_plain(message: ServerToAgent) -> bool:
    """Whether a message brings nothing, as no push would."""
    brings = {
        "remote_config",
        "connection_settings",
        "packages_available",
        "command",
        "custom_message",
    }
    return not message.flags and not any(field.name in brings for field, _ in message.ListFields())
