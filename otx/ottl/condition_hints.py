"""Statements that stand where a condition is wanted, and the condition in them."""

from otx.ottl.errors import OttlError
from otx.ottl.reading import read_condition, read_statement
from otx.ottl.sketch_hints import WHERE, is_read
from otx.ottl.syntax import Statement


def hint_for_condition(text: str) -> str:
    """What to write for a text that is no condition; "" where it is nothing known."""
    bare = text.strip().removeprefix("where ").strip()
    if bare != text.strip() and is_read(bare, read_condition):
        return f"a condition stands alone, without where: {bare}"
    if (statement := _statement(text)) is not None:
        if statement.condition is None:
            return "a condition stands here, and no statement: what is true or false, as in a == b"
        condition = statement.condition.place
        shown = text[condition.start : condition.end]
        return f"a condition stands here, and no statement: {shown}"
    for found in WHERE.finditer(text):
        joined = f"{text[: found.start()].strip()} and {text[found.end() :].strip()}"
        if is_read(joined, read_condition):
            return f"conditions are joined by and: {joined}"
    return ""


def _statement(text: str) -> Statement | None:
    try:
        return read_statement(text)
    except OttlError:
        return None
