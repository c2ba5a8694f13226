"""A profile as a picture: HTML and SVG flame graphs of its shown value."""

from dataclasses import replace

from otx.flame.html import Panel, html_page
from otx.flame.picture_data import picture_data, tree_document
from otx.flame.picture_tree import picture_tree
from otx.flame.svg import svg_picture
from otx.model.profile import SAMPLES, Profile, value_text
from otx.model.units import format_duration, format_time
from otx.profile.formats.head import head_document
from otx.profile.formats.stats import stats_document


def write_html(profile: Profile) -> str:
    """A page that needs nothing beside it."""
    panel = Panel(picture_tree(profile.counts()))
    unit = profile.shown_type.unit
    return html_page([panel], title_of(profile), about(profile), unit, _head(profile))


def write_svg(profile: Profile) -> str:
    """A picture that can be shown anywhere; with a script it can be searched and zoomed."""
    tree = picture_tree(profile.counts())
    unit = profile.shown_type.unit
    data = picture_data(unit, [tree_document(tree)], _head(profile))
    return svg_picture(tree, title_of(profile), about(profile), unit, data)


def _head(profile: Profile) -> dict[str, object]:
    """What a picture's data says beside the tree, which has the shown value alone."""
    head = head_document(replace(profile, value_types=(profile.shown_type,), shown=0))
    if profile.stats is not None:
        head["stats"] = stats_document(profile.stats)
    return head


def title_of(profile: Profile) -> str:
    """A heading: what was measured."""
    kind = profile.shown_type
    return "Flame graph" if kind == SAMPLES else f"Flame graph of {kind.name}"


def about(profile: Profile) -> str:
    """How much was measured, when, and what was missed."""
    kind = profile.shown_type
    parts = [
        f"{value_text(profile.total, kind.unit)} {'samples' if kind == SAMPLES else kind.name}"
    ]
    if profile.duration_ns:
        parts[0] += f" in {format_duration(profile.duration_ns)}"
    if profile.frequency_hz:
        parts[0] += f" at {profile.frequency_hz} Hz"
    if profile.time_unix_nano:
        parts.append(f"from {format_time(profile.time_unix_nano)}")
    if profile.stats is not None:
        parts.append(f"{profile.stats.lost} lost, {profile.stats.truncated} truncated")
    return "; ".join(parts)
