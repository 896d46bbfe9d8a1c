"""The comparison as files: a workbook with figures, differing inputs, causes, cost per tonne and provenance; CSV."""

from __future__ import annotations

import io
from collections.abc import Mapping

import polars as pl
from flask import Flask, Response, abort, request

from app.dashboard.address import query_of
from app.dashboard.attachment import attachment
from app.dashboard.catalogue import Catalogue
from app.dashboard.comparing.chosen import ResultComparison, comparison_of
from app.dashboard.comparing.figure_groups import grouped
from app.dashboard.comparing.frontier_card import accounting_of, frontier_rows
from app.dashboard.comparing.options import choices_of, options_of
from app.dashboard.view import View
from app.results.folder import Result
from app.studies.differences.table import explanation_table
from app.studies.ensembles.sources import differences
from grid.errors import InputError

FILE = "/compare/comparison"
"""Address of the files, without their ending."""
_MIMETYPES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
_LONGEST_SHEET_NAME = 31


def figures_frame(compared: ResultComparison) -> pl.DataFrame:
    """All key figures: a row each, with a column a result, and one for its difference where it may be compared."""
    groups = grouped({one.name: one.result.summary for one in compared.every})
    rows = []
    for group, figures in groups.items():
        for declared in figures:
            one = declared.figure
            unit = "1" if one.percent else one.shown_unit(compared.currency)
            row: dict[str, object] = {"group": group, "figure": declared.key, "meaning": one.meaning, "unit": unit}
            reference = compared.reference.result.summary.get(declared.key)
            for column in compared.every:
                value = column.result.summary.get(declared.key)
                row[column.label] = None if value is None or one.only_differences else float(value)
                if column in compared.fit:
                    differs = None if value is None or reference is None else float(value) - float(reference)
                    row[f"{column.label} less {compared.reference.label}"] = differs
            rows.append(row)
    numbers = {name: pl.Float64 for name in rows[0] if name not in {"group", "figure", "meaning", "unit"}}
    return pl.DataFrame(rows, schema_overrides=numbers)


def inputs_frame(compared: ResultComparison) -> pl.DataFrame:
    """The entries in which the scenarios differ, a row each, with a column a result."""
    found = differences([one.result.scenario for one in compared.every])
    rows = [(path, *(None if value is None else str(value) for value in values)) for path, values in found.items()]
    return pl.DataFrame(rows, schema=["input", *(one.label for one in compared.every)], orient="row",
                        infer_schema_length=None) if rows else pl.DataFrame({"input": ["none differs"]})  # fmt: skip


def provenance_frame(compared: ResultComparison) -> pl.DataFrame:
    """Where the figures of each result come from."""
    return pl.DataFrame([_provenance(one.label, one.name, one.result, one.reason) for one in compared.every])


def _provenance(label: str, name: str, result: Result, reason: str) -> dict[str, str]:
    manifest = result.manifest
    versions: Mapping[str, str] = manifest.get("versions") or {}
    return {
        "result": label, "folder": name, "compared": f"no: it {reason}" if reason else "yes",
        "scenario": str(manifest.get("name", "")), "scenario_sha256": result.scenario_hash,
        "status": str(manifest.get("status", "")), "convention": str(manifest.get("convention", "")),
        "boundary": str(manifest.get("boundary", "")), "gas": str(manifest.get("gas", "")),
        "factors": "; ".join(f"{one.get('title')}: {one.get('source')} ({one.get('status')})"
                             for one in manifest.get("factor_sets") or ()),
        "licences": "; ".join(map(str, manifest.get("data_licences") or ())),
        **{f"version of {package}": str(version) for package, version in versions.items()},
    }  # fmt: skip


def workbook(view: View) -> bytes:
    """The comparison of a view as a workbook (XLSX)."""
    import xlsxwriter  # noqa: PLC0415  only needed where one is asked for

    compared, content = comparison_of(view), io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False}) as book:
        for name, frame in _sheets(view, compared).items():
            frame.write_excel(book, worksheet=name, autofit=True, float_precision=6)
    return content.getvalue()


def _sheets(view: View, compared: ResultComparison) -> dict[str, pl.DataFrame]:
    sheets = {"Key figures": figures_frame(compared), "Inputs that differ": inputs_frame(compared)}
    for place, one in enumerate(compared.fit, start=1):
        name = f"Causes {place}, {one.label}"
        table = explanation_table(compared.reference.result, one.result)
        sheets[_sheet_name(name)] = table
    tonnes = tonnes_frame(view, compared)
    return {
        **sheets,
        **({} if tonnes.is_empty() else {"Cost per tonne": tonnes}),
        "Provenance": provenance_frame(compared),
    }


def tonnes_frame(view: View, compared: ResultComparison) -> pl.DataFrame:
    """Cost and emissions of all that can be chosen, as the table of the page has them; empty if that is nothing."""
    choices, accounting = choices_of(view, compared), accounting_of(view)
    reference = next((one for one in choices if one.name == compared.reference.name), None)
    if reference is None:
        return pl.DataFrame()
    rows = frontier_rows(choices, options_of(choices, reference, accounting))
    titles = {"label": "result", "group": "sweep", "emissions": f"emissions [t], {accounting} intensity",
              "cost": f"cost [{compared.currency}]", "against": "against the reference",
              "per_tonne": f"{compared.currency}/t from the reference",
              "step_per_tonne": f"{compared.currency}/t from the neighbour"}  # fmt: skip
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.rename({name: title for name, title in titles.items() if name in frame.columns})


def _sheet_name(name: str) -> str:
    """A name that a worksheet may have."""
    return "".join(" " if sign in "[]:*?/\\" else sign for sign in name)[:_LONGEST_SHEET_NAME].strip("' ")


def add_files(server: Flask, catalogue: Catalogue) -> None:
    """Adds ``/compare/comparison.xlsx`` and ``.csv``, whose query is that of the page."""

    @server.get(f"{FILE}.<ending>")
    def comparison_file(ending: str) -> Response:
        if ending not in _MIMETYPES:
            abort(404)
        try:
            view = View.at(catalogue, query_of(request.query_string.decode("utf-8", "replace")))
        except InputError as error:
            return Response(f"{error}\n", 404, mimetype="text/plain")
        made = workbook(view) if ending == "xlsx" else figures_frame(comparison_of(view)).write_csv().encode()
        response = Response(made, mimetype=_MIMETYPES[ending])
        response.headers["Content-Disposition"] = attachment(f"comparison-{view.name}.{ending}")
        return response
