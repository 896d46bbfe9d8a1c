"""The map of an estimated state: every bus and branch by its class, with its band in words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
import polars as pl

from app.dashboard.colours import Theme
from app.dashboard.grid_map.geometry import ends_of, places
from app.dashboard.grid_map.layers import LAYERS, Layer
from app.dashboard.language import Language, say
from app.dashboard.language.spoken import text_in
from app.twin.estimation.reading import LatestState
from grid.arrays import Floats

COLUMNS: Mapping[str, tuple[str, str, str]] = {
    "voltage": ("vm_pu", "vm_low_pu", "vm_high_pu"),
    "loading": ("loading_percent", "loading_low_percent", "loading_high_percent"),
    "carbon": ("ci_kg_per_mwh", "ci_low_kg_per_mwh", "ci_high_kg_per_mwh"),
}
"""Columns of value, lower and upper end of the band, by the layer that shows them."""
MOST_ROWS = 10
"""Elements that the table beside the map names."""
WIDTH, MARGIN = 1000.0, 24.0
"""Width of the picture and space around the net, in units of the picture."""
_KNOWN_BY = {"pseudo": "expectations", "measured": "its own measurement", "observable": "other measurements"}


@dataclass(frozen=True, eq=False)
class _Banded:
    """Values of some elements with their bands.

    Args:
        names: Their names.
        band: Value, lower and upper end, shape (3, n), NaN where not known.
        notes: What each is known by.
    """

    names: list[str]
    band: Floats
    notes: list[str]

    def words(self, k: int, layer: Layer) -> str:
        """An element with its value and band in words."""
        value, low, high = self.band[:, k]
        unit = f" {layer.unit}"
        if np.isnan(value):
            return f"{self.names[k]}: not known"
        said = f"{self.names[k]}: {value:.{layer.digits}f}{unit} ({low:.{layer.digits}f} to {high:.{layer.digits}f})"
        return f"{said}, by {self.notes[k]}" if self.notes[k] else said


def estimated_map(state: LatestState, layer: str, theme: Theme, language: Language = "en") -> str:
    """The picture of a state, as SVG: what is known less well than to a class is dashed or hollow.

    Args:
        state: The state.
        layer: One of `COLUMNS`.
        theme: Light or dark.
        language: Of its name.
    """
    shown = LAYERS[layer]
    buses, lines = _buses(state, layer), _lines(state, layer)
    points, height = _fitted(places(state))
    ends = ends_of(state)
    drawn = [*_lines_drawn(points, ends, lines, shown, theme)]
    if layer != "loading":
        drawn += _buses_drawn(points, buses, shown, theme)
    words = f"{shown.title} of every element, with bands; the table below names the first {MOST_ROWS}"
    label = escape(text_in(language, words))
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img" aria-label="{label}" class="estimated-map">'
        f"{''.join(drawn)}</svg>"
    )


def legend(layer: str, theme: Theme, language: Language = "en") -> str:
    """The classes of a layer, and what dashed and hollow mean, as HTML."""
    shown = LAYERS[layer]
    borders = [f"{border:g}" for border in shown.breaks]
    between = (f"{a} – {b}" for a, b in itertools.pairwise(borders))
    words = [f"below {borders[0]}", *between, f"from {borders[-1]}"]
    unsure = text_in(language, "Dashed or hollow: the band of 90 % reaches into another class.")
    title, explanation = say(language, shown.title), say(language, shown.explanation)
    classes = "".join(
        f'<li><svg width="14" height="14" aria-hidden="true"><rect width="14" height="14" fill="{colour}"/></svg>'
        f"{escape(text_in(language, text))}</li>"
        for text, colour in zip(words, shown.palette(theme), strict=True)
    )
    return (
        f'<p class="subtitle">{escape(f"{title} [{shown.unit}]. {explanation} {unsure}")}</p>'
        f'<ul class="estimated-legend">{classes}</ul>'
    )


def foremost(state: LatestState, layer: str) -> list[tuple[str, str, str, str]]:
    """The elements that matter first: those of the highest values, of voltages those farthest from 1 pu.

    Returns:
        Name, value, band and what it is known by, at most `MOST_ROWS` rows.
    """
    shown = LAYERS[layer]
    found = _lines(state, layer) if layer == "loading" else _buses(state, layer)
    weight = np.abs(found.band[0] - 1.0) if layer == "voltage" else found.band[0]
    order = [int(k) for k in np.argsort(-weight, kind="stable") if not np.isnan(weight[k])][:MOST_ROWS]
    form = f".{shown.digits}f"
    return [
        (found.names[k], f"{found.band[0, k]:{form}}", f"{found.band[1, k]:{form}} – {found.band[2, k]:{form}}",
         found.notes[k] or "–")
        for k in order
    ]  # fmt: skip


def _buses(state: LatestState, layer: str) -> _Banded:
    """The buses; without values where the layer is one of branches."""
    frame = state.buses
    notes = [_KNOWN_BY.get(basis, basis or "") for basis in frame["basis"].to_list()]
    return _Banded(frame["bus"].to_list(), _band(frame, layer), notes)


def _lines(state: LatestState, layer: str) -> _Banded:
    """The branches: their own values, those of the bus that sends their power, or the means of their ends."""
    frame, of = state.branches, LAYERS[layer].of_lines
    names = frame["branch"].to_list()
    if of == "own":
        return _Banded(names, _band(frame, layer), [""] * len(names))
    ends, band = ends_of(state), _band(state.buses, layer)
    band = np.concatenate([band, np.full((3, 1), np.nan)], axis=1)  # -1, an open end, has no value
    if of == "mean":
        return _Banded(names, band[:, ends].mean(axis=2), [""] * len(names))
    forward = frame["p_from_mw"].fill_null(0.0).to_numpy() >= 0
    return _Banded(names, band[:, np.where(forward, ends[:, 0], ends[:, 1])], [""] * len(names))


def _band(frame: pl.DataFrame, layer: str) -> Floats:
    """Value, lower and upper end in the shown unit, shape (3, rows); NaN where the table has no such columns."""
    columns, factor = COLUMNS[layer], LAYERS[layer].factor
    if columns[0] not in frame.columns:
        return np.full((3, frame.height), np.nan)
    numbers = frame.select(pl.col(columns).cast(pl.Float64).fill_null(float("nan"))).to_numpy().T
    return np.asarray(numbers, dtype=float) * factor


def _fitted(points: Floats) -> tuple[Floats, float]:
    """Points in the units of the picture, y downwards, and its height."""
    least, extent = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-12)
    inner = WIDTH - 2 * MARGIN
    scale = min(inner / extent[0], 0.7 * inner / extent[1])
    size = extent * scale
    left = (WIDTH - size[0]) / 2
    fitted = (points - least) * scale
    return np.column_stack([left + fitted[:, 0], MARGIN + size[1] - fitted[:, 1]]), float(size[1] + 2 * MARGIN)


def _classes(band: Floats, layer: Layer) -> tuple[list[int], list[bool]]:
    """Class of every value, -1 where it is not known, and whether its band lies within that class."""
    of = np.searchsorted(np.asarray(layer.breaks), band, side="right")
    known = ~np.isnan(band).any(axis=0)
    return np.where(known, of[0], -1).tolist(), (known & (of[1] == of[2])).tolist()


def _lines_drawn(points: Floats, ends: np.ndarray, lines: _Banded, layer: Layer, theme: Theme) -> Iterator[str]:
    palette, (classes, sure) = layer.palette(theme), _classes(lines.band, layer)
    for k, (a, b) in enumerate(ends.tolist()):
        if min(a, b) < 0:
            continue
        (x1, y1), (x2, y2) = points[a], points[b]
        colour = f'stroke="{palette[classes[k]]}"' if classes[k] >= 0 else 'class="estimated-unknown"'
        dashes = "" if sure[k] or classes[k] < 0 else ' stroke-dasharray="6 3"'
        yield (
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {colour}{dashes} stroke-width="4">'
            f"<title>{escape(lines.words(k, layer))}</title></line>"
        )


def _buses_drawn(points: Floats, buses: _Banded, layer: Layer, theme: Theme) -> Iterator[str]:
    palette, (classes, sure) = layer.palette(theme), _classes(buses.band, layer)
    for k, (x, y) in enumerate(points.tolist()):
        colour = palette[classes[k]]
        paint = (
            'class="estimated-unknown" fill="none"' if classes[k] < 0
            else f'fill="{colour}" stroke="{colour}"' if sure[k] else f'class="estimated-hollow" stroke="{colour}"'
        )  # fmt: skip
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" stroke-width="2" {paint}>'
            f"<title>{escape(buses.words(k, layer))}</title></circle>"
        )
