"""Reads a module of TLA+ and makes a `Model` of it: as much of the language as spec/ uses.

TLC is the tool for TLA+. Where it is not at hand this evaluates Init, Next and the invariants of
the modules themselves, so that a test can hold them against the programs beside this file. The
grammar is tree-sitter's. Sequences, and functions over 1..n, are tuples; sets are frozensets.
"""

import operator
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tree_sitter_tlaplus
from tree_sitter import Language, Node, Parser

from spec.search.explore import Action, Model

Env = dict[str, Any]
Expression = Callable[[Env], Any]
Step = Callable[[Env], Iterator[Env]]
State = tuple[Any, ...]


def _language() -> Language:
    with warnings.catch_warnings():
        # The grammar's package hands over a number where newer ones have a capsule.
        warnings.simplefilter("ignore", DeprecationWarning)
        return Language(tree_sitter_tlaplus.language())


LANGUAGE = _language()
_COMMENTS = ("comment", "block_comment")

_INFIX: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "#": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": operator.mod,
    "^": operator.pow,
    "\\div": operator.floordiv,
    "\\in": lambda one, many: one in many,
    "\\notin": lambda one, many: one not in many,
    "\\union": operator.or_,
    "\\o": operator.add,
    "\\": operator.sub,
    "..": lambda low, high: frozenset(range(low, high + 1)),
}
_BUILT_IN: dict[str, Callable[..., Any]] = {
    "Len": len,
    "Head": lambda sequence: sequence[0],
    "Tail": lambda sequence: sequence[1:],
    "Append": lambda sequence, one: (*sequence, one),
}


class Unreadable(ValueError):
    """The text is no TLA+, or uses what this reader does not know; it names the place."""


class Record(tuple[Any, ...]):
    """A record: its values in the order written, and their names."""

    names: tuple[str, ...]

    @staticmethod
    def of(names: tuple[str, ...], values: tuple[Any, ...]) -> "Record":
        """The record of these fields."""
        record = Record(values)
        record.names = names
        return record


@dataclass(frozen=True)
class Definition:
    """An operator: its parameters and its body."""

    parameters: tuple[str, ...]
    body: Node


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _field(node: Node, name: str) -> Node:
    found = node.child_by_field_name(name)
    if found is None:
        raise Unreadable(f"line {node.start_point.row + 1}: no {name} in {_text(node)!r}")
    return found


def _named(node: Node) -> list[Node]:
    return [
        child for child in node.named_children if child.type not in ("comment", "block_comment")
    ]


