"""A driver of LALR(1) tables: text to a tree of named branches.

The tables come from `grammar.lark` by way of lark, which works them out once
(`otx.ottl.grammar_tables`). A command that runs one statement would otherwise pay 100 ms for them:
half for importing lark, half for the tables.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

TABLES = Path(__file__).with_name("grammar.json")
END = "$END"


class Token(NamedTuple):
    """A terminal of the grammar as it stands in a text: `[start, end)`."""

    terminal: str
    value: str
    start: int
    end: int


class Branch(NamedTuple):
    """A rule of the grammar as it stands in a text, with what counts of its parts."""

    rule: str
    start: int
    end: int
    children: "list[Branch | Token]"


_Reduced: TypeAlias = "tuple[int, int, int, Branch | Token | list[Branch | Token]]"
"""Start, end, depth and a node; a list is a repetition, whose parts go to what stands above it."""


class Unexpected(Exception):
    """A token that cannot stand where it stands; `END` where the text ends too soon."""

    def __init__(self, token: Token) -> None:
        super().__init__(token.value)
        self.token = token


class TooDeep(Exception):
    """Branches within branches beyond what can be walked: `[start, end)` is one too many."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(start, end)
        self.start, self.end = start, end


class Rule(NamedTuple):
    """What is done when a rule's parts are all there.

    Attributes:
        name: The branch that is made; "" where the one part counts as it is, None for a repetition.
        kept: Which of the parts count.
    """

    origin: str
    size: int
    name: str | None
    kept: Sequence[int]


class Automaton:
    """A grammar's tables, ready to parse.

    Attributes:
        pattern: All terminals as named groups, in the order in which they are tried.
    """

    def __init__(
        self,
        terminals: Mapping[str, str],
        ignored: Sequence[str],
        rules: Sequence[Rule],
        states: Sequence[Mapping[str, int]],
        starts: Mapping[str, tuple[int, int]],
    ) -> None:
        """Take over the tables.

        Args:
            terminals: Patterns by name, in the order in which they are tried.
            ignored: Terminals that stand anywhere and mean nothing.
            rules: What reductions make.
            states: For each symbol the state that follows, or `-1 - rule` for a reduction.
            starts: The first and the last state of each start rule.
        """
        self._terminals = terminals
        self._ignored = frozenset(ignored)
        self._rules = rules
        self._states = states
        self._starts = starts
        self._patterns: dict[int, re.Pattern[str]] = {}
        self.pattern = self._pattern_of(terminals)

    def is_ignored(self, terminal: str) -> bool:
        """Whether a terminal means nothing."""
        return terminal in self._ignored

    def parse(self, text: str, start: str, max_depth: int) -> Branch:
        """The tree of a text.

        Raises:
            Unexpected: The text does not follow the grammar.
            TooDeep: It has more than so many branches within one another.
        """
        first, last = self._starts[start]
        states = [first]
        reduced: list[_Reduced] = []
        at = 0
        while True:
            token = self._token(text, at, states[-1])
            at = token.end
            while (action := self._action(states[-1], token)) < 0:
                rule = self._rules[-1 - action]
                made = _reduce(rule, reduced)
                if made[2] > max_depth:
                    raise TooDeep(made[0], made[1])
                del states[-rule.size :]
                states.append(self._states[states[-1]][rule.origin])
                if token.terminal == END and states[-1] == last:
                    assert isinstance(made[3], Branch)  # noqa: S101 - start rules are named
                    return made[3]
                reduced.append(made)
            states.append(action)
            reduced.append((token.start, token.end, 0, token))

    def _action(self, state: int, token: Token) -> int:
        action = self._states[state].get(token.terminal)
        if action is None:
            raise Unexpected(token)
        return action

    def _token(self, text: str, at: int, state: int) -> Token:
        """The next token, as it reads in a state: `where` is a word where it cannot be itself."""
        while at < len(text):
            found = self.pattern.match(text, at)
            if found is None or not self._fits(str(found.lastgroup), state):
                found = self._pattern_in(state).match(text, at) or found
            if found is None:
                raise Unexpected(Token("", text[at], at, at + 1))
            name = str(found.lastgroup)
            if name not in self._ignored:
                return Token(name, found[0], at, found.end())
            at = found.end()
        return Token(END, "", at, at)

    def _fits(self, terminal: str, state: int) -> bool:
        return terminal in self._states[state] or terminal in self._ignored

    def _pattern_in(self, state: int) -> re.Pattern[str]:
        pattern = self._patterns.get(state)
        if pattern is None:
            names = [name for name in self._terminals if self._fits(name, state)]
            pattern = self._pattern_of(names)
            self._patterns[state] = pattern
        return pattern

    def _pattern_of(self, names: "Sequence[str] | Mapping[str, str]") -> re.Pattern[str]:
        return re.compile("|".join(f"(?P<{name}>{self._terminals[name]})" for name in names))


@cache
def ottl_automaton() -> Automaton:
    """The automaton of OTTL's grammar."""
    tables = json.loads(TABLES.read_bytes())
    return Automaton(
        tables["terminals"],
        tables["ignored"],
        [Rule(*rule) for rule in tables["rules"]],
        tables["states"],
        tables["starts"],
    )


def _reduce(rule: Rule, reduced: list[_Reduced]) -> _Reduced:
    """Take a rule's parts off the stack and make of them what it says."""
    parts = reduced[-rule.size :]
    del reduced[-rule.size :]
    start, end = parts[0][0], parts[-1][1]
    depth = max([part[2] for part in parts])
    children = _kept(rule, parts)
    if rule.name is None:
        return start, end, depth, children
    if not rule.name:
        (child,) = children
        return start, end, depth, child
    return start, end, depth + 1, Branch(rule.name, start, end, children)


def _kept(rule: Rule, parts: list[_Reduced]) -> "list[Branch | Token]":
    children: list[Branch | Token] = []
    for number in rule.kept:
        part = parts[number][3]
        if type(part) is not list:
            children.append(part)  # type: ignore[arg-type]  # no list, as was just asked
        elif children:
            children += part
        else:
            children = part  # it goes on growing: copies would cost the square of its length
    return children
