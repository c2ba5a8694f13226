"""Log records grouped by what they have in common: `retry <*> of <*> after <*> s`.

After Drain (He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", 2017): what
is surely a parameter (numbers, ids, quoted text) is masked first; records of one severity, as many
words and the same first word are then merged while most of their words agree, and where they
differ stands the mask. How many patterns there are is bounded, whatever is logged.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from otx.model.telemetry import LogRecord
from otx.output import value_text

MASK = "<*>"
MAX_PATTERNS = 200
_LEAST_ALIKE = 0.6
"""Share of words that must agree for two records to be of one pattern."""
_MAX_WORDS = 60
"""Words of a body that are looked at; stack traces have thousands."""

_PARAMETER = re.compile(
    r"""  "(?:[^"\\]|\\.)*" | '(?:[^'\\\s]|\\.)*'
        | \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b
        | \b0[xX][0-9a-fA-F]+\b
        | \b(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}\b
        | (?<!\w)[-+]?\d+(?:[.:,]\d+)*(?:(?=[A-Za-zµ%]{1,2}\b)|(?![A-Za-z_]))
    """,
    re.VERBOSE,
)
_SURE = re.compile(r"[\w.-]{3,}")


@dataclass(frozen=True, slots=True)
class Template:
    """What all records of a pattern share: a severity letter, and words with `<*>` among them."""

    severity_letter: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.words)

    def fits(self, record: LogRecord) -> bool:
        """Whether a record is of this pattern."""
        if record.severity_letter != self.severity_letter:
            return False
        words = masked_words(body_text(record))
        return len(words) == len(self.words) and all(
            mine in (MASK, word) for mine, word in zip(self.words, words, strict=True)
        )

    @property
    def longest_word(self) -> str:
        """Text that the body of every record has, to search for; "" where none is sure."""
        pieces = _SURE.findall(" ".join(self.words).replace(MASK, " "))
        return max(pieces, key=len, default="")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A template, and how many records are of it."""

    template: Template
    count: int


class _Group:
    """Records that were merged so far."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        self.count = 0

    def takes(self, words: tuple[str, ...]) -> bool:
        agreeing = sum(mine == word for mine, word in zip(self.words, words, strict=True))
        return agreeing >= _LEAST_ALIKE * len(words)

    def add(self, words: tuple[str, ...]) -> None:
        self.count += 1
        if self.words != words:
            pairs = zip(self.words, words, strict=True)
            self.words = tuple(mine if mine == word else MASK for mine, word in pairs)


def mine_patterns(records: Iterable[LogRecord]) -> list[Pattern]:
    """The patterns of some records, the most frequent first.

    Records beyond `MAX_PATTERNS` patterns are of none.
    """
    groups: dict[tuple[str, int, str], list[_Group]] = {}
    room = MAX_PATTERNS
    for record in records:
        words = masked_words(body_text(record))
        key = (record.severity_letter, len(words), words[0] if words else "")
        alike = groups.setdefault(key, [])
        group = next((one for one in alike if one.takes(words)), None)
        if group is None:
            if not room:
                continue
            room -= 1
            group = _Group(words)
            alike.append(group)
        group.add(words)
    counts: dict[Template, int] = {}
    for (letter, _, _), alike in groups.items():
        for group in alike:  # two that grew alike are one
            template = Template(letter, group.words)
            counts[template] = counts.get(template, 0) + group.count
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0].words))
    return [Pattern(template, count) for template, count in ranked]


@lru_cache(maxsize=4096)
def masked_words(text: str) -> tuple[str, ...]:
    """The words of a body with what is surely a parameter masked."""
    words = _PARAMETER.sub(MASK, text).split()
    return (*words[:_MAX_WORDS], "…") if len(words) > _MAX_WORDS else tuple(words)


def body_text(record: LogRecord) -> str:
    """A record's body as a line of text; the event's name where there is none."""
    return value_text(record.body) if record.body is not None else record.event_name