class Module:
    """A module, parsed.

    Raises:
        Unreadable: it is no TLA+.
    """

    def __init__(self, path: Path) -> None:
        tree = Parser(LANGUAGE).parse(path.read_bytes())
        if tree.root_node.has_error:
            raise Unreadable(f"{path.name} does not parse")
        (module,) = (one for one in tree.root_node.named_children if one.type == "module")
        self.name = _text(_field(module, "name"))
        self.constants = self._declared(module, "constant_declaration")
        self.variables = self._declared(module, "variable_declaration")
        self.definitions = {
            _text(_field(one, "name")): Definition(
                tuple(_text(p) for p in one.children_by_field_name("parameter") if p.is_named),
                _field(one, "definition"),
            )
            for one in module.named_children
            if one.type == "operator_definition"
        }
        self._expressions: dict[int, Expression] = {}
        self._steps: dict[int, Step] = {}
        self._primed: dict[int, bool] = {}

    @cached_property
    def actions(self) -> dict[str, list[str]]:
        """System and Environment, and the names of the actions in each."""
        return {
            whole: [
                name
                for name in self._mentioned(self.definitions[whole].body)
                if name in self.definitions and self._is_primed(self.definitions[name].body)
            ]
            for whole in ("System", "Environment")
        }

    def model(self, constants: Env, invariants: list[str]) -> Model[State]:
        """What TLC would search, with these constants."""
        missing = set(self.constants) - set(constants)
        if missing:
            raise Unreadable(f"{self.name} needs {', '.join(sorted(missing))}")
        system, environment = (
            Action(whole, self._successors(whole, constants), whole == "Environment")
            for whole in ("System", "Environment")
        )
        return Model(
            self._first(constants),
            (system, environment),
            {name: self._predicate(name, constants) for name in invariants},
            self._predicate("Goal", constants),
        )

    def _first(self, constants: Env) -> State:
        # In Init `x = e` says what in an action `x' = e` says.
        env = dict(constants)
        for item in self._conjuncts(self.definitions["Init"].body):
            name = _text(_field(item, "lhs"))
            env[name] = self.expression(_field(item, "rhs"))(env)
        return tuple(env[name] for name in self.variables)

    def _successors(self, name: str, constants: Env) -> Callable[[State], Iterator[State]]:
        step = self.step(self.definitions[name].body)
        primed = [f"{variable}'" for variable in self.variables]

        def successors(state: State) -> Iterator[State]:
            for env in step({**constants, **dict(zip(self.variables, state, strict=True))}):
                yield tuple(env[variable] for variable in primed)

        return successors

    def _predicate(self, name: str, constants: Env) -> Callable[[State], bool]:
        holds = self.expression(self.definitions[name].body)
        return lambda state: bool(
            holds({**constants, **dict(zip(self.variables, state, strict=True))})
        )

    # Expressions.

    def expression(self, node: Node) -> Expression:
        """What the node is worth in an environment."""
        found = self._expressions.get(node.id)
        if found is None:
            make = getattr(self, f"_{node.type}", None)
            if make is None:
                raise Unreadable(f"line {node.start_point.row + 1}: {node.type} is not known")
            found = self._expressions[node.id] = make(node)
        return found

    def _identifier_ref(self, node: Node) -> Expression:
        name = _text(node)
        if name not in self.definitions:
            return lambda env: env[name]
        body = self.definitions[name].body
        # Made when it is needed: a definition may be used before it is read.
        return lambda env: env[name] if name in env else self.expression(body)(env)

    def _nat_number(self, node: Node) -> Expression:
        value = int(_text(node))
        return lambda env: value

    def _boolean(self, node: Node) -> Expression:
        value = _text(node) == "TRUE"
        return lambda env: value

    def _string(self, node: Node) -> Expression:
        value = _text(node)[1:-1]
        return lambda env: value

    def _parentheses(self, node: Node) -> Expression:
        return self.expression(_named(node)[0])

    def _conj_list(self, node: Node) -> Expression:
        items = [self.expression(item) for item in self._items(node)]
        return lambda env: all(item(env) for item in items)

    def _disj_list(self, node: Node) -> Expression:
        items = [self.expression(item) for item in self._items(node)]
        return lambda env: any(item(env) for item in items)

    def _bound_infix_op(self, node: Node) -> Expression:
        symbol = _text(_field(node, "symbol"))
        left, right = (self.expression(_field(node, side)) for side in ("lhs", "rhs"))
        if symbol == "/\\":
            return lambda env: left(env) and right(env)
        if symbol == "\\/":
            return lambda env: left(env) or right(env)
        if symbol == "=>":
            return lambda env: not left(env) or right(env)
        apply = _INFIX[symbol]
        return lambda env: apply(left(env), right(env))

    def _bound_prefix_op(self, node: Node) -> Expression:
        symbol, operand = _text(_field(node, "symbol")), _field(node, "rhs")
        if symbol == "ENABLED":
            return lambda env: any(True for _ in self.step(operand)(env))
        value = self.expression(operand)
        return lambda env: not value(env)

    def _if_then_else(self, node: Node) -> Expression:
        test, yes, no = (self.expression(_field(node, one)) for one in ("if", "then", "else"))
        return lambda env: yes(env) if test(env) else no(env)

    def _let_in(self, node: Node) -> Expression:
        local = self._local(node)
        body = self.expression(_field(node, "expression"))
        return lambda env: body(local(env))

    def _bound_op(self, node: Node) -> Expression:
        name, *arguments = _named(node)
        values = [self.expression(one) for one in arguments]
        built_in = _BUILT_IN.get(_text(name))
        if built_in is not None:
            return lambda env: built_in(*(value(env) for value in values))
        definition = self.definitions[_text(name)]
        body = self.expression(definition.body)
        return lambda env: body(self._called(env, definition, values))

    def _bounded_quantification(self, node: Node) -> Expression:
        all_of = all if _text(_field(node, "quantifier")) == "\\A" else any
        bind = self._binding(_field(node, "bound"))
        body = self.expression(_field(node, "expression"))
        return lambda env: all_of(bool(body(one)) for one in bind(env))

    def _tuple_literal(self, node: Node) -> Expression:
        items = [self.expression(one) for one in _named(node) if "bracket" not in one.type]
        return lambda env: tuple(item(env) for item in items)

    def _finite_set_literal(self, node: Node) -> Expression:
        items = [self.expression(one) for one in _named(node)]
        return lambda env: frozenset(item(env) for item in items)

    def _set_filter(self, node: Node) -> Expression:
        generator = _field(node, "generator")
        name, bind = _text(_field(generator, "intro")), self._binding(generator)
        keeps = self.expression(_field(node, "filter"))
        return lambda env: frozenset(one[name] for one in bind(env) if keeps(one))

    def _set_map(self, node: Node) -> Expression:
        bind = self._binding(_field(node, "generator"))
        value = self.expression(_field(node, "map"))
        return lambda env: frozenset(value(one) for one in bind(env))

    def _function_literal(self, node: Node) -> Expression:
        bound, _, body = _named(node)
        bind, value = self._binding(bound), self.expression(body)
        return lambda env: tuple(value(one) for one in bind(env))

    def _function_evaluation(self, node: Node) -> Expression:
        function, argument = (self.expression(one) for one in _named(node))
        return lambda env: function(env)[argument(env) - 1]

    def _except(self, node: Node) -> Expression:
        function = self.expression(_field(node, "expr_to_update"))
        (update,) = (one for one in _named(node) if one.type == "except_update")
        place = self.expression(_named(_named(_named(update)[0])[0])[0])
        value = self.expression(_field(update, "new_val"))

        def changed(env: Env) -> tuple[Any, ...]:
            values = list(function(env))
            values[place(env) - 1] = value(env)
            return tuple(values)

        return changed

    def _record_literal(self, node: Node) -> Expression:
        parts = [one for one in _named(node) if one.type != "all_map_to"]
        names = tuple(_text(one) for one in parts[::2])
        values = [self.expression(one) for one in parts[1::2]]
        return lambda env: Record.of(names, tuple(value(env) for value in values))

    def _record_value(self, node: Node) -> Expression:
        record, name = _named(node)
        value, wanted = self.expression(record), _text(name)

        def part(env: Env) -> Any:
            found = value(env)
            return found[found.names.index(wanted)]

        return part

    # Actions: each environment that comes out has the primed variables set so far.

    def step(self, node: Node) -> Step:
        """The environments that an action leads to."""
        found = self._steps.get(node.id)
        if found is None:
            found = self._steps[node.id] = self._make_step(node)
        return found

    def _make_step(self, node: Node) -> Step:
        if not self._is_primed(node):
            holds = self.expression(node)
            return lambda env: iter((env,) if holds(env) else ())
        if node.type == "parentheses":
            return self.step(_named(node)[0])
        conjuncts = self._conjuncts(node)
        if len(conjuncts) > 1:
            return _all_of([self.step(one) for one in conjuncts])
        return self._one_step(node)

    def _one_step(self, node: Node) -> Step:
        if node.type == "disj_list":
            return _either_of([self.step(item) for item in self._items(node)])
        if node.type == "bound_infix_op" and _text(_field(node, "symbol")) == "\\/":
            return _either_of([self.step(_field(node, side)) for side in ("lhs", "rhs")])
        if node.type == "bound_infix_op":
            return self._assignment(node)
        if node.type == "bound_prefix_op":
            return self._unchanged(_field(node, "rhs"))
        if node.type == "identifier_ref":
            return self.step(self.definitions[_text(node)].body)
        if node.type in ("let_in", "bounded_quantification", "if_then_else", "bound_op"):
            return self._scoped_step(node)
        raise Unreadable(f"line {node.start_point.row + 1}: {node.type} is no action")

    def _scoped_step(self, node: Node) -> Step:
        if node.type == "if_then_else":
            test = self.expression(_field(node, "if"))
            yes, no = (self.step(_field(node, one)) for one in ("then", "else"))
            return lambda env: (yes if test(env) else no)(env)
        if node.type == "let_in":
            local, body = self._local(node), self.step(_field(node, "expression"))
            return lambda env: body(local(env))
        if node.type == "bound_op":
            name, *arguments = _named(node)
            definition = self.definitions[_text(name)]
            values, body = [self.expression(one) for one in arguments], self.step(definition.body)
            return lambda env: body(self._called(env, definition, values))
        bind = self._binding(_field(node, "bound"))
        body = self.step(_field(node, "expression"))
        return lambda env: (then for one in bind(env) for then in body(one))

    def _assignment(self, node: Node) -> Step:
        primed, value = _text(_field(node, "lhs")), self.expression(_field(node, "rhs"))

        def assign(env: Env) -> Iterator[Env]:
            if primed not in env:
                yield {**env, primed: value(env)}
            elif env[primed] == value(env):
                yield env

        return assign

    def _unchanged(self, node: Node) -> Step:
        names = self._variables_of(node)
        return lambda env: iter(({**env, **{f"{name}'": env[name] for name in names}},))

    def _variables_of(self, node: Node) -> list[str]:
        if node.type == "identifier_ref":
            name = _text(node)
            return (
                [name]
                if name in self.variables
                else self._variables_of(self.definitions[name].body)
            )
        return [name for one in _named(node) for name in self._variables_of(one)
                if "bracket" not in one.type]  # fmt: skip

    # Shapes.

    def _items(self, node: Node) -> list[Node]:
        return [_named(item)[-1] for item in _named(node)]

    def _conjuncts(self, node: Node) -> list[Node]:
        if node.type == "conj_list":
            return [one for item in self._items(node) for one in self._conjuncts(item)]
        if node.type == "bound_infix_op" and _text(_field(node, "symbol")) == "/\\":
            sides = (_field(node, side) for side in ("lhs", "rhs"))
            return [one for side in sides for one in self._conjuncts(side)]
        return [node]

    def _binding(self, node: Node) -> Step:
        name, many = _text(_field(node, "intro")), self.expression(_field(node, "set"))
        return lambda env: ({**env, name: one} for one in sorted(many(env), key=repr))

    def _local(self, node: Node) -> Callable[[Env], Env]:
        """The definitions of a LET, each seeing those before it."""
        made = [
            (_text(_field(one, "name")), self.expression(_field(one, "definition")))
            for one in node.children_by_field_name("definitions")
        ]

        def local(env: Env) -> Env:
            env = dict(env)
            for name, value in made:
                env[name] = value(env)
            return env

        return local

    def _called(self, env: Env, definition: Definition, values: list[Expression]) -> Env:
        given = (value(env) for value in values)
        return {**env, **dict(zip(definition.parameters, given, strict=True))}

    def _is_primed(self, node: Node) -> bool:
        found = self._primed.get(node.id)
        if found is None:
            found = self._looks_primed(node)
            self._primed[node.id] = found
        return found

    def _looks_primed(self, node: Node) -> bool:
        if node.type in ("prime", "unchanged"):
            return True
        if node.type == "identifier_ref" and _text(node) in self.definitions:
            return self._is_primed(self.definitions[_text(node)].body)
        is_enabled = node.type == "bound_prefix_op" and _text(node.children[0]) == "ENABLED"
        return not is_enabled and any(self._is_primed(child) for child in node.children)

    def _mentioned(self, node: Node) -> list[str]:
        if node.type == "identifier_ref":
            return [_text(node)]
        return [name for child in node.named_children for name in self._mentioned(child)]

    @staticmethod
    def _declared(module: Node, kind: str) -> list[str]:
        return [
            _text(name)
            for one in module.named_children
            if one.type == kind
            for name in one.named_children
            if name.type == "identifier"
        ]


def _all_of(steps: list[Step]) -> Step:
    def run(env: Env, place: int = 0) -> Iterator[Env]:
        if place == len(steps):
            yield env
            return
        for then in steps[place](env):
            yield from run(then, place + 1)

    return run


def _either_of(steps: list[Step]) -> Step:
    return lambda env: (then for step in steps for then in step(env))
