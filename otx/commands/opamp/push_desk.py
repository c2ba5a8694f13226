"""What `otx opamp push` does in each of its forms: show, ask, do, wait, tell how it ended."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from otx.commands.opamp.options import confirmed, who_am_i
from otx.commands.opamp.tables import Fit, write_table
from otx.environment import Environment
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.services.opamp_push.follower import Aim
    from otx.services.opamp_push.objects import Parcel
    from otx.services.opamp_serve.client import RemoteFleet

COLUMNS = ["number", "name", "version", "selector", "state", "stages", "agents", "note"]
FIT = Fit(
    least={"name": 8, "selector": 8, "stages": 6, "agents": 16, "note": 12},
    hidden_first=["version", "stages", "note", "selector"],
)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an operator's wish is carried out.

    Attributes:
        is_dry: Say what would be done, no more.
        is_agreed: Do not ask.
        aim: What is waited for; None for nothing.
        timeout_s: How long agents may take to answer.
    """

    environment: Environment
    fleet: "RemoteFleet"
    output: Output
    form: str
    is_dry: bool
    is_agreed: bool
    aim: "Aim | None"
    timeout_s: float

    def push(self, parcel: "Parcel", terms: Mapping[str, Any]) -> None:
        """Push a configuration to whom and as the terms say, when the plan is agreed to."""
        from otx.services.opamp_push.plan import plan_lines

        wish = {**parcel.document(), **terms, "who": who_am_i(self.environment)}
        plan = self.fleet.post("pushes", {**wish, "dry_run": True})
        if self._agrees(plan, plan_lines(self.fleet, plan, parcel.config), "Push it?"):
            self.end(self.fleet.post("pushes", wish))

    def go_on(self, numbers: Mapping[str, int | None], why: str) -> None:
        """Follow, resume or pause a push: whichever has a number."""
        from otx.services.opamp_push.follower import changed

        verb, number = next((verb, one) for verb, one in numbers.items() if one is not None)
        if verb == "follow":
            self.end(self.fleet.get(f"pushes/{number}"))
            return
        found = changed(self.fleet, number, verb, who_am_i(self.environment), why)
        self.end(found, is_awaited=verb == "resume")

    def end(self, found: dict[str, Any], *, is_awaited: bool = True) -> None:
        """Wait for a push, show it, and end with its exit code."""
        from otx.services.opamp_push.follower import Follower
        from otx.services.opamp_push.words import exit_code, push_lines

        is_followed = is_awaited and self.aim is not None
        if is_followed:
            note = Remarks(self.environment).note
            follower = Follower(self.fleet, note, self.timeout_s, self.aim or "applied")
            with self._left(f"push {found['number']} goes on: --follow {found['number']} waits on"):
                found = follower.follow(found)
        self._show(found, push_lines(found))
        if code := exit_code(found, is_awaited=is_followed):
            raise typer.Exit(code)

    def offer_settings(self, path: str, selector: str, why: str) -> None:
        """Offer connection settings of a file, when the plan is agreed to."""
        from otx.services.opamp_push.settings import (
            SettingsFollower,
            read_settings_file,
            settings_exit_code,
            settings_lines,
            settings_plan_lines,
        )

        who = who_am_i(self.environment)
        file = read_settings_file(self.environment, path)
        wanted = {**file, "selector": selector, "who": who, "why": why}
        plan = self.fleet.post("settings", {**wanted, "dry_run": True})
        question = "Offer them these connection settings?"
        if not self._agrees(plan, settings_plan_lines(plan), question):
            return
        found = self.fleet.post("settings", wanted)
        if self.aim is not None:
            note = Remarks(self.environment).note
            with self._left(f"settings {found['number']} stay offered"):
                found = SettingsFollower(self.fleet, note, self.timeout_s).follow(found)
        self._show(found, settings_lines(found))
        if code := settings_exit_code(found):
            raise typer.Exit(code)

    def show_all(self, *, is_wide: bool) -> None:
        """List the newest pushes."""
        from otx.services.opamp_push.words import counts_text

        pushes = self.fleet.pushes()
        if self.form == "json":
            self.output.document(pushes)
        elif pushes:
            rows = [{**one, "agents": counts_text(one["agents"])} for one in pushes]
            write_table(self.environment, self.output, COLUMNS, rows, FIT, is_wide=is_wide)
        else:
            Remarks(self.environment).note("nothing was pushed")

    def _agrees(self, plan: dict[str, Any], lines: Iterable[str], question: str) -> bool:
        """Show what would be done; whether it is to be done.

        Raises:
            Exit: A person said no.
        """
        for line in lines:
            Remarks(self.environment).note(line)
        if self.is_dry:
            if self.form == "json":
                self.output.document(plan)
            return False
        if not confirmed(self.environment, self.is_agreed, question):
            raise typer.Exit(1)
        return True

    @contextmanager
    def _left(self, words: str) -> Iterator[None]:
        """Say what goes on when a person stops waiting for it."""
        try:
            yield
        except KeyboardInterrupt:
            Remarks(self.environment).note(words)
            raise

    def _show(self, found: dict[str, Any], lines: Iterable[str]) -> None:
        if self.form == "json":
            self.output.document(found)
        else:
            self.output.text("\n".join(lines))
