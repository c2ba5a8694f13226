"""OTTL out of bytes: statements that check more often than not, of every function there is."""

from otx.ottl.arguments import spelling
from otx.ottl.contexts.accessor import Accessor
from otx.ottl.contexts.context import Context
from otx.ottl.functions.registry import LAMBDA_GATE, Choice, Function, FunctionSet, Parameter
from otx.ottl.literals import quote
from otx.ottl.parameters import Fixed, Special

FUNCTIONS = FunctionSet(gates=frozenset((LAMBDA_GATE,)))
MAX_DEPTH = 4
_LITERALS = (
    *("nil", "true", "false", "0", "1", "-1", "9223372036854775807", "1.5", "-0.0", "1.0e300"),
    *("0xff", "[]", "{}", '""', '"a"', '"1"', '"1.5"', '"%s %d %v"', '"(a)(?P<b>.)"'),
    *(
        '"2026-01-02T03:04:05Z"',
        '"1h"',
        '"a=1,b=2"',
        '"{\\"a\\":[1]}"',
        '"<a b=\\"c\\"/>"',
        '"/a/b"',
    ),
    *('"é\\xff"', '"%Y-%m-%d"', '"a,b"', '"10.0.0.1"', '"http://u@h:1/p?q#f"', '"$1 ${b}"', '"*"'),
)


class Programmer:
    """Makes texts of bytes; the same bytes give the same text."""

    def __init__(self, data: bytes, context: Context) -> None:
        self._data = data
        self._at = 0
        self._context = context
        self._names = sorted(FUNCTIONS.names(context.name))

    def statement(self) -> str:
        """An editor's call, and perhaps a condition."""
        text = self._call(self._function(is_editor=True), MAX_DEPTH)
        return f"{text} where {self.condition(3)}" if self._one_of(2) else text

    def condition(self, depth: int) -> str:
        """Something that may be true."""
        kind = self._one_of(6 if depth else 3)
        if kind == 0:
            return self._call(self._function(is_editor=False), depth)
        if kind < 3:
            sign = ("==", "!=", "<", "<=", ">", ">=")[self._one_of(6)]
            return f"{self.value(depth)} {sign} {self.value(depth)}"
        if kind == 3:
            return f"not ({self.condition(depth - 1)})"
        word = ("and", "or")[self._one_of(2)]
        return f"({self.condition(depth - 1)} {word} {self.condition(depth - 1)})"

    def value(self, depth: int) -> str:
        """Something that is a value."""
        kind = self._one_of(9 if depth else 5)
        if kind < 2:
            return _LITERALS[self._one_of(len(_LITERALS))]
        if kind == 2:
            return quote(self._text())
        if kind < 5:
            return self._path(depth)
        if kind < 7:
            return self._call(self._function(is_editor=False), depth - 1)
        if kind == 7:
            return f"({self._path(depth)} {'+-*/'[self._one_of(4)]} {self.value(0)})"
        items = [self.value(depth - 1) for _ in range(self._one_of(3))]
        if self._one_of(2):
            return f"[{', '.join(items)}]"
        return "{" + ", ".join(f"{quote(self._text())}: {item}" for item in items) + "}"

    def _one_of(self, count: int) -> int:
        self._at += 1
        return self._data[self._at - 1] % count if self._at <= len(self._data) else 0

    def _text(self) -> str:
        size = self._one_of(8)
        self._at += size
        return self._data[self._at - size : self._at].decode("utf-8", "surrogateescape")

    def _function(self, *, is_editor: bool) -> Function:
        names = [name for name in self._names if name[0].islower() is is_editor]
        function = FUNCTIONS.find(names[self._one_of(len(names))], self._context.name)
        assert function is not None
        return function

    def _call(self, function: Function, depth: int) -> str:
        given = []
        is_named = False
        for parameter in function.parameters:
            if parameter.is_optional and self._one_of(2):
                is_named = True
                continue
            text = self._argument(parameter, depth)
            given.append(f"{spelling(parameter.name)} = {text}" if is_named else text)
        return f"{function.name}({', '.join(given)})"

    def _argument(self, parameter: Parameter, depth: int) -> str:
        if parameter.is_list:
            items = [self._single(parameter, depth) for _ in range(self._one_of(3))]
            return f"[{', '.join(items)}]"
        return self._single(parameter, depth)

    def _single(self, parameter: Parameter, depth: int) -> str:
        kind = parameter.kind
        if isinstance(kind, Choice):
            return quote(kind.choices[self._one_of(len(kind.choices))])
        if isinstance(kind, Fixed):
            fitting = {str: quote(self._text()), int: str(self._one_of(256)), float: "1.5"}
            return fitting.get(kind.literal, "true" if kind.literal is bool else "0xff00")
        if not isinstance(kind, Special):
            return self._coerced(getattr(kind, "literals", (str,)), depth)
        if kind.name == "path":
            return self._path(1)
        if kind.name == "function":
            return self._function(is_editor=False).name
        if kind.name == "enum":
            return next(iter(self._context.enums), "SPAN_KIND_SERVER")
        formals = ("a", "b", "c")[: int(kind.name[-1])]
        body = (
            self.condition(1)
            if self._one_of(2)
            else (*formals, "1")[self._one_of(len(formals) + 1)]
        )
        return f"({', '.join(formals)}) => {body}"

    def _coerced(self, literals: tuple[type, ...] | None, depth: int) -> str:
        """A value that is taken as it stands, or is only known when it runs."""
        if literals is None:
            return self.value(max(0, depth - 1))
        if not literals or self._one_of(2):
            is_call = depth > 0 and self._one_of(2)
            return (
                self._call(self._function(is_editor=False), depth - 1) if is_call else self._path(1)
            )
        texts = [one for one in _LITERALS if one[0] == '"']
        text = texts[self._one_of(len(texts))] if self._one_of(4) else quote(self._text())
        fitting = {str: text, int: str(self._one_of(256)), float: "2.5", bool: "true", list: "[]"}
        return fitting.get(literals[0], "{}")

    def _path(self, depth: int) -> str:
        contexts = [self._context, *(parent for parent, _ in self._context.parents.values())]
        context = contexts[self._one_of(len(contexts))]
        sections = context.paths
        text = context.name
        while sections:
            name = sorted(sections)[self._one_of(len(sections))]
            accessor: Accessor = sections[name]
            text += f".{name}"
            sections = accessor.sections
            if not accessor.is_group and self._one_of(2):
                break
        if accessor.keys == "none" or not self._one_of(4):
            return text
        return text + "".join(self._key(depth) for _ in range(1 + self._one_of(2)))

    def _key(self, depth: int) -> str:
        kind = self._one_of(4)
        if kind < 2:
            return ('["a"]', "[0]")[kind]
        if kind == 2 or not depth:
            return f"[{quote(self._text())}]"
        return f"[{self.value(max(0, depth - 2))}]"
