"""Palettes: monotone in lightness or diverging about a middle, fixed classes, safe for colour-blind readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Theme = Literal["light", "dark"]

OKABE_ITO = {
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
}
"""M. Okabe, K. Ito, "Color Universal Design", 2008."""

CIVIDIS_12 = (
    "#00204c", "#00306f", "#2a406c", "#48526b", "#5e626e", "#727374",
    "#878479", "#9e9677", "#b6a971", "#d0be67", "#ead357", "#ffea46",
)  # fmt: skip
"""Cividis at twelve even steps (J. Nuñez, C. Anderton, R. Renslow, PLoS ONE 13(7), 2018)."""

_BLUE_TO_ORANGE: dict[str, tuple[str, ...]] = {
    "light": ("#0b4f8a", "#3f86bd", "#8fbfdc", "#fffbe8", "#f3b873", "#d9792b", "#98470a"),
    "dark": ("#b5dcff", "#62abe3", "#2c6a9e", "#2b2a1e", "#9c5f22", "#e0924a", "#ffd2a0"),
}
_TEAL_TO_BROWN: dict[str, tuple[str, ...]] = {
    "light": ("#01665e", "#35978f", "#80cdc1", "#fffbe8", "#dfc27d", "#bf812d", "#7c4a08"),
    "dark": ("#b9f0e6", "#5fc4b6", "#1f7f75", "#2b2a1e", "#8a5f1c", "#d2a04a", "#f8dfa6"),
}
"""ColorBrewer's BrBG (C. Brewer, colorbrewer2.org), safe for colour-blind readers; in dark, the farther the lighter."""
_BURGUNDY = ("#f8dcc0", "#f5ba98", "#ee8a82", "#dc7176", "#c8586c", "#9c3f5d", "#70284a", "#4a1432")
_TEAL = ("#d1eeea", "#a8dbd9", "#85c4c9", "#68abb8", "#4f90a6", "#3b738f", "#2a5674", "#1b3d5a")

INK: dict[Theme, str] = {"light": "#1d2327", "dark": "#e7e9ea"}
MUTED: dict[Theme, str] = {"light": "#586168", "dark": "#a3adb3"}
RULE: dict[Theme, str] = {"light": "#e4e2db", "dark": "#2f353a"}
SURFACE: dict[Theme, str] = {"light": "#ffffff", "dark": "#1b1f22"}


def intensity(theme: Theme) -> tuple[str, ...]:
    """Twelve colours for carbon intensity: the more carbon, the stronger the contrast with the page."""
    return CIVIDIS_12 if theme == "dark" else CIVIDIS_12[::-1]


def amount(theme: Theme, n: int = 12) -> tuple[str, ...]:
    """`n` colours for amounts from nothing, which is nearly the page's own colour, to much."""
    stops = ("#eef1f2", "#b9c4cf", "#7d90a8", "#43597f", "#00204c")
    return colour_steps(stops if theme == "light" else ("#252b2f", "#3f4a5e", "#727374", "#b6a971", "#ffea46"), n)


def voltage(theme: Theme, n: int) -> tuple[str, ...]:
    """`n` colours from blue (low) over a neutral middle to orange (high)."""
    return colour_steps(_BLUE_TO_ORANGE[theme], n)


def difference(theme: Theme, n: int) -> tuple[str, ...]:
    """`n` colours for a difference, from teal (less) over a middle that is no grey to brown (more)."""
    return colour_steps(_TEAL_TO_BROWN[theme], n)


def loading(theme: Theme, n: int) -> tuple[str, ...]:
    """`n` colours for loading: the fuller, the stronger the contrast with the page."""
    return colour_steps(_BURGUNDY if theme == "light" else _BURGUNDY[::-1], n)


def renewable(theme: Theme, n: int) -> tuple[str, ...]:
    """`n` colours for the renewable share: the more, the stronger the contrast with the page."""
    return colour_steps(_TEAL if theme == "light" else _TEAL[::-1], n)


_SOURCES = {
    "solar": "orange", "wind": "sky", "wind onshore": "sky", "wind offshore": "sky", "hydro": "green", "import": "blue",
}  # fmt: skip
_OTHER_SOURCES = ("purple", "vermilion", "yellow")


def source_colours(names: Sequence[str], theme: Theme) -> dict[str, str]:
    """A colour for each source of power, the same on every chart; what stores held at first is in the page's ink."""
    others = [name for name in sorted(names) if name not in _SOURCES and name != "stores"]
    colours = {name: OKABE_ITO[_OTHER_SOURCES[place % len(_OTHER_SOURCES)]] for place, name in enumerate(others)}
    return {name: colours.get(name) or (INK[theme] if name == "stores" else OKABE_ITO[_SOURCES[name]])
            for name in names}  # fmt: skip


def sector_colours(names: Sequence[str], theme: Theme) -> dict[str, str]:
    """A colour for each sector, in a fixed order of Okabe and Ito's colours; grid losses are grey."""
    order = [OKABE_ITO[name] for name in ("blue", "orange", "green", "purple", "sky", "vermilion", "yellow")]
    plain = [name for name in names if "losses" not in name]
    colours = {name: order[place % len(order)] for place, name in enumerate(plain)}
    return {name: colours.get(name, MUTED[theme]) for name in names}


def colour_steps(stops: Sequence[str], n: int) -> tuple[str, ...]:
    """`n` colours at even distances along `stops`, linear in sRGB."""
    if n == 1:
        return (stops[0],)
    shades = []
    for place in range(n):
        position = place * (len(stops) - 1) / (n - 1)
        left = min(int(position), len(stops) - 2)
        part = position - left
        pair = zip(_rgb(stops[left]), _rgb(stops[left + 1]), strict=True)
        shades.append("#" + "".join(f"{round(a + part * (b - a)):02x}" for a, b in pair))
    return tuple(shades)


def with_alpha(colour: str, alpha: float) -> str:
    """A hexadecimal colour as ``rgba(...)``."""
    red, green, blue = _rgb(colour)
    return f"rgba({red},{green},{blue},{alpha})"


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
