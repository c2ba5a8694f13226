"""What processes showed of the programs they ran: a shell or make runs the same by the hundred."""

from otx.profile.cpython.detect import KnownInterpreters
from otx.profile.maps import AddressSpace

_MAX_PLAIN = 1024


class SeenPrograms:
    """Programs by file, of all processes of a session.

    Attributes:
        interpreters: Those that were found, by the file they are in.
    """

    def __init__(self) -> None:
        self.interpreters = KnownInterpreters()
        self._plain: dict[tuple[str, int], None] = {}

    def is_plain(self, space: AddressSpace) -> bool:
        """Whether a process's program ran to its end without an interpreter before."""
        return _program_of(space) in self._plain

    def add_plain(self, space: AddressSpace) -> None:
        """A program ended without an interpreter."""
        if len(self._plain) >= _MAX_PLAIN:
            del self._plain[next(iter(self._plain))]
        self._plain[_program_of(space)] = None

    def remove_plain(self, space: AddressSpace) -> None:
        """A program has one after all."""
        self._plain.pop(_program_of(space), None)


def _program_of(space: AddressSpace) -> tuple[str, int]:
    program = next((it for it in space.executable if it.is_file), None)
    return (program.device, program.inode) if program else ("", 0)
