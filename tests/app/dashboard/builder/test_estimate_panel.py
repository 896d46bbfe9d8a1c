"""The estimate beside the levers: prepared in the background, exact where a result is stored, said in words."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from app.dashboard.builder.drafts.draft import Draft, Step
from app.dashboard.builder.estimate_panel import shown
from app.dashboard.builder.estimating import Estimating
from app.results.folder import Result, open_result
from app.results.run import run_scenario
from app.scenario import check_scenario
from app.studies.estimate import Band, ScenarioEstimate

BASE: dict[str, Any] = {
    "name": "small",
    "city": {"network": "case33bw"},
    "period": {"start": "2030-06-03", "days": 1, "step_minutes": 60},
    "assets": [{"kind": "pv", "name": "roofs", "bus": "5", "p_peak_mw": 1.0}],
}


def draft(content: dict[str, Any]) -> Draft:
    return Draft("0" * 16, 3, "shipped:small", "small", BASE, (Step(content, ""),))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    out = tmp_path_factory.mktemp("estimates") / "base"
    run_scenario(check_scenario(BASE, out.parent, "test"), out)
    return {"base": open_result(out)}


@pytest.fixture(scope="module")
def estimating(results: dict[str, Result], tmp_path_factory: pytest.TempPathFactory) -> Estimating:
    return Estimating(results, tmp_path_factory.mktemp("uploads"))


def answered(estimating: Estimating, content: dict[str, Any]) -> dict[str, Any]:
    until = time.monotonic() + 120
    while (answer := shown(draft(content), estimating.estimate(BASE, content)))["state"] == "preparing":
        assert time.monotonic() < until
        time.sleep(0.05)
    return answer


def test_a_stored_result_stands_in_place_of_its_estimate(estimating: Estimating, results: dict[str, Result]) -> None:
    answer = answered(estimating, {**BASE, "name": "another name"})
    assert (answer["state"], answer["result"], answer["revision"]) == ("exact", "base", 3)
    rows = {row["key"]: row for row in (*answer["first"], *answer["more"])}
    assert rows["import_mwh"]["value"].replace("\u202f", "") == f"{results['base'].summary['import_mwh']:.1f}"
    assert rows["import_mwh"]["band"] == ""
    assert (
        "emissions_marginal_not_in_inventory_t" not in rows
    )  # nothing is changed, and only differences mean something


def test_without_known_errors_the_reason_stands_there(estimating: Estimating) -> None:
    roofs = {**BASE["assets"][0], "p_peak_mw": 2.0}
    answer = answered(estimating, {**BASE, "assets": [roofs]})
    assert answer["state"] == "none"
    assert "not measured for this city" in answer["reason"]


def test_a_draft_with_faults_has_a_reason_and_an_estimate_once_it_is_mended(
    results: dict[str, Result], tmp_path: Path
) -> None:
    afresh = Estimating(results, tmp_path)
    wrong = {**BASE["assets"][0], "p_peak_mw": -2.0}
    assert "p_peak_mw" in answered(afresh, {**BASE, "assets": [wrong]})["reason"]
    assert answered(afresh, BASE)["state"] == "exact"


def test_bands_and_changes_are_said_and_a_difference_within_the_band_is_none() -> None:
    of_template = ScenarioEstimate({"cost": Band(1000, 1000, 1000), "import_mwh": Band(50, 50, 50)})
    estimate = ScenarioEstimate(
        {"cost": Band(900, 880, 920), "import_mwh": Band(50.4, 49.6, 51.2)}, {"pue_mean": "no data centre"}
    )
    changed = {**BASE, "currency": "EUR"}
    answer = shown(draft(changed), (estimate, of_template))
    cost, imported = answer["first"]
    assert (cost["value"], cost["band"], cost["unit"]) == ("900", "880 to 920", "EUR")
    assert (cost["change"], cost["tone"]) == ("10\u00a0% less than the template", "better")
    assert (imported["change"], imported["tone"]) == ("no clear change", "")
    assert answer["cannot"] == {"no data centre": ["mean PUE"]}
