"""The checks by their rules' numbers, and for the other rules why there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Check(Generic[P]):
    """A function that plays the other side of one rule.

    Attributes:
        seconds: How long it takes at least, where that is the rule's own time; 0 is at once.
    """

    number: int
    run: Callable[[P], None]
    seconds: float = 0.0


class Book(Generic[P]):
    """The checks of one role."""

    def __init__(self) -> None:
        self.checks: dict[int, Check[P]] = {}

    def rule(
        self, number: int, *, seconds: float = 0.0
    ) -> Callable[[Callable[[P], None]], Callable[[P], None]]:
        """Enter a function as the check of a rule."""

        def enter(function: Callable[[P], None]) -> Callable[[P], None]:
            if number in self.checks:
                raise ValueError(f"rule {number} has a check")
            self.checks[number] = Check(number, function, seconds)
            return function

        return enter
