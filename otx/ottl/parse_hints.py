"""What people write who know another language, and how OTTL says it."""

import re

from otx.ottl.syntax import Place

_WORDS = {
    "&&": "write `and`",
    "||": "write `or`",
    "!": "write `not`, or != for unequal",
    "'": 'texts stand in double quotes: "text"',
    ";": "one statement each: a statement has one editor and no `;`",
    "#": "OTTL has no comments; in YAML they stand outside the text",
    "$": 'there are no variables; keep things in cache["name"]',
    "=~": 'write IsMatch(value, "regex")',
    "%": "there is no modulo",
}
_KEYWORDS = ("and", "or", "not", "nil", "true", "false", "where")


def hint_for(text: str, place: Place) -> str:
    """What to write instead; "" where that cannot be guessed."""
    rest = text[place.start :]
    for word, hint in _WORDS.items():
        if rest.startswith(word):
            return hint
    word = text[place.start : place.end]
    if word.lower() in _KEYWORDS and word not in _KEYWORDS:
        return f"keywords are lower-case: {word.lower()}"
    if word == "None" or word == "null":
        return "write nil"
    if word == "=":
        return "compare with ==; statements assign with set(path, value)"
    if word == "if":
        return "conditions follow `where`"
    if word == "in":
        return "write ContainsValue(list, item)"
    before = text[: place.start].rstrip()
    if re.search(r"[0-9]$", before) and re.match(r"e[0-9]*$", word):
        return f"a number with an exponent needs a dot: 1.0{word}"
    if before.endswith(",") and word in (")", "]"):
        return "no comma before a closing bracket"
    if before.endswith(")") and rest[:1].isalpha():
        return "one statement has one editor: put the next in a line of its own"
    if place.start >= len(text) or rest.startswith('"'):
        return _unclosed(text)
    return ""


def _unclosed(text: str) -> str:
    """Which bracket or quote is still open at the end."""
    waiting: list[str] = []
    closers = {"(": ")", "[": "]", "{": "}"}
    at = 0
    while at < len(text):
        c = text[at]
        if c == '"':
            end = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(text, at)
            if end is None:
                return 'a text is not closed: " is missing'
            at = end.end()
            continue
        if c in closers:
            waiting.append(closers[c])
        elif waiting and c == waiting[-1]:
            waiting.pop()
        at += 1
    return f"{''.join(reversed(waiting))} is missing" if waiting else ""
