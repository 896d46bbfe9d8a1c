from __future__ import annotations

from pathlib import Path

import pytest

from app.studies.designs import Comparison, compare_designs, load_designs, print_designs, shipped_designs
from grid.errors import ScenarioError

pytestmark = pytest.mark.slow

SHIPPED = shipped_designs()


@pytest.fixture(scope="module")
def five() -> Comparison:
    return compare_designs(SHIPPED, days=2)


def test_the_shipped_designs_go_from_173_to_below_12_over_the_year(five: Comparison) -> None:
    pues = [row.pue_year or 0.0 for row in five.rows]
    assert len(pues) == 5
    assert pues == sorted(pues, reverse=True)
    assert pues[0] == pytest.approx(1.73, abs=0.005)
    assert 1.0 < pues[-1] < 1.2


def test_a_better_pue_is_less_energy_carbon_and_cost_in_the_same_city(five: Comparison) -> None:
    first, last = five.rows[0], five.rows[-1]
    assert last.energy_mwh < first.energy_mwh
    assert last.peak_import_mw < first.peak_import_mw
    assert last.cost < first.cost
    saved = first.city_emissions_t - last.city_emissions_t
    assert saved == pytest.approx(first.data_centre_emissions_t - last.data_centre_emissions_t, rel=0.05)
    assert {row.status for row in five.rows} == {"done"}


def test_it_is_a_table_and_is_printed(five: Comparison, capsys: pytest.CaptureFixture[str]) -> None:
    assert five.table()["name"].to_list() == [row.name for row in five.rows]
    print_designs(five)
    shown = capsys.readouterr().out
    assert "PUE, year" in shown
    assert f"{five.rows[0].pue_year:.3f}" in shown


def test_each_design_has_one_data_centre_of_6_mw_at_the_busbar() -> None:
    _, variants = load_designs(SHIPPED, days=1)
    assert len(variants) == 5
    for loaded in variants:
        (centre,) = loaded.scenario.data_centres
        assert (centre.p_it_rated_mw, centre.bus, centre.utilisation) == (6.0, "MV3.101 busbar1A", 0.8)


def write(folder: Path, designs: str) -> Path:
    path = folder / "designs.yaml"
    path.write_text(f"name: ours\nscenario: {SHIPPED.parent.parent / 'data_centre.yaml'}\ndesigns:\n{designs}")
    return path


def test_all_faults_of_all_designs_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "- {name: a, changes: {data_centres.0.cooling: {kind: ice}}}\n"
        "- {name: b, changes: {data_centres.0.bus: MV3.101 Bus 866}}\n"
        "- {name: c, changes: {period.days: 3}}\n"
        "- {name: c, changes: {data_centres.4.utilisation: 0.5}}\n",
    )
    with pytest.raises(ScenarioError) as caught:
        load_designs(path, days=1)
    text = str(caught.value)
    for part in ("designs[0].changes: data_centres[0].cooling", "designs[1].changes: data_centres[0].bus",
                 "must not change the city, its weather or the period", "stands twice", "leads nowhere"):  # fmt: skip
        assert part in text


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "designs.yaml").write_text("name: x\ndesign: []\n")
    with pytest.raises(ScenarioError) as caught:
        load_designs(tmp_path / "designs.yaml")
    assert {fault.place for fault in caught.value.faults} == {"scenario", "design"}  # of which `designs` is the nearest
