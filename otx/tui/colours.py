"""Colours that carry meaning, and keep it: a service or a module has the same one on every screen.

The hues are those of Okabe and Ito, made to be told apart by colour-blind eyes ("Color Universal
Design", 2008). Vermillion is left out: red belongs to errors. A colour never says anything alone;
a sign, a letter or a word always says it too.
"""

import zlib
from functools import lru_cache

from textual.color import Color

from otx.model.stack import Frame, FrameKind

OKABE_ITO = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442")
"""Sky blue, orange, bluish green, reddish purple, yellow. Blue is too dark for text on black."""
_TINTS = ("#a8d8f4", "#f5cd84", "#7fceb6", "#e6bcd3")
"""The same hues, light, so that fewer services share a colour."""
_SERVICE_COLOURS = (*OKABE_ITO, *_TINTS)
_DARKER_ON_LIGHT = 0.28

_KIND_HUES: dict[FrameKind, str] = {
    "span": "#8794a1",
    "python": "#56b4e9",
    "native": "#e0a93f",
    "kernel": "#cc79a7",
    "jit": "#34b08b",
    "process": "#8794a1",
    "thread": "#8794a1",
}
_SHADES = (-0.10, -0.05, 0.0, 0.05, 0.10)
_FADED = 0.62
_MORE, _LESS, _UNCHANGED = (Color.parse(hue) for hue in ("#e69f00", "#56b4e9", "#8794a1"))
_STRONGEST_POINTS = 10.0
RUN_COLOUR = Color.parse("#4a545e")


def service_colour(service: str, on_dark: bool = True) -> Color:
    """The colour of a service, by its name alone, to be read on dark or on light."""
    colour = Color.parse(_SERVICE_COLOURS[_stable_hash(service) % len(_SERVICE_COLOURS)])
    return colour if on_dark else colour.darken(_DARKER_ON_LIGHT)


@lru_cache(maxsize=8192)
def frame_colour(frame: Frame) -> Color:
    """The colour of a frame: hue by where it ran, shade by its module and name.

    An operation of a trace has its service's colour.
    """
    if frame.kind == "span" and frame.module:
        return service_colour(frame.module)
    hue = Color.parse(_KIND_HUES[frame.kind])
    if frame.kind in ("process", "thread"):
        return hue
    shade = _SHADES[_stable_hash(f"{frame.module}\0{frame.name}") % len(_SHADES)]
    return hue.lighten(shade) if shade > 0 else hue.darken(-shade)


def change_colour(points: float) -> Color:
    """Orange for a share that grew, blue for one that shrank, the stronger the more."""
    towards = _MORE if points > 0 else _LESS
    return _UNCHANGED.blend(towards, min(abs(points) / _STRONGEST_POINTS, 1.0))


def faded(colour: Color, background: Color) -> Color:
    """A colour that steps back, for what stands above the zoomed frame."""
    return colour.blend(background, _FADED)


def text_on(colour: Color) -> Color:
    """Black or white, whichever can be read on a colour."""
    return Color.parse("#0b0e11") if colour.brightness > 0.45 else Color.parse("#f4f6f8")


def _stable_hash(text: str) -> int:
    """The same number in every process, unlike `hash`."""
    return zlib.crc32(text.encode(errors="surrogatepass"))
