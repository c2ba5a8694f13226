"""Which of several servers is tried next."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from otx.opamp.client.settings import Role

T = TypeVar("T")


class Turns:
    """Goes around the servers of each role by itself.

    One count for both roles would be in step with their own taking of turns (`Trial.role`): with a
    candidate and current settings that are both dead, every other server would never have its turn.
    """

    def __init__(self) -> None:
        """Begin with the first of each."""
        self._passed: Counter[Role] = Counter()

    def choice(self, role: Role, servers: Sequence[T]) -> T:
        """Whose turn it is."""
        return servers[self._passed[role] % len(servers)]

    def passed(self, role: Role) -> None:
        """It was not there: the next one of this role has its turn."""
        self._passed[role] += 1

    def begin(self) -> None:
        """Begin anew with the first of each."""
        self._passed.clear()
