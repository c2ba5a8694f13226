"""What makes a test file unusable: findings, each at its place in a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from otx.errors import UsageError
from otx.ottl.checking import Finding
from otx.ottl.unit_tests.yaml_values import Unreadable
from otx.ottl.yaml_places import YamlDocument


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that a test file names.

    Attributes:
        name: What people call it.
    """

    name: str
    content: bytes


OpenFile: TypeAlias = Callable[[str], OpenedFile]
"""Opens a file that is named relative to the test file; raises OSError."""


class FileUnusable(UsageError):
    """A test file, or a file that it names, that cannot be used.

    Attributes:
        findings: All that is wrong.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        more = f"\n({len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(findings[0].text() + more)
        self.findings = tuple(findings)


def finding_of(error: Unreadable, document: YamlDocument, name: str) -> Finding:
    """What cannot be used, at its place in the test file."""
    place = document.key_place(error.path)
    key = str(error.path[-1]) if error.path else ""
    width = len(key) if place.text[place.column - 1 :].startswith(key) else 1
    return Finding(name, place, max(width, 1), "error", str(error), error.hint)


def opened(open_file: OpenFile, name: str, error_path: tuple[str | int, ...]) -> OpenedFile:
    """A file that a test file names.

    Raises:
        Unreadable: It cannot be read.
    """
    try:
        return open_file(name)
    except OSError as error:
        raise Unreadable(error_path, f"cannot read {name}: {error.strerror}") from None
