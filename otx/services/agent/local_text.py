"""The local file over time: what it says, and what it said when that last stood.

A text that passed its health window is kept on disk until another one survived its observation. So
an edit that does not stay up gives way to what ran before it, also when that was young.
"""

from pathlib import Path

from otx.services.agent.memory import Keeper


def read_base(path: str) -> bytes | None:
    """The local file; None where no path is given.

    Raises:
        OSError: It cannot be read.
    """
    return Path(path).read_bytes() if path else None


class LocalText:
    """The text under the server's objects.

    Attributes:
        current: What is launched with it; None where no local file is named.
        ran_with: The hash of the remote configuration that ran when the text was taken over.
    """

    def __init__(self, keeper: Keeper, current: bytes | None) -> None:
        self.current = current
        self.ran_with = b""
        self._keeper = keeper

    @property
    def is_verified(self) -> bool:
        """Whether the current text was well for the window."""
        return self.current is not None and self.current in self._kept()

    @property
    def is_proven(self) -> bool:
        """Whether nothing stands behind the current text that could be gone back to."""
        return self.former() is None

    def take_over(self, text: bytes | None, ran_with: bytes) -> None:
        """Use another text from now on; nothing is known of it."""
        self.current, self.ran_with = text, ran_with

    def take_over_same(self, text: bytes | None) -> None:
        """Use another text that comes to the same: what is known of the former holds for it."""
        is_verified, is_proven = self.is_verified, self.is_proven
        self.current = text
        if is_verified:
            self.verified()
        if is_verified and is_proven:
            self.survived()

    def verified(self) -> None:
        """The current text was well for the window; the one before it stays at hand."""
        if self.current is not None and not self.is_verified:
            self._keeper.keep_local((self.current, *self._kept()[:1]))

    def survived(self) -> None:
        """It was well for the observation: nothing before it is needed any more."""
        if self.current is not None and self._kept() != [self.current]:
            self._keeper.keep_local((self.current,))

    def former(self) -> bytes | None:
        """The newest other text that was well for the window."""
        return next((one for one in self._kept() if one != self.current), None)

    def give_way(self) -> None:
        """The current text does not stay up: the former is used, and it alone is kept."""
        former = self.former()
        if former is not None:
            self.current = former
            self._keeper.keep_local((former,))

    def _kept(self) -> list[bytes]:
        return self._keeper.local_texts()
