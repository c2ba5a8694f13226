"""Texts of OTTL as they stand in a Collector's YAML."""


def yaml_text(text: str) -> str:
    """A printable text in single quotes, `$` written twice, because a Collector expands variables.

    Single quotes are those in which a backslash is one.
    """
    return "'" + text.replace("'", "''").replace("$", "$$") + "'"
