"""Sentences on the city: what it emits, how much is renewable, who emits most, which hours are clean."""

from __future__ import annotations

from app.dashboard.cards import Place, Sentence
from app.dashboard.text import change, figure, sector_name
from app.dashboard.view import View
from app.results.key_figures import declarations
from app.studies.answers.city import carbon_cap, hours_of_day, largest_sector


def renewable_sentence(view: View) -> Sentence | None:
    """The renewable share of what the city uses, against the baseline, and its distance to the cap on its carbon."""
    share = view.result.summary.get("renewable_share")
    if share is None:
        return None
    parts: list[str | Place] = [f"{figure(100 * share, 1)} % of what the city uses is renewable"]
    parts += _against(view, "renewable_share")
    parts += [f"; it emits {figure(view.result.summary.get('emissions_t'), 1)} t by average intensity"]
    parts += _against(view, "emissions_t")
    return Sentence((*parts, f".{_cap(view)}"), key="renewable", why="renewable_share")


def _against(view: View, key: str) -> list[str | Place]:
    """How a figure differs from the baseline, in words with a link to it; nothing without a baseline."""
    if view.baseline is None:
        return []
    declared = declarations().figures[key]
    kind = "relative" if declared.compared == "amount" else declared.compared
    values = view.result.summary.get(key), view.baseline.summary.get(key)
    label = view.baseline_label
    words = change(*values, label, kind, declared.digits).words
    if not words:
        return []
    return [", ", words.removesuffix(label), Place(label, view.link("/", result=view.baseline_name))]


def _cap(view: View) -> str:
    cap = carbon_cap(view.result)
    if cap is None:
        return ""
    left = cap.cap_t - cap.emissions_t
    way = "below" if left >= 0 else "above"
    return f" Its sources emit {figure(abs(left), 2)} t {way} the cap of {figure(cap.cap_t, 1)} t."


def sector_sentence(view: View) -> Sentence | None:
    """Who emits most."""
    found = largest_sector(view.result)
    if found is None:
        return None
    words = (
        f"The largest emitter is {sector_name(found.gpc_code)}: {figure(found.emissions_t, 2)} t, "
        f"{figure(100 * found.share, 0)} % of all."
    )
    return Sentence((words,), key="largest-sector", why="emissions_t")


def hours_sentence(view: View) -> Sentence | None:
    """Which hours of the day are cleanest and dirtiest."""
    found = hours_of_day(view.result, view.zone)
    if found is None or found.cleanest == found.dirtiest:
        return None
    words = (
        f"A kWh in the city is cleanest from {found.cleanest:02d}:00 ({figure(found.cleanest_g_per_kwh, 0)} g) and "
        f"dirtiest from {found.dirtiest:02d}:00 ({figure(found.dirtiest_g_per_kwh, 0)} g), by local hour over all days."
    )
    return Sentence((words,), key="hours", why="ci_mean_g_per_kwh")
