"""What a fresh interpreter has loaded after a command: the run-time side of the import contract."""

import subprocess
import sys

import pytest

from otx.command_table import COMMANDS, load_command

HEAVY = {"grpc", "google.protobuf", "textual", "duckdb", "pyarrow", "rich", "asyncio", "httptools"}


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}\nimport sys\nprint('\\n'.join(sys.modules), file=sys.stderr)",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stderr.split())


def test_version_loads_nothing_but_the_edge() -> None:
    loaded = modules_after(
        "import sys\nsys.argv[1:] = ['--version']\nfrom otx.__main__ import main\nmain()"
    )
    assert {name for name in loaded if name.startswith("otx")} == {"otx", "otx.__main__"}
    assert not loaded & (HEAVY | {"typer", "dataclasses", "importlib.metadata"})


def test_help_loads_no_typer() -> None:
    loaded = modules_after("from otx.cli import run\nrun(['--help'])")
    assert not loaded & (HEAVY | {"typer"})


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_importing_a_command_loads_nothing_heavy(name: str) -> None:
    loaded = modules_after(f"import {COMMANDS[name][0]}")
    assert not loaded & HEAVY


def test_headless_rooms_do_not_load_the_screen() -> None:
    loaded = modules_after("import otx.flame.tree, otx.model.telemetry, otx.system.stop")
    assert not loaded & (HEAVY | {"typer"})


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_helps_and_says_what_the_table_says(name: str) -> None:
    command = load_command(name)
    assert (command.help or "").strip().split("\n")[0] == COMMANDS[name][1]


def test_a_subcommand_of_ottl_loads_none_of_the_others() -> None:
    loaded = modules_after(
        "from otx.cli import run\nrun(['ottl', 'eval', '--in', '/dev/null', '--context=span', '1'])"
    )
    others = {name for name in loaded if name.startswith("otx.commands.ottl.")}
    assert others == {"otx.commands.ottl.evaluate", "otx.commands.ottl.options"}
    assert not loaded & (HEAVY - {"google.protobuf"} | {"lark", "yaml", "re2", "prompt_toolkit"})
