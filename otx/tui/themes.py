"""The two themes of otx. Textual's own, its ANSI themes among them, can be chosen as well."""

from textual.theme import Theme

OTX_DARK = Theme(
    name="otx-dark",
    primary="#56b4e9",
    secondary="#8794a1",
    accent="#f0c05a",
    foreground="#d6dce2",
    background="#0f1417",
    surface="#0f1417",
    panel="#1d262c",
    success="#2fb58c",
    warning="#e6a532",
    error="#ff6b5e",
    dark=True,
    variables={"border": "#56b4e9", "border-blurred": "#48545e"},
)
OTX_LIGHT = Theme(
    name="otx-light",
    primary="#005f99",
    secondary="#5b6670",
    accent="#9a5b00",
    foreground="#1c2329",
    background="#fbfcfd",
    surface="#fbfcfd",
    panel="#e4eaef",
    success="#007a58",
    warning="#8a5a00",
    error="#c62f1f",
    dark=False,
    variables={"border": "#005f99", "border-blurred": "#a9b4be"},
)
THEMES = (OTX_DARK, OTX_LIGHT)
COLOURLESS = "ansi-dark"
"""The theme under NO_COLOR: the terminal's own colours, of which only attributes are sent."""
