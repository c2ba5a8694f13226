"""Documents of YAML with their places, out of texts; what is no YAML is told with its place."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from otx.errors import UsageError
from otx.ottl.yaml_places import YamlDocument, YamlInvalid, YamlPath


def load_yaml(
    source: str,
    name: str,
    variables: Mapping[str, str] | None = None,
    expands: Callable[[YamlPath], bool] = lambda _: True,
) -> YamlDocument:
    """Read one document.

    Args:
        source: The text.
        name: What errors call it.
        variables: For `${env:NAME}`; None leaves `$` alone.
        expands: Whether they are expanded at a path.

    Raises:
        UsageError: It is no YAML, or holds a reference that a Collector would not start with; line
            and column are named.
    """
    import yaml  # 12 ms with what makes values of its nodes

    with _refused(source, name):
        root = yaml.compose(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return document_of(root, source, name, variables, expands)


def compose_all(source: str, name: str) -> list[Any]:
    """The root nodes of all documents of a text; empty ones are left out.

    Raises:
        UsageError: It is no YAML; line and column are named.
    """
    import yaml

    with _refused(source, name):
        roots = list(yaml.compose_all(source, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    return [one for one in roots if one is not None]


def load_all(source: str, name: str) -> list[YamlDocument]:
    """All documents of a text as they are written.

    Raises:
        UsageError: It is no YAML; line and column are named.
    """
    return [document_of(root, source, name) for root in compose_all(source, name)]


def document_of(
    root: Any,
    source: str,
    name: str,
    variables: Mapping[str, str] | None = None,
    expands: Callable[[YamlPath], bool] = lambda _: True,
) -> YamlDocument:
    """The document of a root node; arguments and errors are those of `load_yaml`."""
    from otx.ottl.yaml_nodes import Constructor  # 10 ms

    lines = [0, *(at + 1 for at, c in enumerate(source) if c == "\n")]
    document = YamlDocument(source=source, line_starts=lines)
    if root is not None:
        document.data = Constructor(source, name, document, variables, expands).make(root, ())
    return document


@contextmanager
def _refused(source: str, name: str) -> Iterator[None]:
    """Tell what is no YAML as an error of the user's."""
    import yaml

    try:
        yield
    except yaml.YAMLError as error:
        raise _invalid(error, source, name) from None
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{name} is no YAML: {error}") from None


def _invalid(error: Exception, source: str, name: str) -> UsageError:
    from otx.ottl.yaml_slips import slip_in

    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    if problem == "but found another document":
        problem = "several documents, and a Collector's file is one: keep one of them in each file"
    if mark is None:
        return UsageError(f"{name}: no YAML: {problem}")
    lines = source.split("\n")
    text = lines[mark.line].rstrip("\r") if mark.line < len(lines) else ""
    slip = slip_in(text, problem)
    reason, hint = (slip.reason, slip.hint) if slip else (problem, "")
    return YamlInvalid(name, mark.line + 1, mark.column + 1, f"no YAML: {reason}", hint, text)
