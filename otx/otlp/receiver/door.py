"""Who may come in, for both servers: asked before a body is read."""

from dataclasses import dataclass, field

from otx.otlp.receiver.cors import Origins
from otx.otlp.receiver.loop import LoopGuard
from otx.otlp.receiver.rate import RateLimit
from otx.otlp.receiver.tls import ServerTls
from otx.otlp.receiver.tokens import Tokens
from otx.otlp.refusal import Reason, Refusal

UNIX_CLIENT = "unix"
"""All clients of a Unix socket, which have no address."""


@dataclass(frozen=True, slots=True)
class Door:
    """What stands between clients and an intake; nothing where it is not set.

    Attributes:
        tls: What connections are encrypted with; None for plain text.
        tokens: Who may send; None for everybody.
        rate: How often each may; None for as often as it likes.
        origins: Which pages may send from a browser (HTTP).
        loop: Notices what was forwarded from here; None where nothing is forwarded.
    """

    tls: ServerTls | None = None
    tokens: Tokens | None = None
    rate: RateLimit | None = None
    origins: Origins = field(default_factory=Origins)
    loop: LoopGuard | None = None

    def admit(self, client: str, authorization: str, forwarded_by: str = "") -> None:
        """Let a request in.

        Args:
            client: Its address without the port, or `UNIX_CLIENT`.
            authorization: The value of its Authorization header, or of that metadata.
            forwarded_by: Likewise of `otx.otlp.receiver.loop.HEADER`.

        Raises:
            Refusal: `Reason.UNAUTHENTICATED`, `Reason.LOOP` or `Reason.RATE_LIMITED`.
        """
        if self.tokens is not None and not self.tokens.allow(authorization):
            what = "not one of those that are let in" if authorization else "missing"
            raise Refusal(
                Reason.UNAUTHENTICATED, f"the bearer token (Authorization: Bearer …) is {what}"
            )
        if self.loop is not None:
            self.loop.admit(forwarded_by)
        if self.rate is not None:
            self.rate.take(client)
