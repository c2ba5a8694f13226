"""Text to syntax tree, and what is meant by a text that has none.

What reads texts (`otx.ottl.reading`) knows the language alone. Those who read hints of other
grammars try what they propose there, and here both come together.
"""

from otx.ottl.errors import OttlError
from otx.ottl.reading import read_condition, read_statement, read_value_expression
from otx.ottl.syntax import Expression, Statement


def parse_statement(text: str) -> Statement:
    """The tree of `editor(…) [where condition]`.

    Raises:
        OttlError: The text is no statement.
    """
    try:
        return read_statement(text)
    except OttlError as error:
        from otx.ottl.sketch_hints import hint_for_sketch  # for the error alone

        hint = hint_for_sketch(text)
        raise OttlError(error.reason, text, error.place, hint) if hint else error from None


def parse_condition(text: str) -> Expression:
    """The tree of a condition.

    Raises:
        OttlError: The text is no condition.
    """
    try:
        return read_condition(text)
    except OttlError as error:
        from otx.ottl.condition_hints import hint_for_condition  # for the error alone

        hint = hint_for_condition(text)
        raise OttlError(error.reason, text, error.place, hint) if hint else error from None


def parse_value_expression(text: str) -> Expression:
    """The tree of a value expression.

    Raises:
        OttlError: The text is no value.
    """
    return read_value_expression(text)
