"""What guards a receiver: files that are read when it starts, and again when they are renewed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from otx.errors import OtxError
from otx.otlp.receiver.cors import Origins
from otx.otlp.receiver.door import Door
from otx.otlp.receiver.loop import LoopGuard
from otx.otlp.receiver.rate import RateLimit
from otx.otlp.receiver.tls import ServerTls, TlsFiles
from otx.otlp.receiver.tokens import Tokens


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """Whom a receiver lets in.

    Attributes:
        tls: The files of its certificate; None for plain text.
        token_file: Where the tokens are of which a client must show one; None for none.
        rate_per_s: Requests a second that each client may send; None for any number.
        origins: The pages that may send from a browser.
    """

    tls: TlsFiles | None = None
    token_file: Path | None = None
    rate_per_s: float | None = None
    origins: tuple[str, ...] = ()


class GuardedDoor:
    """A door whose files are looked after."""

    def __init__(
        self,
        options: DoorOptions,
        warn: Callable[[str], None],
        note: Callable[[str], None],
        loop: LoopGuard | None = None,
    ) -> None:
        """Read the files.

        Args:
            options: Whom to let in.
            warn: Told what cannot be renewed.
            note: Told what was renewed.
            loop: Notices what was forwarded from here.

        Raises:
            UsageError: One cannot be used.
        """
        self._warn = warn
        self._note = note
        self._tls = None if options.tls is None else ServerTls(options.tls)
        self._tokens = None if options.token_file is None else Tokens(options.token_file)
        rate = None if options.rate_per_s is None else RateLimit(options.rate_per_s)
        self.door = Door(self._tls, self._tokens, rate, Origins.parse(options.origins), loop)

    @property
    def hears_hangup(self) -> bool:
        """Whether there is something that HUP renews."""
        return self._tls is not None

    def renew(self) -> None:
        """Read the certificates again; where that fails, those before stay, and it is told."""
        if self._tls is None:
            return
        try:
            self._tls.reload()
        except OtxError as error:
            self._warn(f"the certificates stay as they were: {error.message}")
        else:
            self._note("read the certificates again")

    def look(self) -> None:
        """Read the tokens again where their file changed; told as certificates are."""
        if self._tokens is None:
            return
        try:
            if self._tokens.reload():
                self._note("read the tokens again")
        except OtxError as error:
            self._warn(f"the tokens stay as they were: {error.message}")
