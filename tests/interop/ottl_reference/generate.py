"""Cases by chance: calls of every function, comparisons, calculations, indexing, broken texts."""

import random
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from tests.interop.ottl_reference.tables import (
    CONTEXTS,
    DOMAINS,
    ENUMS,
    LOGS,
    SIGNATURES,
    SPANS,
    Parameter,
    Signature,
    metrics,
    paths,
)
from tests.interop.ottl_reference.values import Expression, Json, Stored, key_values, literal

ATTRIBUTES: dict[str, Any] = {
    "s": "hello world",
    "i": 7,
    "d": 1.5,
    "b": True,
    "bytes": b"\x01\x02\xff",
    "l": ["a", "b", "c"],
    "m": {"k": "v", "k2": 2},
    "n": {"a": {"b": {"c": 1}}, "list": [1, {"x": "y"}], "e": {}},
    "mixed": [1, 2.5, None, True, "x", b"\x01", {"k": 1}, [2]],
    "empty": [],
    "nil": None,
    "flat": {"a.b": 1, "a": {"b": 2, "c": "hello"}, "hello": "hello world"},
    "neg": -3,
    "zero": 0,
    "text": "Ä日本😀x",
}
_PUT_IN = [
    *"()[]{},.:+-*/=<>!'\"x1A%",
    *("==", "nil", "not ", " and ", "where", "1.5", "1e5", "0x1", "0x12", "=>", "true", "NOT"),
    *(".5", "3.", "!=", "é", "a.b", "&&"),
]
_ACTIONS = [
    ("value_expression", "{path}"),
    ("statements", "set({path}, {value})"),
    ("statements", "set({path}, {value})"),
    ("statements", "set({path}, {value})"),
    ("condition", "{path} == {value}"),
    ("condition", "{path} < {value}"),
    ("statements", "clear({path})"),
    ("statements", "set({path}, nil)"),
    ("statements", 'set(attributes["copy"], {path})'),
    ("statements", "append({path}, {value})"),
    ("statements", 'delete_key({path}, "k")'),
]


