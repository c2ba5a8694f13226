"""What the components' configurations have in common: places, problems, groups of statements."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from otx.errors import UsageError
from otx.model.frozen import Frozen
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS, PROCESSOR_CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.inference import infer, undefined
from otx.ottl.parser import parse_condition, parse_statement
from otx.ottl.program import (
    CompiledCondition,
    CompiledStatement,
    ErrorMode,
    compile_condition,
    compile_statement,
)
from otx.ottl.syntax import Node
from otx.ottl.yaml_places import as_data, as_text

ConfigPath: TypeAlias = tuple[str | int, ...]
"""Where something stands in a configuration: keys and indexes from the component's own map on."""

T = TypeVar("T")
ERROR_MODES: tuple[ErrorMode, ...] = ("ignore", "silent", "propagate")


class Problem(Frozen):
    """Something wrong in a configuration.

    Attributes:
        path: Where it stands.
        message: What is wrong.
        hint: What to do about it.
        ottl: The error in the text that stands there; None where the text is not at fault.
        is_key: Whether the key is at fault, and not what stands behind it.
    """

    path: ConfigPath
    message: str
    hint: str = ""
    ottl: OttlError | None = None
    is_key: bool = False

    def within(self, above: ConfigPath) -> "Problem":
        """The same, its place counted from further out."""
        return self.changed(path=(*above, *self.path))

    def __str__(self) -> str:
        return f"{path_text(self.path)}: {self.ottl.message if self.ottl else self.message}"


