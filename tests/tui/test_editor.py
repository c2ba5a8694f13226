"""The editor of a person's choice, as a real process."""

from pathlib import Path

import pytest

from otx.errors import MachineError, UsageError
from otx.tui.editor import edit, editor_of


def test_visual_stands_above_editor_and_may_have_arguments() -> None:
    assert editor_of({"VISUAL": "code --wait", "EDITOR": "ed"}) == ["code", "--wait"]
    assert editor_of({"VISUAL": " ", "EDITOR": "'my editor' -n"}) == ["my editor", "-n"]


@pytest.mark.parametrize(
    ("variables", "said"), [({}, "set VISUAL or EDITOR"), ({"EDITOR": "vi 'x"}, "no command: vi")]
)
def test_without_one_it_is_said(variables: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        editor_of(variables)


def test_the_text_is_there_while_the_editor_runs_and_gone_afterwards(tmp_path: Path) -> None:
    script = 'cat "$1" > "$0"; echo "$1" >> "$0"'
    edit(["sh", "-c", script, str(tmp_path / "seen")], "{}\n", ".json")
    text, place, _ = (tmp_path / "seen").read_text().split("\n")
    assert (text, Path(place).suffix, Path(place).exists()) == ("{}", ".json", False)


def test_an_editor_that_fails_is_named() -> None:
    with pytest.raises(MachineError, match="false ended with code 1"):
        edit(["false"], "", ".txt")
    with pytest.raises(MachineError, match="cannot start no-such-editor"):
        edit(["no-such-editor"], "", ".txt")
