"""A configuration that stands as a text within a resource of Kubernetes, formatted there."""

from collections.abc import Callable
from typing import Any

from otx.errors import UsageError
from otx.model.frozen import Frozen
from otx.ottl.format_scalar import replaced_block
from otx.ottl.formatted import Formatted
from otx.ottl.yaml_places import ScalarSpan, YamlDocument, YamlPath
from otx.ottl.yaml_reading import load_all, load_yaml

_NO_BLOCK = "its configuration is a text that is no literal block: write {}: |"


class EmbeddedText(Frozen):
    """A text in a document that is a configuration itself.

    Attributes:
        outer: The document.
        number: Which of its file's documents that is.
        path: Where in it the text stands.
        span: Where in the file.
    """

    outer: YamlDocument
    number: int
    path: YamlPath
    span: ScalarSpan


def embedded_text(config: YamlDocument) -> EmbeddedText | None:
    """The text in a resource that is a configuration; None where that is a map."""
    outer = load_all(config.source, "")[config.number]
    span = outer.scalar(config.base)
    return None if span is None else EmbeddedText(outer, config.number, config.base, span)


def format_embedded(text: EmbeddedText, form: Callable[[YamlDocument], Formatted]) -> Formatted:
    """The whole document with the configuration in it formatted.

    It stays as it is where the text is no literal block, or something else would change with it.

    Args:
        text: The configuration.
        form: Formats a document of YAML.
    """
    inner, source = load_yaml(text.span.text, ""), text.outer.source
    done = form(inner)
    starts = inner.line_starts
    left = [
        (text.outer.place(text.path, starts[line - 1]).line, reason) for line, reason in done.left
    ]
    if done.text == inner.source:
        return Formatted(source, left)
    block = replaced_block(source, text.span, done.text)
    if block is not None:
        after = source[: text.span.start] + block + source[text.span.end :]
        if _says(after, text, done.text):
            return Formatted(after, left)
    line = text.outer.place(text.path).line
    return Formatted(source, sorted([*left, (line, _NO_BLOCK.format(text.path[-1]))]))


def _says(source: str, text: EmbeddedText, config: str) -> bool:
    """Whether a file says what it did, but for a configuration in it."""
    try:
        old, new = (
            [one.data for one in load_all(whole, "")] for whole in (text.outer.source, source)
        )
    except UsageError:
        return False
    *above, last = (text.number, *text.path)
    here: Any = old
    for step in above:
        here = here[step]
    here[last] = config
    return old == new
