"""Names that other sketches of the language use, and what OTTL calls them."""

import difflib
from collections.abc import Collection, Sequence

from otx.model.frozen import Frozen
from otx.ottl.functions.library import FAMILIES
from otx.ottl.syntax import Call

NAMES = tuple(name for family in FAMILIES.values() for name in family)
"""Every function there is; telling them so costs no import of theirs."""

_TEXT = 'attributes["key"]'


class _Form(Frozen):
    """How OTTL says what another sketch calls by some name.

    Attributes:
        template: The right form, with the arguments in their places.
        examples: Arguments that stand for those that were not given.
        remark: What else there is to say.
    """

    template: str
    examples: tuple[str, ...]
    remark: str = ""

    def filled(self, arguments: Sequence[str]) -> str:
        """The right form of a call with these arguments."""
        given = arguments if len(arguments) == len(self.examples) else self.examples
        return self.template.format(*given)


_FORMS = {
    "ReplaceAllPatterns": _Form(
        'replace_all_patterns({}, "value", {}, {})', ("attributes", '"regex"', '"replacement"')
    ),
    "Truncate": _Form("set({0}, Substring({0}, 0, {1})) where Len({0}) > {1}", (_TEXT, "64")),
    "Base64Decode": _Form(
        'Decode({}, "base64")', (_TEXT,), remark="Base64Decode was removed in v0.161"
    ),
    "Match": _Form("IsMatch({}, {})", (_TEXT, '"regex"')),
    "Length": _Form("Len({})", (_TEXT,)),
    "Lower": _Form("ToLowerCase({})", (_TEXT,)),
    "Upper": _Form("ToUpperCase({})", (_TEXT,)),
    "Float": _Form("Double({})", (_TEXT,)),
    "Map": _Form("MapEach({}, {})", ("attributes", "(k, v) => v")),
    "delete": _Form("delete_key({}, {})", ("attributes", '"key"')),
    "replace": _Form("replace_pattern({}, {}, {})", (_TEXT, '"regex"', '"replacement"')),
    "rename": _Form(
        'set(attributes["new"], attributes["old"])',
        (),
        remark='then delete_key(attributes, "old")',
    ),
}


def hint_for(name: str, known: Collection[str], arguments: Sequence[str] = ()) -> str:
    """What is meant by a name that no function has; "" where nothing is near.

    Args:
        name: The name.
        known: The names that there are.
        arguments: What it is called with, as it stands in the text.
    """
    if name == "ReplaceAllPatterns" and len(arguments) == 4:
        return f"write replace_all_patterns({', '.join(arguments)})"
    if form := _FORMS.get(name):
        remark = f"; {form.remark}" if form.remark else ""
        return f"write {form.filled(arguments)}{remark}"
    folded = {one.replace("_", "").lower(): one for one in known}
    same = folded.get(name.replace("_", "").lower())
    if same and arguments and same[0].islower() is not name[0].islower():
        return f"write {same}({', '.join(arguments)})"
    near = [same] if same else difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""


def hint_for_place(call: Call, text: str) -> str:
    """What is meant by a call of an editor as a value, or of a converter as a statement."""
    shown = text[call.place.start : call.place.end]
    if call.name not in NAMES:
        return hint_for(call.name, NAMES, arguments_of(call, text))
    if call.is_converter:
        return f"a converter gives a value to use: write set({_TEXT}, {shown})"
    return f"an editor gives no value and is a statement by itself: {shown}"


def arguments_of(call: Call, text: str) -> list[str]:
    """The arguments of a call as they stand in the text."""
    return [text[one.place.start : one.place.end] for one in call.arguments]
