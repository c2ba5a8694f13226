"""What samplers have alike: a context manager, and what a session tells most of them in vain."""

from collections.abc import Iterable
from types import TracebackType
from typing import ClassVar, Self

from otx.model.stack import AllocationStats, WaitStats
from otx.profile.objects import ObjectFiles


class SamplerHooks:
    """Does nothing of what it is told.

    Attributes:
        not_seen: What other backends see and this does not, in words.
        has_period: Whether each sample stands for the time from one tick to the next.
    """

    not_seen: tuple[str, ...] = ()
    has_period: ClassVar[bool] = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop, and give everything back; once is enough."""

    def end(self) -> None:
        """Stop sampling; what is still to be told of threads goes to the ring."""
        self.set_ticking(False)

    def set_ticking(self, ticking: bool) -> None:
        """Pause or go on."""

    def adapt(self, samples: int) -> None:
        """Say that so many samples were read: an event that has more than it should takes fewer."""

    def waits(self) -> WaitStats | None:
        """What is taken of waits; None where they are not sampled."""
        return None

    def allocations(self) -> AllocationStats | None:
        """What is taken of memory that is asked for; None where that is not sampled."""
        return None

    def price(self) -> str | None:
        """What sampling costs beyond its samples, measured now; None where that is nothing."""
        return None

    def follow(self, pid: int, files: ObjectFiles) -> None:
        """A process is sampled from now on, or is another program: look at what it has mapped."""

    def remarks(self, files: ObjectFiles) -> Iterable[str]:
        """Look again at what was missing; what is to be said by now, each thing once."""
        return ()

    def unfollow(self, pid: int) -> None:
        """A process has ended."""

    def set_context_place(self, pid: int, place: bytes | None) -> None:
        """Read the spans of a process's threads, where it can be done; None: no more."""

    def programs_ns(self) -> int | None:
        """What programs took that come with no tick, all in; None where it is not known."""
        return None
