"""Explicit-state search: every state of a model, what it violates, and the shortest way there.

A model is a first state, a table of named actions and what must hold. An action yields the states
it leads to, none where its guard does not hold. Actions of the system happen by themselves; those
of the environment (a lost connection, a crash, an operator) need not. So a run of system actions
alone must come to rest (a cycle is a storm of messages) and where it rests must be the goal.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
V = TypeVar("V")

LIMIT = 3_000_000
"""States after which a search is given up."""


@dataclass(frozen=True)
class Action(Generic[S]):
    """A named, guarded transition."""

    name: str
    step: Callable[[S], Iterable[S]]
    is_environment: bool = False


@dataclass(frozen=True)
class Model(Generic[S]):
    """What is searched.

    Attributes:
        invariants: Name -> whether it holds in a state.
        goal: Whether a state in which the system rests is a good one, or None: any is.
        must_rest: Whether a cycle of system actions is a fault.
    """

    first: S
    actions: tuple[Action[S], ...]
    invariants: dict[str, Callable[[S], bool]]
    goal: Callable[[S], bool] | None = None
    must_rest: bool = True


@dataclass
class Result(Generic[S]):
    """What a search found.

    Attributes:
        parents: State -> the action and the state that first led there.
        broken: Invariant -> a state, one of the nearest, in which it does not hold.
        storm: A state on a cycle of system actions.
        bad_rest: A state in which the system rests short of the goal.
    """

    transitions: int = 0
    parents: dict[S, tuple[str, S] | None] = field(default_factory=dict)
    broken: dict[str, S] = field(default_factory=dict)
    storm: S | None = None
    bad_rest: S | None = None

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.parents)

    @property
    def faults(self) -> list[str]:
        """The names of what does not hold."""
        storm = ["storm"] if self.storm is not None else []
        rest = ["bad rest"] if self.bad_rest is not None else []
        return [*sorted(self.broken), *storm, *rest]

    def trace(self, state: S) -> list[str]:
        """The actions that lead from the first state to this one."""
        names: list[str] = []
        while (parent := self.parents[state]) is not None:
            names.append(parent[0])
            state = parent[1]
        return names[::-1]

    def fault_state(self, fault: str) -> S:
        """The state that shows a fault."""
        state = {"storm": self.storm, "bad rest": self.bad_rest}.get(fault)
        return self.broken[fault] if state is None else state


def explore(model: Model[S], limit: int = LIMIT) -> Result[S]:
    """Every state that can be reached.

    Raises:
        MemoryError: there are more than `limit`.
    """
    result: Result[S] = Result(parents={model.first: None})
    following: dict[S, list[S]] = {}
    waiting = deque([model.first])
    while waiting:
        state = waiting.popleft()
        for name, holds in model.invariants.items():
            if name not in result.broken and not holds(state):
                result.broken[name] = state
        following[state] = []
        for action in model.actions:
            for then in action.step(state):
                result.transitions += 1
                if not action.is_environment:
                    following[state].append(then)
                if then not in result.parents:
                    result.parents[then] = (action.name, state)
                    waiting.append(then)
        if result.states > limit:
            raise MemoryError(f"more than {limit} states")
    if model.must_rest:
        result.storm = _on_a_cycle(following)
    if model.goal is not None:
        rests = (state for state, then in following.items() if not then)
        result.bad_rest = next((state for state in rests if not model.goal(state)), None)
    return result


def assemble(
    first: S,
    variant: V,
    system: Mapping[str, Callable[[V, S], Iterable[S]]],
    environment: Mapping[str, Callable[[V, S], Iterable[S]]],
    invariants: Mapping[str, Callable[[V, S], bool]],
    goal: Callable[[V, S], bool],
) -> Model[S]:
    """The model of one variant: its tables, each entry told the variant."""
    return Model(
        first,
        (
            *(Action(name, partial(step, variant)) for name, step in system.items()),
            *(Action(name, partial(step, variant), True) for name, step in environment.items()),
        ),
        {name: partial(holds, variant) for name, holds in invariants.items()},
        partial(goal, variant),
    )


def _on_a_cycle(following: dict[S, list[S]]) -> S | None:
    """A state from which a way leads back to it, or None; depth first, without recursion."""
    done: set[S] = set()
    on_the_way: set[S] = set()
    for first in following:
        if first in done:
            continue
        path: list[tuple[S, Iterator[S]]] = [(first, iter(following[first]))]
        on_the_way.add(first)
        while path:
            state, rest = path[-1]
            then = next(rest, None)
            if then is None:
                on_the_way.discard(state)
                done.add(state)
                path.pop()
            elif then in on_the_way:
                return then
            elif then not in done:
                on_the_way.add(then)
                path.append((then, iter(following[then])))
    return None
