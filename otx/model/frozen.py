"""Classes of immutable facts that cost nothing to declare.

`dataclass` compiles five methods for every class, at 0.4 ms a class. That is fine for most; a tree
of twenty kinds of nodes would take 9 ms of every start of a command. What a type checker knows of
both is the same.
"""

from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform

R = TypeVar("R", bound="Frozen")


@dataclass_transform(frozen_default=True)
class Frozen:
    """A class of annotated attributes, equal to another of its kind with the same content.

    Attributes:
        NAMES: Those attributes, inherited ones first; one with a value in the class may be left
            out.
    """

    NAMES: ClassVar[tuple[str, ...]] = ()
    _NEEDED: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        cls.NAMES = (*cls.NAMES, *cls.__annotations__)
        cls._NEEDED = frozenset(name for name in cls.NAMES if not hasattr(cls, name))

    def __init__(self, *values: Any, **named: Any) -> None:
        content = self.__dict__
        content.update(zip(self.NAMES, values, strict=False))
        content.update(named)
        if len(values) > len(self.NAMES) or not content.keys() >= self._NEEDED:
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.NAMES)}")

    def changed(self: R, **changes: Any) -> R:
        """A copy in which some attributes are others."""
        return type(self)(**{**self.__dict__, **changes})

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash((type(self), *self._content()))

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.NAMES)
        return f"{type(self).__name__}({', '.join(shown)})"

    def _content(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.NAMES])
