"""What one look at a thread tells: where it is, and whether it ran since the look before.

Nobody is stopped, so what is read of a thread's memory between two looks belongs together only
where it did not run in between. The kernel counts each time that a thread leaves a processor: one
that is on none, twice, with the same counts, has not moved.
"""

from dataclasses import dataclass
from typing import Protocol

from otx.profile.unwind.walk import Registers


@dataclass(frozen=True, slots=True)
class SystemCall:
    """A system call that a thread is in: its number and its six arguments (x86-64)."""

    number: int
    arguments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ThreadLook:
    """One thread at one moment.

    Attributes:
        on_cpu: Whether it was running: then its registers and stack are of no moment.
        switches: How often it has left a processor.
        registers: Its user registers; None where it has none (a running thread, or a dead one).
        thread_pointer: The address that its thread-local storage is found by; 0 where unknown.
        system_call: None where it is in none.
        kernel: Kernel addresses, leaf first; none where they are read in another way.
    """

    tid: int
    on_cpu: bool
    switches: int
    registers: Registers | None
    thread_pointer: int
    system_call: SystemCall | None
    kernel: tuple[int, ...] = ()

    def has_stayed(self, later: "ThreadLook | None") -> bool:
        """Whether the thread was off the processors from this look to a later one."""
        return (
            later is not None
            and not self.on_cpu
            and not later.on_cpu
            and self.switches == later.switches
        )


class ThreadSource(Protocol):
    """Where looks come from.

    Attributes:
        has_all_registers: Whether `bp` is among the registers; else walks go without it.
    """

    has_all_registers: bool

    def look(self) -> list[ThreadLook]:
        """All threads of the process, as they are now; none where it is gone."""

    def close(self) -> None:
        """Give back what it needed."""
