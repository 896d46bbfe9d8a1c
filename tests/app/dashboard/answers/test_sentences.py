"""Sentences of pages: exact figures, local times, links to the place and moment they speak of."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import polars as pl

from app.dashboard.answers.about import about_sentences
from app.dashboard.answers.city import hours_sentence, renewable_sentence, sector_sentence
from app.dashboard.answers.districts import district_sentence
from app.dashboard.answers.grid import grid_sentences
from app.dashboard.answers.hydrogen import hydrogen_sentences
from app.dashboard.answers.limits import broken_sentence, worst_sentence
from app.dashboard.answers.vehicles import v2g_sentences, vehicle_sentences
from app.dashboard.cards import Place, Sentence
from app.dashboard.view import View
from app.results.folder import Result


def view_of(results: dict[str, Result], name: str) -> View:
    return View.of(results, {"search": f"?result={name}"})


def links(sentence: Sentence | None) -> dict[str, dict[str, str]]:
    """Query of each link of a sentence by its text, its path under ``path``."""
    assert sentence is not None
    found = {part.text: urlsplit(part.href) for part in sentence.parts if isinstance(part, Place)}
    return {text: {"path": one.path, **{key: values[0] for key, values in parse_qs(one.query).items()}}
            for text, one in found.items()}  # fmt: skip


def test_the_worst_line_is_told_with_place_time_limit_and_what_removes_it(three_results: dict[str, Result]) -> None:
    sentence = worst_sentence(view_of(three_results, "unmanaged"))
    assert sentence is not None
    most = three_results["unmanaged"].summary["line_loading_max_percent"]
    assert sentence.text.startswith(
        f"The worst line is Harbour feeder at {most:.1f} % on Tue 10 Dec 17:00, above the limit"
    )
    kept = three_results["smart"].summary["line_loading_max_percent"]
    assert f"removes it ({kept:.1f} % at worst)" in sentence.text
    found = links(sentence)
    assert found["Harbour feeder"] == {
        "path": "/grid", "result": "unmanaged", "at": "2030-12-10T16:00Z", "layer": "loading",
        "select": "branch:Harbour feeder",
    }  # fmt: skip
    assert found["Tue 10 Dec 17:00"]["at"] == "2030-12-10T16:00Z"  # an hour later in Berlin


def test_a_result_that_keeps_its_limits_says_which_other_does_not(three_results: dict[str, Result]) -> None:
    sentence = worst_sentence(view_of(three_results, "smart"))
    assert sentence is not None
    assert re.search(r"(at|below) the limit of 60\.0 %; no limit is broken here, but in", sentence.text)
    assert "1 line or transformer is beyond the limit in 2 steps" in sentence.text
    alone = worst_sentence(view_of({"smart": three_results["smart"]}, "smart"))
    assert alone is not None
    assert alone.text.endswith("no limit is broken at any step.")
    nobody = worst_sentence(view_of({"unmanaged": three_results["unmanaged"]}, "unmanaged"))
    assert nobody is not None
    assert nobody.text.endswith("no result to compare says what removes it.")


def test_where_nothing_removes_it_the_nearest_is_told(results: dict[str, Result]) -> None:
    here, there = (results[name].table("violations").collect() for name in ("unmanaged", "optimal"))
    counts = [frame.filter(pl.col("quantity").cast(pl.String) == "loading_percent").height for frame in (here, there)]
    assert counts[0] > counts[1] > 0
    sentence = worst_sentence(view_of(results, "unmanaged"))
    assert sentence is not None
    assert (
        f"optimal comes nearest: limits of this kind are exceeded {counts[1]} times instead of {counts[0]}"
        in sentence.text
    )
    better = worst_sentence(view_of(results, "optimal"))
    assert better is not None
    assert better.text.endswith("none of the compared results removes it or comes nearer.")


def test_broken_limits_are_counted(results: dict[str, Result], three_results: dict[str, Result]) -> None:
    sentence = broken_sentence(view_of(results, "unmanaged"))
    assert sentence is not None
    rows = results["unmanaged"].table("violations").filter(pl.col("quantity").cast(pl.String) == "loading_percent")
    elements, steps = rows.select(pl.col("element").n_unique(), pl.col("time").n_unique()).collect().row(0)
    assert f"{elements} lines or transformers are beyond the limit in {steps} steps" in sentence.text
    assert broken_sentence(view_of(three_results, "smart")) is None


def test_v2g_is_compared_with_managed_charging_by_both_accountings(three_results: dict[str, Result]) -> None:
    (sentence,) = v2g_sentences(view_of(three_results, "v2g"))
    mine, smart = three_results["v2g"].summary, three_results["smart"].summary
    average = mine["emissions_t"] - smart["emissions_t"]
    key = "emissions_marginal_not_in_inventory_t"
    assert f"−{abs(average):.2f} t by average intensity" in sentence.text
    assert f"+{mine[key] - smart[key]:.2f} t by marginal intensity" in sentence.text
    assert "(managed charging without V2G)" in sentence.text
    assert "none with V2G, none without; unmanaged: 1 line or transformer in 2 steps" in sentence.text


def test_without_a_smart_run_v2g_cannot_be_told_apart(three_results: dict[str, Result]) -> None:
    two = {name: three_results[name] for name in ("unmanaged", "v2g")}
    (sentence,) = v2g_sentences(view_of(two, "v2g"))
    assert "mixes managed charging and V2G" in sentence.text
    assert "none with V2G, 1 line or transformer in 2 steps without" in sentence.text
    build = links(sentence)["build the same without V2G"]
    assert build == {"path": "/build", "result": "v2g", "build_from": "v2g", "build_set": "dispatch.v2g:false"}
    (alone,) = v2g_sentences(view_of({"v2g": three_results["v2g"]}, "v2g"))
    assert "to see what that changes, build the same without V2G" in alone.text


def test_a_result_without_v2g_leads_to_the_one_with(three_results: dict[str, Result]) -> None:
    first, second, *_ = vehicle_sentences(view_of(three_results, "smart"))
    assert first.text.endswith("and give nothing back.")
    assert links(second).popitem()[1] == {"path": "/ev", "result": "v2g"}


def test_the_dirtiest_district_is_told_with_where_its_power_comes_from(three_results: dict[str, Result]) -> None:
    result = three_results["v2g"]
    sentence = district_sentence(view_of(three_results, "v2g"))
    assert sentence is not None
    evening = result.table("buses").filter(pl.col("time").dt.convert_time_zone("Europe/Berlin").dt.hour() == 19)
    ci = dict(evening.select(pl.col("bus").cast(pl.String), "ci_kg_per_mwh").collect().iter_rows())
    assert f"with {ci['Campus 2']:.0f} g/kWh over all days" in sentence.text
    assert "the cleanest Hills with" in sentence.text
    assert f"come from Substation by Campus feeder at {ci['Busbar']:.0f} g/kWh" in sentence.text
    place = links(sentence)["Campus"]
    assert (place["select"], place["at"], place["layer"]) == ("zone:Campus", "2030-12-10T18:00Z", "carbon")
    assert district_sentence(view_of(three_results, "v2g"), hour=25) is None


def test_the_grid_opens_with_what_is_broken_and_where(three_results: dict[str, Result]) -> None:
    assert [one.key for one in grid_sentences(view_of(three_results, "unmanaged"))] == [
        "worst-line", "broken-limits", "dirtiest-district",
    ]  # fmt: skip


def test_no_cars_no_sentence(plain_results: dict[str, Result]) -> None:
    assert vehicle_sentences(view_of(plain_results, "plain")) == []


def test_the_city_is_told_against_the_baseline(three_results: dict[str, Result]) -> None:
    sentence = renewable_sentence(view_of(three_results, "v2g"))
    assert sentence is not None
    mine, other = three_results["v2g"].summary, three_results["unmanaged"].summary
    points = 100 * (mine["renewable_share"] - other["renewable_share"])
    assert sentence.text.startswith(f"{100 * mine['renewable_share']:.1f} % of what the city uses is renewable, ")
    assert f"{points:.1f} points above unmanaged" in sentence.text
    view = view_of(three_results, "v2g")
    sector, hours = sector_sentence(view), hours_sentence(view)
    assert sector is not None
    assert sector.text.startswith("The largest emitter is")
    assert hours is not None
    assert "dirtiest from 19:00" in hours.text


def test_a_cap_is_told_with_its_distance(three_results: dict[str, Result]) -> None:
    result = replace(three_results["v2g"])
    dispatch = {**result.scenario["dispatch"], "carbon_cap_t": 70.0}
    result.__dict__["scenario"] = {**result.scenario, "dispatch": dispatch}
    sentence = renewable_sentence(view_of({"v2g": result}, "v2g"))
    assert sentence is not None
    assert sentence.text.endswith(f"{70 - result.summary['emissions_source_t']:.2f} t below the cap of 70.0 t.")


def test_hydrogen_is_told_with_published_limits(results: dict[str, Result], plain_results: dict[str, Result]) -> None:
    mean, limits = hydrogen_sentences(view_of(results, "optimal"))
    kg = results["optimal"].summary["hydrogen_emissions_kg_per_kg"]
    assert mean.text.startswith(f"A kilogram of hydrogen carries {kg:.2f} kg on average")
    assert "EU RFNBO 3.38" in limits.text
    assert f"It keeps none of them; it is {kg - 3.38:.2f} kg/kg above EU RFNBO." in limits.text
    assert "counts direct emissions only" in limits.text
    assert hydrogen_sentences(view_of(plain_results, "plain")) == []


def test_about_names_what_was_not_checked(three_results: dict[str, Result]) -> None:
    rests, balances = about_sentences(view_of(three_results, "v2g"))
    manifest = three_results["v2g"].manifest
    assert f"{len(manifest['factors'])} emission factors; not checked: " in rests.text
    assert all(
        one["name"].replace("_", " ") in rests.text for one in manifest["factors"] if one["status"] != "verified"
    )
    assert balances.text.startswith("Energy balances to")
