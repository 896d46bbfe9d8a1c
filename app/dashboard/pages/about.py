"""About: where every number comes from, how long it took, and all tables to take away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.answers.about import about_sentences
from app.dashboard.text import boundary_words, figure
from app.dashboard.view import Page, View
from app.dashboard.why.parts import with_links
from app.results.columns import TABLES


def content(view: View) -> Component:
    """The page for a view."""
    manifest = view.result.manifest
    return cards.page(
        view.say("About these numbers"),
        cards.where_and_when(view),
        cards.answers(about_sentences(view), view),
        html.Section([html.H2("Provenance"), _provenance(view)], className="card"),
        html.Section([html.H2("Emission factors"), factors_used(manifest)], className="card"),
        html.Section([html.H2("Notes"), _list(manifest.get("notes"), "The run left no notes.")], className="card half"),
        html.Section([html.H2("Data and licences"), _licences(manifest)], className="card half"),
        html.Section([html.H2("Seconds per phase"), _seconds(manifest.get("seconds") or {})], className="card half"),
        html.Section([html.H2("Take it away"), _downloads(view)], className="card half"),
    )  # fmt: skip


def _provenance(view: View) -> Component:
    manifest, summary = view.result.manifest, view.result.summary
    versions = ", ".join(f"{name} {version}" for name, version in (manifest.get("versions") or {}).items())
    return cards.facts([
        ("Scenario hash", html.Code(view.result.scenario_hash)),
        ("Status", str(manifest.get("status", "")).replace("_", " ")),
        ("Strategy", str(manifest.get("strategy", ""))),
        ("Convention", view.convention),
        ("Boundary", boundary_words(manifest.get("boundary", "direct"))),
        ("Energy balance", _error(summary.get("energy_balance_error_mwh"), "MWh")),
        ("Carbon balance", _error(summary.get("carbon_balance_error_kg"), "kg")),
        ("Limits in conflict", _conflicts(manifest.get("limits_in_conflict") or [])),
        ("Versions", versions or "not recorded"),
    ])  # fmt: skip


def _error(value: Any, unit: str) -> str:
    return "not computed" if value is None else f"{float(value):.1e} {unit}, sum of the absolute errors of all steps"


def factors_used(manifest: Mapping[str, Any]) -> Component:
    """Sources of the factors that were used, with what each of them gives; those that were not checked come first."""
    sets, given = manifest.get("factor_sets") or [], _given(manifest.get("factors") or [])
    if not sets:
        return html.P("No figure of this result rests on an emission factor.", className="nothing")
    rows = [_factor_row(one, given) for one in sorted(sets, key=lambda one: one.get("status") == "verified")]
    head = html.Tr([html.Th("Set", scope="col"), html.Th("Factors [kg/MWh]", scope="col"),
                    html.Th("Source", scope="col"), html.Th("Checked", scope="col")])  # fmt: skip
    note = "Unverified: recalled or quoted second-hand, not yet checked against the source itself."
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="factors")
    return html.Div([html.P(note, className="subtitle"), html.Div(table, className="scroll")])


def _conflicts(conflicts: list[Mapping[str, Any]]) -> str:
    words = [
        f"{one.get('element')}: {one.get('quantity')} {one.get('limit')}"
        + (f" in phase {one['phase']}" if one.get("phase") else "")
        for one in conflicts
    ]
    return "; ".join(words) or "none"


def _given(factors: list[Mapping[str, Any]]) -> dict[str, str]:
    """What each source gives, by the source: technologies and their factors."""
    given: dict[str, str] = {}
    for one in factors:
        words = f"{str(one.get('name', one['technology'])).replace('_', ' ')} {float(one['value_kg_per_mwh']):.5g}"
        words += f" ({one['use']})" if one.get("use") else ""
        words += f": {one['derivation']}" if one.get("derivation") else ""
        given[one["source"]] = f"{given[one['source']]}, {words}" if one["source"] in given else words
    return given


def _factor_row(one: Mapping[str, Any], given: Mapping[str, str]) -> Component:
    name, status = str(one.get("name", "")), str(one.get("status", "unverified"))
    return html.Tr([
        html.Td([html.Strong(str(one.get("title") or name)), html.Br(), html.Code(name)]),
        html.Td(given.get(str(one.get("source")), "not used")),
        html.Td(with_links(str(one.get("source", "not named")))),
        html.Td(html.Span(status, className=f"badge {status}")),
    ])  # fmt: skip


def _licences(manifest: Mapping[str, Any]) -> Component:
    return _list(manifest.get("data_licences"), "No data with a licence of its own was used.")


def _list(entries: object, otherwise: str) -> Component:
    if not isinstance(entries, list | tuple) or not entries:
        return html.P(otherwise, className="nothing")
    return html.Ul([html.Li(_entry(entry)) for entry in entries])


def _entry(entry: object) -> str:
    return ", ".join(str(value) for value in entry.values()) if isinstance(entry, Mapping) else str(entry)


def _seconds(seconds: Mapping[str, float]) -> Component:
    if not seconds:
        return html.P("No times were recorded.", className="nothing")
    rows = [html.Tr([html.Td(phase.replace("_", " ")), html.Td(figure(value, 2), className="number")])
            for phase, value in seconds.items()]  # fmt: skip
    return html.Table(html.Tbody(rows))


def _downloads(view: View) -> Component:
    files = ["summary.json", "manifest.json", "scenario.yaml", *(f"{table}.csv" for table in TABLES)]
    folder = f"/download/{quote(view.name, safe='')}"
    links = [html.Li(html.A(file, href=f"{folder}/{file}", download=f"{view.name}-{file}")) for file in files]
    return html.Ul(links, className="downloads")


PAGE = Page("/about", "About", content)
