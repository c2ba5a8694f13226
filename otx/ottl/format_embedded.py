"""A configuration that stands as a text within a resource of Kubernetes, formatted there."""

from collections.abc import Callable

from otx.errors import UsageError
from otx.model.frozen import Frozen
from otx.ottl.format_file import Formatted
from otx.ottl.format_scalar import replaced_block
from otx.ottl.kubernetes import CONFIG
from otx.ottl.yaml_places import ScalarSpan, YamlDocument, load_yaml

_NO_BLOCK = "its configuration is a text that is no literal block: write config: |"


class EmbeddedText(Frozen):
    """A text in a document that is a configuration itself.

    Attributes:
        outer: The document.
        span: Where in it the text stands.
    """

    outer: YamlDocument
    span: ScalarSpan


def embedded_text(source: str, name: str) -> EmbeddedText | None:
    """The text in a resource that is its configuration; None where that is a map."""
    outer = load_yaml(source, name)
    span = outer.scalar(CONFIG)
    return None if span is None else EmbeddedText(outer, span)


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
    left = [(text.outer.place(CONFIG, starts[line - 1]).line, reason) for line, reason in done.left]
    if done.text == inner.source:
        return Formatted(source, left)
    block = replaced_block(source, text.span, done.text)
    if block is not None:
        after = source[: text.span.start] + block + source[text.span.end :]
        if _says(after, text.outer, done.text):
            return Formatted(after, left)
    line = text.outer.place(CONFIG).line
    return Formatted(source, sorted([*left, (line, _NO_BLOCK)]))


def _says(source: str, outer: YamlDocument, config: str) -> bool:
    """Whether a text says what a document does, but for its configuration."""
    spec = {**outer.data["spec"], CONFIG[-1]: config}
    try:
        return bool(load_yaml(source, "").data == {**outer.data, "spec": spec})
    except UsageError:
        return False
