"""What both servers hand their requests to."""

from concurrent.futures import Future
from typing import Protocol

from otx.otlp.decode import Request
from otx.otlp.refusal import Refusal


class Intake(Protocol):
    """Keeps what was received. Called from any thread."""

    def accept(self, request: Request) -> "Future[None]":
        """Take a request; the future resolves when it may be acknowledged.

        The future fails with a `Refusal` when the request could not be kept after all.

        Raises:
            Refusal: It is not taken: a queue is full, or the receiver is ending.
        """

    def refused(self, refusal: Refusal) -> None:
        """Hear of a request that a server turned away; for counting."""

    def noticed(self, warning: str) -> None:
        """Hear of something odd that is no request; for counting."""
