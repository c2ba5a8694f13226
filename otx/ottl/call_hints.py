"""What is meant by a call of what is no function: another's name, or another grammar's form."""

from collections.abc import Collection

from otx.ottl.function_hints import arguments_of, hint_for
from otx.ottl.sketch_hints import hint_for_sketch
from otx.ottl.syntax import Call, Node

_DROPPING = ("drop", "filter")


def hint_for_call(call: Node, text: str, known: Collection[str]) -> str:
    """What is meant by a call, or by a bare name, of what is no function."""
    name = text[call.place.start : call.place.end]
    if not isinstance(call, Call):
        return hint_for(name, known)
    if call.name in _DROPPING:
        return hint_for_sketch(text)
    return hint_for(call.name, known, arguments_of(call, text))
