"""The scripts in completions/ say what the commands take, and their shells accept them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from otx.commands.completion import describe
from otx.completion import WRITERS, paths

COMPLETIONS = Path(__file__).parents[2] / "completions"


@pytest.mark.parametrize("shell", sorted(WRITERS))
def test_the_kept_script_is_up_to_date(shell: str) -> None:
    kept = (COMPLETIONS / f"otx.{shell}").read_text()
    assert kept == WRITERS[shell](describe()), "run `make completions`"


@pytest.mark.parametrize("shell", sorted(WRITERS))
def test_the_shell_accepts_its_script(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n", COMPLETIONS / f"otx.{shell}"], check=True, timeout=20)


def test_every_command_and_flag_is_described() -> None:
    for path, command in paths(describe()):
        if path:
            assert command.help, f"{path} has no help"
        for flag in command.flags:
            assert flag.help, f"{path} {flag.names} has no help"


def complete(line: str) -> set[str]:
    """What bash offers for a line whose last word is being typed."""
    words = line.split(" ")
    script = f"""
    source {COMPLETIONS / "otx.bash"}
    COMP_WORDS=({" ".join(f"'{word}'" for word in words)}) COMP_CWORD={len(words) - 1}
    _otx
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, timeout=20
    )
    return set(done.stdout.split())


def test_bash_offers_commands_flags_and_choices() -> None:
    assert {"demo", "doctor", "receive"} <= complete("otx ")
    assert complete("otx conf") == {"config"}
    assert complete("otx config ") >= {"show", "path"}
    assert complete("otx config show --form") == {"--format"}
    assert complete("otx config show --format j") == {"json", "jsonl"}
    assert complete("otx completion ") >= {"bash", "zsh", "fish"}
