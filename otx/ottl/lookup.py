"""What a word of a text means: a function's page, a path's type, an enum's number."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

from otx.ottl.completion import Surroundings
from otx.ottl.cursor import path_before
from otx.ottl.function_page import row, titled
from otx.ottl.functions.registry import OWN, Function, all_functions
from otx.ottl.path_names import PathNames
from otx.ottl.syntax import Place
from otx.ottl.tokens import TextToken, tokens


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word means.

    Attributes:
        place: The word.
        title: What it is, as code.
        about: What else there is to say, as Markdown.
    """

    place: Place
    title: str
    about: str = ""


def look_up(text: str, offset: int, surroundings: Surroundings) -> Meaning | None:
    """What the word at an offset means; None where there is no word, or nobody knows it."""
    found = tokens(text)
    for at, token in enumerate(found):
        if token.kind == "word" and token.start <= offset <= token.end:
            return _word(found, at, surroundings)
    return None


def _word(found: Sequence[TextToken], at: int, surroundings: Surroundings) -> Meaning | None:
    token = found[at]
    place = Place(token.start, token.end)
    words = [one.text for one in found if one.kind == "word"]
    names = PathNames(surroundings.contexts, surroundings.own, words)
    is_section = at > 0 and found[at - 1].text == "."
    function = None if is_section else all_functions().get(token.text)
    is_called = at + 1 < len(found) and found[at + 1].text == "("
    if function is not None and (is_called or token.text[0].isupper()):
        return Meaning(place, titled(function), _page(function))
    if token.text[0].isupper():
        return _enum(token.text, place, names)
    return _path(found, at, place, names)


def _enum(symbol: str, place: Place, names: PathNames) -> Meaning | None:
    for context in names.running:
        if symbol in context.enums:
            return Meaning(place, f"{symbol} = {context.enums[symbol]}", f"enum of {context.name}")
    return None


def _path(found: Sequence[TextToken], at: int, place: Place, names: PathNames) -> Meaning | None:
    path = path_before(found, at + 1).names
    context, sections = names.split(path)
    if not context:
        return None
    if not sections:
        return Meaning(place, context, f"the context {context}")
    accessor = names.find(path)
    if accessor is None:
        return None
    facts = [f"path of {context}"]
    if accessor.set is None and not accessor.is_group:
        facts.append("read-only")
    if accessor.is_group:
        facts.append("no value by itself")
    if accessor.sections:
        facts.append(f"with {', '.join(f'.{name}' for name in accessor.sections)}")
    if accessor.keys != "none":
        facts.append('keys stand in brackets: `["key"]`')
    return Meaning(place, f"{'.'.join(path)}: {accessor.type}", "; ".join(facts))


def _page(function: Function) -> str:
    """A function's page as Markdown."""
    facts = row(function)
    lines = [inspect.getdoc(function.implementation) or "", ""]
    for one in facts["parameters"]:
        kind = f"list of {one['type']}" if one["list"] else one["type"]
        lines.append(f"- `{one['name']}`: {kind}{', optional' if one['optional'] else ''}")
    if function.is_extension:
        lines += ["", OWN]
    if facts["since"]:
        lines += ["", f"since v{facts['since']}"]
    if facts["example"]:
        example = facts["example"]
        lines += ["", "```ottl", example["text"], "```", f"→ `{example['result']}`"]
    return "\n".join(lines).strip()
