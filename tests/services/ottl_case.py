"""Plans and pieces for tests of what runs OTTL."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from otx.environment import Environment
from otx.otlp.decode import Request, parse_protobuf
from otx.otlp.encode import to_json
from otx.otlp.pieces import Piece
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.plan import Plan, plan_of_statements
from otx.ottl.plan_config import plan_of_config
from tests.conftest import Terminal

FUNCTIONS = FunctionSet("", switched(""))


def statements(*texts: str, error_mode: Any = "propagate") -> Plan:
    return plan_of_statements(texts, FUNCTIONS, error_mode)


def config(**components: Any) -> Plan:
    return plan_of_config(components, FUNCTIONS.gates)


def json_pieces(*requests: Request) -> Iterator[Piece]:
    """The requests as lines of a file `in.jsonl`."""
    for number, one in enumerate(requests, 1):
        yield Piece("json", to_json(parse_protobuf(one.signal, one.body)), f"in.jsonl:{number}")


def protobuf_pieces(*requests: Request) -> Iterator[Piece]:
    for number, one in enumerate(requests, 1):
        yield Piece("protobuf", one.body, f"in.pb, record {number}")


def world(tmp_path: Path, stdin: bytes = b"", *, is_terminal: bool = False) -> Environment:
    """An environment whose stdout and stderr can be read."""
    return Environment(
        stdin=io.BytesIO(stdin),
        stdout=Terminal(is_terminal),
        stderr=Terminal(),
        variables={"HOME": str(tmp_path)},
        cwd=tmp_path,
    )


def said(environment: Environment) -> tuple[str, str]:
    """What was written to stdout and to stderr."""
    assert isinstance(environment.stdout, Terminal)
    assert isinstance(environment.stderr, Terminal)
    return environment.stdout.text, environment.stderr.text


def lines_of(environment: Environment) -> Sequence[str]:
    return said(environment)[0].splitlines()
