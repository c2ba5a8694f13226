"""Whether a configuration may be run: who refuses it is said, and why."""

import sys
from pathlib import Path

import pytest

from otx.opamp.not_stored import NOT_STORED
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.services.agent.memory import Keeper
from otx.services.agent.options import Supervised
from otx.services.agent.section import Section
from otx.services.agent.state import StateDirectory
from otx.services.agent.validation import Validation

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def validation(folder: Path, *validate: str, command: tuple[str, ...] = ()) -> Validation:
    keeper = Keeper(StateDirectory(folder, print), print)
    return Validation(keeper, Supervised(command, validate, False), (), ENVIRONMENT)


async def test_the_command_that_refuses_is_named_with_its_error_line_first(tmp_path: Path) -> None:
    script = "echo 'Error: no receiver'; echo 'hint: add one'; exit 1"
    one = validation(tmp_path, "/bin/sh", "-c", script, command=("x", "{config}"))
    reason = await one.why_invalid(b"a: 1", Section())
    assert reason.startswith("it did not pass validation (sh): Error: no receiver\n")


async def test_the_command_that_validates_is_given_the_text(tmp_path: Path) -> None:
    words = ("/bin/sh", "-c", 'grep -q good "$0"', "{config}")
    one = validation(tmp_path, *words, command=("x",))
    assert await one.why_invalid(b"good", Section()) == ""
    assert await one.why_invalid(b"bad", Section()) != ""
    assert await one.why_invalid(None, Section()) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"receive: {htp: 127.0.0.1:1}", "it did not pass validation (otx): receive has no 'htp'"),
        (b"[", "it did not pass validation (otx): no YAML"),
        (
            b"receive: {transform: {transform/x: {trace_statements: ['set(']}}}",
            "it did not pass validation (otx ottl check): ",
        ),
    ],
)
async def test_otx_says_what_is_wrong_with_its_own_parts(
    text: bytes, reason: str, tmp_path: Path
) -> None:
    environment = {**ENVIRONMENT, "PYTHONPATH": ":".join(sys.path)}
    keeper = Keeper(StateDirectory(tmp_path, print), print)
    one = Validation(keeper, Supervised((), (), False), (), environment)
    assert (await one.why_invalid(text, Section())).startswith(reason)


async def test_an_offer_without_content_is_told(tmp_path: Path) -> None:
    one = validation(tmp_path, command=("x",))
    assert await one.why_not(b"h", None, Section(), is_newest=False) == "its content is gone"
    assert (await one.why_not(b"h", None, Section(), is_newest=True)).startswith(NOT_STORED)


def test_remote_objects_are_laid_over_the_local_text(tmp_path: Path) -> None:
    remote = AgentConfigMap()
    remote.config_map["b"].body = b"b: 2"
    assert validation(tmp_path).merged(b"a: 1", remote) == b"a: 1\nb: 2\n"
    assert validation(tmp_path).merged(None, None) is None
