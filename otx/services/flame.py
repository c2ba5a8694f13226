"""A profile from a file to a form: `otx flame` without its arguments."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from otx.environment import Environment
from otx.errors import UsageError
from otx.flame.difference import Difference, compare
from otx.flame.difference_forms import (
    difference_document,
    difference_folded,
    difference_head,
    difference_text,
)
from otx.flame.html import Panel, html_page
from otx.flame.narrowing import focused, heaviest
from otx.flame.picture_data import picture_data, tree_document
from otx.flame.picture_tree import difference_tree, picture_tree
from otx.flame.sandwich import sandwich, side_by_side
from otx.flame.sandwich_forms import sandwich_document, sandwich_text
from otx.flame.search import compile_pattern
from otx.flame.svg import svg_picture
from otx.model.profile import Profile, value_text
from otx.output import Remarks, to_json
from otx.profile.formats import write_profile
from otx.profile.formats.losses import losses
from otx.profile.formats.opening import MAX_BYTES, Opened, open_profile
from otx.profile.formats.picture import about
from otx.profile.formats.text import FUNCTIONS, write_text

_UNEQUAL = 1.2
"""Profiles that differ by more in all are seldom of the same length."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a profile is looked at.

    Attributes:
        value: The value type that is shown, by name; "" for the profile's own choice.
        focus: Only stacks with a frame that each of these matches.
        ignore: No stack with a frame that one of these matches.
    """

    value: str = ""
    focus: Sequence[str] = ()
    ignore: Sequence[str] = ()


class FlameFiles:
    """Reads the profiles that a command names.

    Args:
        environment: Where stdin is and warnings go.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._remarks = Remarks(environment)

    def open(self, file: str, selection: Selection) -> Opened:
        """The profile in a file, or on stdin for -, as far as it is selected.

        Raises:
            UsageError: It cannot be read, or a pattern or the value type is none.
        """
        place = "stdin" if file == "-" else file
        focus = _patterns(selection.focus, "--focus")
        ignore = _patterns(selection.ignore, "--ignore")
        opened = open_profile(self._read(file, place), place, self._remarks.warning)
        profile = with_value(opened.profile, selection.value)
        kept = focused(profile, focus, ignore)
        if profile.samples and not kept.samples:
            self._remarks.warning(f"{place}: no stack is left of {len(profile.samples)}")
        return Opened(opened.form, kept)

    def _read(self, file: str, place: str) -> bytes:
        """A file's bytes, no more than may be opened."""
        try:
            if file == "-":
                data = self._environment.stdin.read(MAX_BYTES + 1)
            else:
                with (self._environment.cwd / Path(file)).open("rb") as stream:
                    data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise UsageError(f"cannot read {place}: {error.strerror}") from None
        if len(data) > MAX_BYTES:
            raise UsageError(f"{place} is larger than {MAX_BYTES >> 20} MiB")
        return data


def with_value(profile: Profile, name: str) -> Profile:
    """A profile that shows the value type of a name, as `cpu` or `cpu/nanoseconds`.

    Raises:
        UsageError: It has none.
    """
    if not name:
        return profile
    for index, kind in enumerate(profile.value_types):
        if name in (kind.name, str(kind)):
            return replace(profile, shown=index)
    names = ", ".join(map(str, profile.value_types))
    raise UsageError(f"no value {name!r} in the profile", hint=f"it has {names}")


def _patterns(texts: Sequence[str], flag: str) -> list[re.Pattern[str]]:
    patterns = []
    for text in texts:
        try:
            patterns.append(compile_pattern(text))
        except UsageError as error:
            raise UsageError(f"{flag} {text!r}: {error.message}", hint=error.hint) from None
    return patterns


