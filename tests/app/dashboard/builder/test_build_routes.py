"""What the builder's page asks of the server: drafts, uploads, runs; and what it refuses."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.batch.jobs import open_jobs
from app.dashboard import create_app
from app.dashboard.builder.files.uploads import UPLOADS_BY_KIND, TooLargeError, clean_name, keep_upload
from app.dashboard.catalogue import open_catalogue
from app.results.store.store import opened_store
from grid.errors import InputError
from grid.files.yaml_file import read_yaml

SMALL = (
    "name: small\ncity: {network: create_cigre_network_mv}\nperiod: {start: 2030-06-03, days: 1, step_minutes: 60}\n"
)


@pytest.fixture
def place(results_folder: Path, tmp_path: Path) -> Path:
    """A store with two results."""
    return Path(shutil.copytree(results_folder, tmp_path / "store"))


@pytest.fixture
def client(place: Path) -> Iterator[FlaskClient]:
    """A server that may start runs, though none of them begins: it has no workers."""
    with opened_store(place) as store, open_jobs(store, workers=0) as jobs:
        yield create_app(open_catalogue(place), jobs=jobs).server.test_client()


@pytest.fixture
def reading(place: Path) -> FlaskClient:
    """A server that only shows results."""
    return create_app(open_catalogue(place)).server.test_client()


def begun(client: FlaskClient, **asked: object) -> dict:
    return client.post("/build/drafts", json={"template": "shipped:demo", **asked}).get_json()


def edit(client: FlaskClient, draft: dict, **edit: object) -> tuple[int, dict]:
    answer = client.post(f"/build/drafts/{draft['id']}/edit", json={"revision": draft["revision"], "edit": edit})
    return answer.status_code, answer.get_json()


def words(answer: dict) -> str:
    return " ".join(fault["words"] for fault in answer["faults"])


def test_templates_are_shipped_scenarios_and_results_and_drafts_come_first_that_changed_last(client):
    found = client.get("/build/templates").get_json()
    assert {"shipped:demo", "shipped:today"} <= {each["id"] for each in found["shipped"]}
    assert {each["id"] for each in found["results"]} == {"result:unmanaged", "result:optimal"}
    begun(client, name="first")
    draft = begun(client, template="result:optimal", name="second")
    assert draft["content"]["name"] == "second"
    assert [each["name"] for each in client.get("/build/templates").get_json()["drafts"]] == ["second", "first"]


def test_a_link_turns_levers_and_places_of_a_template(client):
    draft = begun(
        client, set=[["carbon_price", "150"], ["assets[homes].v2g_share", "0.5"], ["dispatch.strategy", "smart"]]
    )
    assert {chip["path"]: chip["after"] for chip in draft["chips"]} == {
        "dispatch.carbon_price_per_t": "150", "assets[homes].v2g_share": "50", "dispatch.strategy": "smart",
    }  # fmt: skip
    chilled = begun(client, set=[["data_centres.0.cooling.kind", "immersion"], ["data_centres.0.utilisation", "0.7"]])
    assert chilled["content"]["data_centres"][0]["cooling"] == {"kind": "immersion"}
    more = begun(client, template="shipped:today", set=[["data_centres.0.name", "new"], ["data_centres.0.bus", "b"]])
    assert more["content"]["data_centres"] == [{"name": "new", "bus": "b"}]
    wrong = client.post("/build/drafts", json={"template": "shipped:demo", "set": [["assets[cars].v2g_share", "1"]]})
    assert (wrong.status_code, words(wrong.get_json())) == (400, "nothing is called 'cars'")


def test_a_link_to_another_plant_takes_its_defaults_and_what_the_link_sets_of_it(client):
    hall = "data_centres.0."
    draft = begun(
        client, template="result:optimal",
        set=[[hall + "cooling.kind", "water_economiser"], [hall + "cooling.t_supply_degc", "21"],
             [hall + "cooling.kind", "air_economiser"], [hall + "cooling.t_supply_max_degc", "25"]],
    )  # fmt: skip
    (centre,) = draft["content"]["data_centres"]
    assert centre["cooling"] == {"kind": "air_economiser", "t_supply_max_degc": 25}
    assert centre["name"] == "north"


def test_a_link_adds_a_data_centre_to_a_scenario_that_has_none(client):
    hall = [["name", "new hall"], ["bus", "MV3.101 Bus 86"], ["p_it_rated_mw", "1.0"]]
    draft = begun(client, template="shipped:today", set=[[f"data_centres.0.{key}", value] for key, value in hall])
    assert draft["content"]["data_centres"] == [{"name": "new hall", "bus": "MV3.101 Bus 86", "p_it_rated_mw": 1.0}]


def test_a_draft_survives_the_server_and_its_yaml_is_a_scenario(client, place, tmp_path):
    draft = begun(client)
    edit(client, draft, do="lever", lever="carbon_price", value=150)
    with opened_store(place) as store, open_jobs(store, workers=0) as jobs:
        again = create_app(open_catalogue(place), jobs=jobs).server.test_client()
        assert again.get(f"/build/drafts/{draft['id']}").get_json()["undo"] == "Carbon price"
        answer = again.get(f"/build/drafts/{draft['id']}/scenario.yaml")
    (tmp_path / "demo.yaml").write_bytes(answer.data)
    assert read_yaml(tmp_path / "demo.yaml").content["dispatch"]["carbon_price_per_t"] == 150
    assert 'filename="Reference city 2030.yaml"' in answer.headers["Content-Disposition"]


def test_the_second_of_two_tabs_chooses_and_keeps_what_it_has(client):
    draft = begun(client)
    status, first = edit(client, draft, do="lever", lever="carbon_price", value=150)
    assert (status, first["revision"]) == (200, 2)
    mine = {"do": "lever", "lever": "days", "value": 3}
    status, refused = edit(client, draft, **mine)
    assert (status, refused["stale"]) == (409, {"name": "Reference city 2030", "revision": 2, "words": "Carbon price"})
    copy = client.post(f"/build/drafts/{draft['id']}/copy", json={"content": draft["content"], "edit": mine}).get_json()
    assert copy["id"] != draft["id"]
    assert {chip["path"] for chip in copy["chips"]} == {"period.days", "name"}
    assert client.get(f"/build/drafts/{draft['id']}").get_json()["content"] == first["content"]


def test_a_check_is_that_of_the_command_line_and_says_how_many_cars_there_are(client):
    draft = begun(client)
    found = client.get(f"/build/drafts/{draft['id']}/check").get_json()
    assert found["faults"] == []
    assert found["hints"]["ev_vehicles"] == "55 % of the city's 10,862 cars"
    assert found["hints"]["dc_cooling"].startswith("PUE 1.2")
    _, wrong = edit(client, draft, do="set", keys=["assets", 1, "bus"], value="quay")
    assert wrong["faults"] == []  # the schema alone knows no buses
    assert "no bus called 'quay'" in words(client.get(f"/build/drafts/{draft['id']}/check").get_json())


def test_the_net_of_a_draft_is_drawn_before_anything_has_run(client):
    draft = begun(client)
    net = client.get(f"/build/drafts/{draft['id']}/net.json").get_json()
    assert net["hasCoordinates"] is True
    assert len(net["x"]) == len(net["y"]) == len(net["buses"])
    assert max(max(pair) for pair in net["ends"]) < len(net["buses"])
    assert net["mainBus"] in {bus["name"] for bus in net["buses"]}
    _, wrong = edit(client, draft, do="set", keys=["city", "network"], value="atlantis")
    assert "must be 'reference'" in client.get(f"/build/drafts/{wrong['id']}/net.json").get_json()["problem"]


def test_a_scenario_that_is_wrong_is_not_run_and_a_right_one_waits(client):
    draft = client.post("/build/uploads/scenario?name=small.yaml", data=SMALL.encode()).get_json()
    _, wrong = edit(client, draft, do="set", keys=["period", "days"], value="two")
    answer = client.post(f"/build/drafts/{draft['id']}/run", json={})
    assert (answer.status_code, words(answer.get_json())) == (400, "must be a whole number; got 'two'")
    edit(client, wrong, do="undo")
    job = client.post(f"/build/drafts/{draft['id']}/run", json={}).get_json()
    assert (job["name"], job["status"]) == ("small", "waiting")
    assert client.post(f"/build/drafts/{draft['id']}/run", json={}).get_json()["key"] == job["key"]


def test_two_levers_make_a_sweep_whose_runs_wait(client):
    draft = client.post("/build/uploads/scenario?name=small.yaml", data=SMALL.encode()).get_json()
    levers = [{"lever": "carbon_price", "values": [0, 100]}, {"lever": "battery_mw", "values": [1, 2]}]
    found = client.post(f"/build/drafts/{draft['id']}/sweep", json={"levers": levers}).get_json()
    assert [job["status"] for job in found["jobs"]] == ["waiting"] * 4
    assert len({job["key"] for job in found["jobs"]}) == 4


def test_a_server_that_only_shows_results_builds_and_offers_no_runs(reading, place):
    draft = begun(reading)
    _, draft = edit(reading, draft, do="lever", lever="carbon_price", value=150)
    assert reading.get(f"/build/drafts/{draft['id']}/scenario.yaml").status_code == 200
    for what in ("run", "sweep"):
        answer = reading.post(f"/build/drafts/{draft['id']}/{what}", json={})
        assert (answer.status_code, "only shows results" in words(answer.get_json())) == (400, True)
    assert not (place / ".drafts").exists()


@pytest.mark.parametrize("given", [b"", b"[1]", b"{", b"[" * 100_000])
def test_questions_that_no_page_asks_are_refused(client, given):
    answer = client.post("/build/drafts", data=given, content_type="application/json")
    assert (answer.status_code, words(answer.get_json())) == (400, "must be a mapping as JSON")
    assert (
        client.post(
            "/build/drafts", json={"template": "shipped:demo"}, headers={"Origin": "http://evil.example"}
        ).status_code
        == 403
    )


# ---- uploads -------------------------------------------------------------------------------------------------------


def test_an_upload_lies_under_its_hash_and_nothing_else_is_left(client, place):
    content = b"time_utc,load/a/p_mw\n2030-01-01T00:00Z,1\n2030-01-01T01:00Z,1\n"
    name = client.post("/build/uploads/profiles?name=../../%CF%80%20p.csv", data=content).get_json()["name"]
    assert name.endswith("/π p.csv")
    assert (place / ".uploads" / name).read_bytes() == content
    assert client.post("/build/uploads/profiles?name=x%2Fπ p.csv", data=content).get_json()["name"] == name
    assert [path.name for path in (place / ".uploads").iterdir()] == [name.partition("/")[0]]


@pytest.mark.parametrize(
    ("kind", "name", "content", "said"),
    [
        ("net", "x.json", b'{"a": 1}', "not a pandapower net"),
        ("net", "x.json", b"\x00\xff", ""),
        ("profiles", "x.csv", b"a;b\n1;2\n", ""),
        ("profiles", "x.parquet", b"PAR1", "Parquet"),
        ("scenario", "x.yaml", b"name: [", "not readable YAML"),
        ("scenario", "x.yaml", b"- 1\n", "must hold a mapping"),
        ("scenario", "x.yaml", b"name: s\nbase: demo\ndesign: {}\n", "is a sweep"),
        ("scenario", "x.exe", b"name: s", "must end in .yaml, .yml"),
        ("scenario", ".yaml", b"name: s", "has no name"),
        ("net", "x.json", b"", "is empty"),
        ("virus", "x.json", b"1", "must be one of"),
    ],
)  # fmt: skip
def test_a_wrong_upload_says_why_and_leaves_no_draft(client, place, kind, name, content, said):
    answer = client.post(f"/build/uploads/{kind}?name={name}", data=content)
    assert answer.status_code == 400
    assert said in words(answer.get_json())
    assert not list(place.glob(".uploads/.partial-*"))
    assert not list(place.glob(".drafts/*.json"))


def test_what_is_too_large_is_refused_before_it_is_read_and_while_it_comes(tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDCARBON_FILE_LIMIT_MB", "1")
    kind = UPLOADS_BY_KIND["profiles"]
    unread = io.BytesIO(b"x" * 2_000_000)
    with pytest.raises(TooLargeError, match="larger than 1 MB"):
        keep_upload(kind, "p.csv", unread, 2_000_000, tmp_path)
    assert unread.tell() == 0
    with pytest.raises(TooLargeError):
        keep_upload(kind, "p.csv", unread, None, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_names_of_uploads_are_cleaned(tmp_path):
    assert clean_name("C:\\data\\net<1>.JSON", (".json",)) == "net_1_.json"
    assert clean_name("a\x00b\n.csv", (".csv",)) == "a_b_.csv"
    long = clean_name("ü" * 300 + ".json.gz", (".json", ".json.gz"))
    assert long.endswith(".json.gz")
    assert len(long.encode()) <= 100
    with pytest.raises(InputError, match="must end in"):
        clean_name("..", (".csv",))


def test_a_scenario_may_not_name_files_of_the_machine(client):
    text = SMALL + "weather: /etc/hostname.csv\n"
    draft = client.post("/build/uploads/scenario?name=s.yaml", data=text.encode()).get_json()
    assert [(fault["place"], "not read" in fault["words"]) for fault in draft["faults"]] == [("weather", True)]
    assert client.post(f"/build/drafts/{draft['id']}/run", json={}).status_code == 400
