"""What a form cannot say of a profile: told when it is written, and in docs/flame.md."""

from collections.abc import Mapping

from otx.model.profile import Profile

TYPES, LABELS, TIMES = "types", "labels", "times"
_HOLDS: Mapping[str, frozenset[str]] = {
    "pprof": frozenset((TYPES, LABELS)),
    "otlp": frozenset((TYPES, LABELS, TIMES)),
    "otlp-json": frozenset((TYPES, LABELS, TIMES)),
    "json": frozenset((TYPES, LABELS, TIMES)),
    "speedscope": frozenset((TYPES,)),
    "perf-script": frozenset((TIMES,)),
}
_TIMES_OF_DAY = frozenset(("otlp", "otlp-json"))
_FOR_PEOPLE = frozenset(("text", "html", "svg"))


def losses(profile: Profile, form: str) -> str:
    """What a form leaves out of this profile, in a line; "" for nothing."""
    if form in _FOR_PEOPLE:
        return ""
    holds = _HOLDS.get(form, frozenset())
    lost = []
    if TYPES not in holds and len(profile.value_types) > 1:
        lost += [str(it) for it in profile.value_types if it != profile.shown_type]
    if LABELS not in holds and (keys := _keys(profile)):
        lost.append(f"labels ({', '.join(keys)})")
    if _has_times(profile):
        if TIMES not in holds:
            lost.append("times of samples")
        elif form in _TIMES_OF_DAY and not profile.time_unix_nano:
            lost.append("times of samples, which are times of the day there")
    return f"{form} has no place for {'; '.join(lost)}" if lost else ""


def _keys(profile: Profile) -> list[str]:
    return sorted({label.key for sample in profile.samples for label in sample.labels})


def _has_times(profile: Profile) -> bool:
    return any(sample.offset_ns is not None for sample in profile.samples)
