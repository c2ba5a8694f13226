"""What the subcommands have in common: their input, their context, their feature gates."""

from typing import TYPE_CHECKING, Annotated

import typer

from otx.environment import Environment
from otx.errors import UsageError

if TYPE_CHECKING:
    from otx.ottl.functions.registry import FunctionSet
    from otx.ottl.source import ConfigFile, StatementFile

CONTEXT_NAMES = (
    *("resource", "scope", "span", "spanevent", "spanlink"),
    *("metric", "datapoint", "exemplar", "log", "profile", "profilesample"),
)

In = Annotated[
    str | None,
    typer.Option(
        "--in", metavar="FILE", help="OTLP to run on: protobuf, JSON, JSON lines; - is stdin."
    ),
]
StoreOption = Annotated[
    str | None, typer.Option("--store", metavar="DIR", help="A store to run on instead.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME", help="Of the store only what is later: RFC 3339, or -15m."
    ),
]
ContextOption = Annotated[
    str | None,
    typer.Option("--context", metavar="C", help="Where it runs (inferred as the Collector does)."),
]
Gates = Annotated[
    list[str] | None,
    typer.Option("--feature-gates", metavar="+X,-Y", help="Feature gates to switch on or off."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse what is otx's own and in no Collector.")
]
Pipeline = Annotated[
    list[str] | None,
    typer.Option(
        "--pipeline",
        metavar="NAME",
        help="The pipeline of a whole configuration that data enters; one a signal.",
    ),
]
Out = Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")]


def gates_of(texts: list[str] | None) -> frozenset[str]:
    """The gates that are on; those that are on by default in v0.162 need no naming.

    Raises:
        UsageError: A name that is no gate of OTTL.
    """
    from otx.ottl.gates import switched

    return switched(",".join(texts or []))


def functions_of(gates: list[str] | None, strict: bool, component: str = "") -> "FunctionSet":
    """The functions that are offered."""
    from otx.ottl.functions.registry import FunctionSet

    return FunctionSet(component, gates_of(gates), not strict)


def context_of(name: str | None) -> str:
    """The context that is asked for; "" for none.

    Raises:
        UsageError: There is no such context.
    """
    if name is not None and name not in CONTEXT_NAMES:
        raise UsageError(f"{name!r} is no context", hint=f"those are {', '.join(CONTEXT_NAMES)}")
    return name or ""


def read_source_file(environment: Environment, name: str) -> "StatementFile | ConfigFile":
    """A file of statements or a configuration; `-` is stdin.

    Raises:
        UsageError: It cannot be read, or holds no OTTL.
    """
    from otx.ottl.source import read_source

    try:
        content = environment.stdin.read() if name == "-" else (environment.cwd / name).read_bytes()
        return read_source(content.decode(), name, environment.variables)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no UTF-8: byte {error.start}") from None