class ConfigInvalid(UsageError):
    """A configuration that cannot be used.

    Attributes:
        problems: All that is wrong with it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        head, newline, caret = str(first).partition("\n")
        super().__init__(
            f"{head}{more}{newline}{caret}", first.ottl.hint if first.ottl else first.hint
        )
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Group:
    """Statements or conditions that share a context.

    Attributes:
        path: Where it stands.
        context: What it runs on.
        conditions: Of these one has to hold; none for always.
        statements: What then runs.
        error_mode: What a failure means.
        needs_prefix: Whether its paths name their context, because it was inferred.
    """

    path: ConfigPath
    context: Context
    conditions: tuple[CompiledCondition, ...]
    statements: tuple[CompiledStatement, ...]
    error_mode: ErrorMode
    needs_prefix: bool = False


class Reader:
    """Reads one component's configuration and gathers what is wrong with it."""

    def __init__(self, functions: FunctionSet) -> None:
        self.functions = functions
        # The transform processor reads the conditions of groups as the filter processor does.
        self._of_conditions = functions
        if functions.component == "transform":
            self._of_conditions = replace(functions, component="filter")
        self.problems: list[Problem] = []

    def complain(self, path: ConfigPath, message: str, hint: str = "") -> None:
        """Take note of a problem."""
        self.problems.append(Problem(path, message, hint))

    def finish(self) -> None:
        """Go on only if there is no problem.

        Raises:
            ConfigInvalid: There is one.
        """
        if self.problems:
            raise ConfigInvalid(self.problems)

    def attempt(self, path: ConfigPath, make: Callable[[], T]) -> T | None:
        """What `make` gives; None, and a problem, where it raises an `OttlError`."""
        try:
            return make()
        except OttlError as error:
            self.problems.append(Problem(path, error.reason, error.hint, error))
            return None

    def mapping(self, path: ConfigPath, value: object, known: Collection[str]) -> Mapping[str, Any]:
        """A map with no other keys than the known ones; an empty one where it is none."""
        value = as_data(value)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.complain(path, f"a map is wanted, not {_word(value)}")
            return {}
        for key in value:
            if key not in known:
                text = f"there is no key {key!r}"
                here = (*path, str(key))
                self.problems.append(Problem(here, text, _near(key, known), is_key=True))
        return value

    def sequence(self, path: ConfigPath, value: object) -> Sequence[Any]:
        """A list; an empty one where it is none."""
        value = as_data(value)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.complain(path, f"a list is wanted, not {_word(value)}")
            return ()
        return value

    def texts(self, path: ConfigPath, value: object) -> list[tuple[ConfigPath, str]]:
        """A list of texts with their places; a text of its own stands for a list of itself.

        The Collector cuts such a text at its commas, inside calls too, so one with commas is a
        problem.
        """
        alone = as_data(value)
        if isinstance(alone, str):
            if "," in alone:
                hint = "the Collector makes a list of a text by cutting it at its commas"
                self.complain(path, "a list is wanted, not a text", hint)
            return [(path, alone)] if alone and "," not in alone else []
        found = []
        for number, one in enumerate(map(as_text, self.sequence(path, value))):
            if isinstance(one, str):
                found.append(((*path, number), one))
            else:
                self.complain((*path, number), f"a text is wanted, not {_word(one)}")
        return found

    def flag(self, path: ConfigPath, value: object) -> bool:
        """A truth value; false where there is none."""
        value = as_data(value)
        if value is not None and not isinstance(value, bool):
            self.complain(path, f"true or false is wanted, not {_word(value)}")
        return value is True

    def error_mode(
        self, path: ConfigPath, config: Mapping[str, Any], default: ErrorMode
    ) -> ErrorMode:
        """The error mode of a map that may give one."""
        given = config.get("error_mode", default)
        for mode in ERROR_MODES:
            if isinstance(given, str) and given.lower() == mode:
                return mode
        self.complain((*path, "error_mode"), f"{given!r} is none of {', '.join(ERROR_MODES)}")
        return default

    def context(self, path: ConfigPath, name: object, allowed: Collection[str]) -> Context | None:
        """The context of a name; the Collector takes it in any case."""
        if isinstance(name, str) and name.lower() in allowed:
            return CONTEXTS[name.lower()]
        self.complain(path, f"{name!r} is none of {', '.join(allowed)}")
        return None

    def group(
        self,
        path: ConfigPath,
        statements: Sequence[tuple[ConfigPath, str]],
        conditions: Sequence[tuple[ConfigPath, str]],
        error_mode: ErrorMode,
        allowed: Collection[str],
        context: Context | None = None,
    ) -> Group | None:
        """A group, its context inferred where none is given; None where something is wrong."""
        is_inferred = context is None
        if context is None:
            context, checked = self._inferred(path, statements, conditions, allowed)
            if context is None:
                return None
            statements = [one for one in statements if one[0] in checked]
            conditions = [one for one in conditions if one[0] in checked]
        chosen = context
        if self.functions.component in ("transform", "filter"):
            chosen = PROCESSOR_CONTEXTS[context.name]
        made = [
            self.attempt(
                place,
                lambda text=text: compile_statement(  # type: ignore[misc]
                    text, chosen, self.functions, needs_prefix=is_inferred
                ),
            )
            for place, text in statements
        ]
        asked = [
            self.attempt(
                place,
                lambda text=text: compile_condition(  # type: ignore[misc]
                    text, chosen, self._of_conditions, needs_prefix=is_inferred
                ),
            )
            for place, text in conditions
        ]
        return Group(
            path,
            chosen,
            tuple(one for one in asked if one is not None),
            tuple(one for one in made if one is not None),
            error_mode,
            is_inferred,
        )

    def _inferred(
        self,
        path: ConfigPath,
        statements: Sequence[tuple[ConfigPath, str]],
        conditions: Sequence[tuple[ConfigPath, str]],
        allowed: Collection[str],
    ) -> tuple[Context | None, Collection[ConfigPath]]:
        """The context of a group, and the places of the texts that are worth checking in it.

        The others are problems by now; they must not hide what is wrong with the rest.
        """
        before = len(self.problems)
        trees = {
            **self._parsed(statements, parse_statement),
            **self._parsed(conditions, parse_condition),
        }
        inference = infer(trees.values(), self.functions, allowed)
        if inference.context is None:
            for place, text in (*statements, *conditions):
                if place not in trees:
                    continue
                if error := undefined(text, trees[place], self.functions, allowed):
                    self.problems.append(Problem(place, error.reason, error.hint, error))
                    del trees[place]
            inference = infer(trees.values(), self.functions, allowed)
        if inference.context is None and len(self.problems) == before:
            refused = "; ".join(f"{one.name}: {one.refusal}" for one in inference.candidates)
            self.complain(
                path,
                f"the context cannot be inferred: {inference.reason}",
                refused or f"name it: {', '.join(f'{name}.…' for name in allowed)}",
            )
        return inference.context, trees

    def _parsed(
        self, texts: Sequence[tuple[ConfigPath, str]], parse: Callable[[str], Node]
    ) -> dict[ConfigPath, Node]:
        """The trees of the texts that parse; the others are problems."""
        trees = {}
        for place, text in texts:
            tree = self.attempt(place, lambda text=text: parse(text))  # type: ignore[misc]
            if tree is not None:
                trees[place] = tree
        return trees


def path_text(path: ConfigPath) -> str:
    """A place as people write it: `log_statements[0].statements[2]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".") or "the configuration"


def _near(key: object, known: Collection[str]) -> str:
    import difflib

    near = difflib.get_close_matches(str(key), list(known), n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _word(value: object) -> str:
    return {dict: "a map", list: "a list", str: "a text", type(None): "nothing"}.get(
        type(value), type(value).__name__
    )
