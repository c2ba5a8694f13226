"""What a protocol core asks of the world: each effect is carried out exactly once.

The cores (`otx.opamp.client`, `otx.opamp.server`) do nothing themselves. They return effects, and
whoever drives them takes each out of its envelope. An envelope that was opened is empty: taking it
again is a fault that is found at once, instead of a configuration that is applied twice. In the
words of type theory an effect is affine: it may be dropped, never used twice.
"""

from typing import Generic, TypeVar

T = TypeVar("T")


class UsedTwice(AssertionError):
    """An effect or an offer was to be used a second time."""


class Once(Generic[T]):
    """A value that can be taken out once; it cannot be copied or pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value: tuple[T] | None = (value,)

    @property
    def is_used(self) -> bool:
        """Whether the value was taken."""
        return self._value is None

    def take(self) -> T:
        """The value; whoever has it is the only one.

        Raises:
            UsedTwice: it was taken before.
        """
        if self._value is None:
            raise UsedTwice(f"this {type(self).__name__} was used before")
        (value,) = self._value
        self._value = None
        return value

    def __copy__(self) -> "Once[T]":
        raise UsedTwice(f"a {type(self).__name__} cannot be copied")

    def __deepcopy__(self, memo: object) -> "Once[T]":
        raise UsedTwice(f"a {type(self).__name__} cannot be copied")

    def __reduce__(self) -> str:
        raise UsedTwice(f"a {type(self).__name__} cannot be pickled")