class FlameRun:
    """One call of `otx flame`: what is opened becomes bytes of a form.

    Args:
        environment: The world.
        form: What is written.
        top: The most functions or stacks, None for all there is room for.
        selection: What of the profiles is looked at.
    """

    def __init__(
        self, environment: Environment, form: str, top: int | None, selection: Selection
    ) -> None:
        self._files = FlameFiles(environment)
        self._remarks = Remarks(environment)
        self._form = form
        self._top = top
        self._selection = selection

    def convert(self, file: str) -> bytes:
        """A profile in another form."""
        opened = self._files.open(file, self._selection)
        profile = opened.profile
        if self._form == "text":
            return write_text(profile, self._top or FUNCTIONS).encode()
        if self._top is not None:
            kept = heaviest(profile, self._top)
            if len(kept.samples) < len(profile.samples):
                left = profile.total - kept.total
                said = f"{value_text(left, profile.shown_type.unit)} {profile.shown_type.name}"
                self._remarks.warning(f"--top {self._top} leaves out {said}")
            profile = kept
        if opened.form != self._form and (lost := losses(profile, self._form)):
            self._remarks.warning(lost)
        return write_profile(profile, self._form)

    def difference(self, before: str, after: str, *, is_normalised: bool) -> bytes:
        """What changed from one profile to another.

        Raises:
            UsageError: They measure different things, or the form has no place for two values.
        """
        self._require(("text", "folded", "json", "html", "svg"), "a difference")
        earlier, later = (
            self._files.open(file, self._selection).profile for file in (before, after)
        )
        kind = later.shown_type
        if earlier.shown_type.unit != kind.unit:
            raise UsageError(
                f"{before} has {earlier.shown_type}, {after} has {kind}",
                hint="--value picks a value that both have",
            )
        found = compare(earlier.counts(), later.counts(), is_normalised=is_normalised)
        self._mind_totals(found, before, after)
        names = before, after
        if self._form == "text":
            return difference_text(found, names, kind, self._top or FUNCTIONS).encode()
        if self._form == "json":
            return _json(difference_document(found, names, kind, self._top))
        if self._form == "folded":
            return difference_folded(found).encode()
        tree = difference_tree(found.stacks)
        title = f"What changed of {kind.name}"
        said = "; ".join(" ".join(line.split()) for line in difference_head(found, names, kind))
        if self._form == "svg":
            data = picture_data(kind.unit, [tree_document(tree)], {})
            return svg_picture(tree, title, said, kind.unit, data).encode()
        return html_page([Panel(tree)], title, said, kind.unit).encode()

    def sandwich(self, file: str, function: str) -> bytes:
        """Who calls a function, and what it calls.

        Raises:
            NotThere: No function is called so.
            UsageError: The form is one of stacks.
        """
        self._require(("text", "json", "html", "svg"), "a sandwich")
        profile = self._files.open(file, self._selection).profile
        kind = profile.shown_type
        found = sandwich(profile.counts(), function)
        if self._form == "text":
            return sandwich_text(found, kind, self._top or FUNCTIONS).encode()
        if self._form == "json":
            return _json(sandwich_document(found, kind, self._top))
        title = f"Callers and callees of {found.function}"
        if self._form == "svg":  # one picture: the two sides beside each other
            tree = picture_tree(side_by_side(found), found.function)
            data = picture_data(kind.unit, [], {})  # there is no whole stack in it
            return svg_picture(tree, title, about(profile), kind.unit, data).encode()
        callers = picture_tree(found.callers, "callers")
        callees = picture_tree(found.callees, "callees")
        panels = [Panel(callers, "callers", is_flipped=True), Panel(callees, "callees")]
        return html_page(panels, title, about(profile), kind.unit).encode()

    def _require(self, forms: Sequence[str], what: str) -> None:
        if self._form not in forms:
            raise UsageError(
                f"{what} has no form {self._form}", hint=f"--format takes {', '.join(forms)} for it"
            )

    def _mind_totals(self, found: Difference, before: str, after: str) -> None:
        """Say when raw values compare profiles of different lengths."""
        old, new = found.totals
        if not found.is_normalised and old and new and max(new / old, old / new) > _UNEQUAL:
            how = "more" if new > old else "less"
            self._remarks.warning(
                f"{after} has {abs(new / old - 1):.0%} {how} in all than {before}",
                hint="--diff normalised compares their shares",
            )


def _json(document: dict[str, object]) -> bytes:
    return (to_json(document, indent=1) + "\n").encode("utf-8", "replace")