class Generator:
    """Makes cases; equal seeds make equal ones."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._given: dict[str, Any] = {}

    def case(self, kind: str, group: str, text: str) -> Json:
        """A case of a text, run on a record that holds what the text takes from attributes."""
        record = {
            "timeUnixNano": "1581452772000000321",
            "observedTimeUnixNano": "1581452773000000789",
            "severityNumber": 9,
            "severityText": "INFO",
            "body": {"stringValue": "operationA"},
            "attributes": key_values({**ATTRIBUTES, **self._given}),
            "droppedAttributesCount": 1,
            "flags": 1,
            "traceId": "0102030405060708090a0b0c0d0e0f10",
            "spanId": "0102030405060708",
            "eventName": "ev",
        }
        self._given = {}
        scope = {"name": "scope", "version": "1", "attributes": key_values({"sa": "x"})}
        group_of_one = {
            "resource": {"attributes": key_values({"host.name": "localhost", "n": 5})},
            "scopeLogs": [{"scope": scope, "logRecords": [record]}],
        }
        return _case("log", kind, group, text, {"resourceLogs": [group_of_one]})

    def argument(self, value: Any) -> str:
        """A value as OTTL: a literal, or an attribute that holds it."""
        text = literal(value)
        if isinstance(value, Stored):
            value = value.value
        elif text is not None and (isinstance(value, Expression) or self.chance.random() < 0.5):
            return text
        elif _holds_expression(value):
            return text or "nil"
        name = f"p{len(self._given)}"
        self._given[name] = value
        return f'attributes["{name}"]'

    def call(self, signature: Signature) -> str:
        """A call of a function."""
        parameters = list(signature.parameters)
        while parameters and parameters[-1].is_optional and self.chance.random() < 0.5:
            parameters.pop()
        if self.chance.random() < 0.02 and parameters:
            parameters.pop()
        is_named = self.chance.random() < 0.08
        parts = []
        for at, parameter in enumerate(parameters):
            if parameter.is_optional:
                is_named = is_named or self.chance.random() < 0.3
                if is_named and at < len(parameters) - 1 and self.chance.random() < 0.5:
                    continue
            text = self._fitting(parameter)
            parts.append(f"{self._spelling(parameter.name)} = {text}" if is_named else text)
        return f"{signature.name}({', '.join(parts)})"

    def _fitting(self, parameter: Parameter) -> str:
        """An argument, mostly of the right kind."""
        values = DOMAINS["any"] if self.chance.random() < 0.1 else parameter.values()
        if parameter.is_list and self.chance.random() < 0.93:
            items = [self.argument(self.chance.choice(values)) for _ in range(self._few())]
            return f"[{', '.join(items)}]"
        return self.argument(self.chance.choice(values))

    def _few(self) -> int:
        return self.chance.randrange(4)

    def _spelling(self, name: str) -> str:
        """A parameter's name as an argument's: in snake case or in camel case."""
        if self.chance.random() < 0.5:
            return name[:1].lower() + name[1:]
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()

    def _of(self, domain: str) -> str:
        return self.argument(self.chance.choice(DOMAINS[domain]))

    def calculation(self, depth: int = 2) -> str:
        """Numbers, times and durations, calculated with."""
        if depth and self.chance.random() < 0.6:
            left, right = self.calculation(depth - 1), self.calculation(depth - 1)
            text = f"{left} {self.chance.choice('+-*/')} {right}"
            return f"({text})" if self.chance.random() < 0.4 else text
        text = self._of(self.chance.choice(["number", "number", "int", "time", "duration", "any"]))
        return text if text.startswith("-") else self.chance.choice(["", "", "", "-", "+"]) + text

    def comparison(self) -> str:
        """Two values compared."""
        names = ["any", "any", "number", "list", "map", "time", "duration", "bytes"]
        domain = self.chance.choice(names)
        right = domain if self.chance.random() < 0.7 else "any"
        symbol = self.chance.choice(["==", "!=", "<", "<=", ">", ">="])
        return f"{self._of(domain)} {symbol} {self._of(right)}"

    def condition(self, depth: int = 2) -> str:
        """A condition."""
        if depth and self.chance.random() < 0.5:
            word = self.chance.choice(["and", "or"])
            text = f"{self.condition(depth - 1)} {word} {self.condition(depth - 1)}"
            return f"({text})" if self.chance.random() < 0.5 else text
        words = ["true", "false", "IsString(body)", "IsMap(attributes)", 'Bool("x")', "Len(body)"]
        simple = self.chance.choice([*words, self.comparison()])
        return ("not " if self.chance.random() < 0.2 else "") + simple

    def indexed(self) -> str:
        """A path or a call with keys."""
        keys = [self.chance.choice(DOMAINS["key"]).text for _ in range(1 + self._few())]
        base: str = self.chance.choice(DOMAINS["indexed"]).text
        return base + "".join(f"[{one}]" for one in keys)

    def cases(self) -> Iterator[Json]:
        """Cases of a log record, without end."""
        while True:
            made = self._made(self.chance.random())
            if not is_circular(made):
                yield made

    def _made(self, kind: float) -> Json:
        if kind < 0.55:
            signature = self.chance.choice(SIGNATURES["converters"])
            return self.case("value_expression", signature.name, self.call(signature))
        if kind < 0.8:
            signature = self.chance.choice(SIGNATURES["editors"])
            return self.case("statements", signature.name, self.call(signature))
        if kind < 0.85:
            return self.case("condition", "compare", self.comparison())
        if kind < 0.88:
            return self.case("value_expression", "calculate", self.calculation())
        if kind < 0.91:
            return self.case("condition", "boolean", self.condition())
        if kind < 0.94:
            return self.case("value_expression", "index", self.indexed())
        if kind < 0.96:
            text = f"set({self.indexed()}, {self._of('any')})"
            return self.case("statements", "index", text)
        call = self.call(self.chance.choice(SIGNATURES["editors"]))
        return self.case("statements", "syntax", self._broken(f"{call} where {self.condition(1)}"))

    def _broken(self, text: str) -> str:
        """A text with a token left out, doubled, swapped with another or put in."""
        tokens = re.findall(r'"(?:[^"\\]|\\.)*"|\w+|\s+|[^\w\s]', text)
        at, other = self.chance.randrange(len(tokens)), self.chance.randrange(len(tokens))
        change = self.chance.randrange(4)
        if change == 0:
            del tokens[at]
        elif change == 1:
            tokens.insert(at, tokens[at])
        elif change == 2:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        else:
            tokens.insert(at, self.chance.choice(_PUT_IN))
        return "".join(tokens)

    def lambda_cases(self) -> Iterator[Json]:
        """Calls of the functions that take lambdas, without end."""
        while True:
            signature = self.chance.choice(SIGNATURES["lambdas"])
            text = self.call(signature)
            kind = "value_expression"
            if self.chance.random() < 0.3:
                kind, text = "statements", f'set(attributes["r"], {text})'
            made = self.case(kind, signature.name, text)
            made["gates"] = ["ottl.functions.enableLambda"]
            if not is_circular(made):
                yield made

    def log_line_cases(self) -> Iterator[Json]:
        """Calls of the functions that only the transform processor has for logs, without end."""
        while True:
            signature = self.chance.choice(SIGNATURES["processor_converters"])
            made = self.case("value_expression", signature.name, self.call(signature))
            yield {**made, "processor": "transform"}

    def path_cases(self) -> Iterator[Json]:
        """Paths of all contexts, read, compared, copied, set and cleared, without end."""
        while True:
            context = self.chance.choice(CONTEXTS)
            known = paths(context)
            path = self.chance.choice(known)
            kind, action = self.chance.choice(_ACTIONS)
            text = action.format(path=path, value=self._value_for(known))
            kinds = {"log": LOGS, "span": SPANS, "spanevent": SPANS}
            document = kinds.get(context) or metrics(self.chance.randrange(6))
            if context in ("resource", "scope"):
                document = self.chance.choice([LOGS, SPANS, document])
            made = _case(context, kind, f"path {path.partition('[')[0]}", text, document)
            if not is_circular(made):
                yield made

    def _value_for(self, known: list[str]) -> str:
        source = self.chance.random()
        if source < 0.6:
            return literal(self.chance.choice(DOMAINS["any"])) or "[1, 2]"
        if source < 0.7:
            return self.chance.choice(ENUMS)
        if source < 0.8:
            return self._of("of_paths")
        return self.chance.choice(known)


def first(cases: Iterator[Json], count: int) -> list[Json]:
    """So many cases of an endless many."""
    return list(islice(cases, count))


def is_circular(case: Json) -> bool:
    """Whether a statement puts a map or list into itself.

    The reference copies it while it changes, so that the copy holds its own place emptied.
    """
    text = str(case.get("statements", ""))
    for own in ("instrumentation_scope.", f"{case['context']}.", "scope."):
        text = text.replace(own, "")
    found = re.search(r"(?:set|append)\((?:target *= *)?([\w.]+)\[(.*)", text)
    return bool(found and re.search(rf"(?<![\w.]){re.escape(found[1])}\b(?!\.)", found[2]))


def _case(context: str, kind: str, group: str, text: str, document: Json) -> Json:
    content = [text] if kind == "statements" else text
    return {"fn": group, "context": context, kind: content, "input": document}


def _holds_expression(value: Any) -> bool:
    if isinstance(value, list):
        return any(_holds_expression(one) for one in value)
    if isinstance(value, dict):
        return any(_holds_expression(one) for one in value.values())
    return isinstance(value, Expression)
