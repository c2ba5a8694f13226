"""What the tests reached: statements that ran, and both sides of each condition."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from otx.ottl.unit_tests.reading import TestFile
from otx.ottl.watched import Kind


@dataclass(frozen=True, slots=True)
class Covered:
    """A statement or condition and how often tests reached it.

    Attributes:
        held: Records for which its condition was true, or that it ran on where it has none.
        refused: Records for which its condition was false.
        failed: Records that it failed on.
        missing: The sides that no test reaches: of `ran`, `true`, `false`.
    """

    file: str
    line: int
    column: int
    kind: Kind
    text: str
    has_condition: bool
    held: int
    refused: int
    failed: int

    @property
    def sides(self) -> Sequence[str]:
        """What there is to reach."""
        return ("true", "false") if self.has_condition else ("ran",)

    @property
    def missing(self) -> list[str]:
        """The sides that no test reaches."""
        reached = {"true": self.held, "ran": self.held, "false": self.refused}
        return [side for side in self.sides if not reached[side]]

    def document(self) -> dict[str, Any]:
        """The facts for programs."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "kind": self.kind,
            "text": " ".join(self.text.split()),
            "ran": self.held,
            "not_matched": self.refused,
            "failed": self.failed,
            "missing": self.missing,
        }


def coverage(files: Iterable[TestFile]) -> list[Covered]:
    """What the tests of files reached; files that test the same text are taken together."""
    found: dict[tuple[str, int, int, str], Covered] = {}
    for file in files:
        for one in file.subject.counting.counted:
            place = file.subject.place(one.site)
            key = (file.subject.origin.file, place.line, place.column, one.site.text)
            before = found.get(key)
            found[key] = Covered(
                *key[:3],
                one.site.kind,
                one.site.text,
                one.site.has_condition,
                one.held + (before.held if before else 0),
                one.refused + (before.refused if before else 0),
                one.failed + (before.failed if before else 0),
            )
    return sorted(found.values(), key=lambda one: (one.file, one.line, one.column))


def totals(covered: Sequence[Covered]) -> tuple[int, int]:
    """How many sides are reached, and how many there are."""
    there = sum(len(one.sides) for one in covered)
    return there - sum(len(one.missing) for one in covered), there
