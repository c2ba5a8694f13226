"""Names that other sketches of the language use, and what OTTL calls them."""

import difflib
from collections.abc import Collection

_SPELLINGS = {
    "ReplacePattern": "replace_pattern(target, regex, replacement)",
    "ReplaceAllPatterns": 'replace_all_patterns(target, "key"|"value", regex, replacement)',
    "Truncate": "truncate_all(target, limit), or Substring(target, start, length)",
    "TruncateAll": "truncate_all(target, limit)",
    "Base64Decode": 'Decode(value, "base64"): Base64Decode was removed in v0.161',
    "Match": "IsMatch(target, regex)",
    "Length": "Len(target)",
    "Lower": "ToLowerCase(target)",
    "Upper": "ToUpperCase(target)",
    "Float": "Double(value)",
    "Map": "MapEach(source, (k, v) => …)",
    "delete": "delete_key(target, key)",
    "drop": "the filter processor drops; its conditions stand alone, without an editor",
    "filter": "the filter processor drops; its conditions stand alone, without an editor",
    "replace": "replace_pattern(target, regex, replacement)",
    "rename": 'set(attributes["new"], attributes["old"]), then delete_key(attributes, "old")',
}


def hint_for(name: str, known: Collection[str]) -> str:
    """What is meant by a name that no function has; "" where nothing is near."""
    if name in _SPELLINGS:
        return f"write {_SPELLINGS[name]}"
    folded = {one.replace("_", "").lower(): one for one in known}
    same = folded.get(name.replace("_", "").lower())
    near = [same] if same else difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""
