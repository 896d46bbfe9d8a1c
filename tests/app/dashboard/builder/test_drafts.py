"""Drafts: their history, what two tabs do to one, and what a full disk does not do."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from app.dashboard.builder.content import plain
from app.dashboard.builder.drafts.draft import MOST_STEPS, Draft, Step, draft_from_json
from app.dashboard.builder.drafts.edits import edited
from app.dashboard.builder.drafts.store import DraftStore, StaleRevisionError
from app.dashboard.builder.levers.lever import NetFacts
from app.dashboard.builder.templates import template_content
from grid.errors import InputError


def net() -> NetFacts:
    return NetFacts("Bus 1")


@pytest.fixture
def draft() -> Draft:
    content = template_content("shipped:demo", {})[1]
    return Draft("0" * 16, 1, "shipped:demo", "Reference city 2030", content, (Step(content, ""),))


def price(draft: Draft, value: float, gesture: str = "") -> Draft:
    return edited(draft, {"do": "lever", "lever": "carbon_price", "value": value, "gesture": gesture}, net)


def test_undo_and_redo_go_through_the_history_and_a_new_change_ends_what_was_undone(draft):
    two = price(price(draft, 100), 120)
    back = edited(two, {"do": "undo"}, net)
    assert (back.content["dispatch"]["carbon_price_per_t"], back.redo_words, back.revision) == (100, "Carbon price", 4)
    assert edited(back, {"do": "redo"}, net).content == two.content
    assert edited(draft, {"do": "undo"}, net) is draft
    other = price(back, 90)
    assert (other.redo_words, len(other.steps)) == ("", 3)


def test_a_pull_at_a_slider_is_one_step_and_no_change_is_none(draft):
    pulled = price(price(price(draft, 90, "a"), 95, "a"), 100, "a")
    assert (len(pulled.steps), pulled.revision) == (2, 4)
    assert price(pulled, 100) is pulled
    assert edited(pulled, {"do": "undo"}, net).content == draft.content


def test_the_history_is_kept_in_the_file_and_bounded(draft):
    for value in range(MOST_STEPS + 20):
        draft = price(draft, 1000 + value)
    assert len(draft.steps) == MOST_STEPS
    assert draft_from_json(json.loads(json.dumps(draft.as_json()))) == draft


@pytest.mark.parametrize(
    "stored",
    [{}, {"steps": []}, [], {"id": "a", "steps": [{"words": "", "content": 1}]}],
    ids=["empty", "no steps", "list", "content"],
)
def test_a_damaged_file_is_said(tmp_path, stored):
    (tmp_path / f"{'a' * 16}.json").write_text(json.dumps(stored))
    with pytest.raises(InputError, match="damaged"):
        DraftStore(tmp_path).read("a" * 16)
    assert list(DraftStore(tmp_path).all()) == []


@pytest.mark.parametrize("name", ["../secret", "a" * 15, "A" * 16, "", "a" * 16])
def test_only_names_of_drafts_are_read(tmp_path, name):
    with pytest.raises(InputError, match="draft"):
        DraftStore(tmp_path / "none").read(name)


def test_the_second_save_on_a_stale_revision_is_refused_and_nothing_is_lost(tmp_path):
    store = DraftStore(tmp_path / ".drafts")
    content = template_content("shipped:demo", {})[1]
    begun = store.new("shipped:demo", "demo", content)
    first = store.change(begun.id, 1, lambda draft: price(draft, 120))
    with pytest.raises(StaleRevisionError) as raised:
        store.change(begun.id, 1, lambda draft: price(draft, 50))
    assert raised.value.newest == first == store.read(begun.id)
    assert [path.name for path in (tmp_path / ".drafts").iterdir()] == [f"{begun.id}.json"]


def test_of_many_who_change_one_revision_one_wins(tmp_path):
    store = DraftStore(tmp_path)
    begun = store.new("shipped:demo", "demo", template_content("shipped:demo", {})[1])
    won: list[float] = []

    def change(value: float) -> None:
        try:
            store.change(begun.id, 1, lambda draft: price(draft, value))
        except StaleRevisionError:
            return
        won.append(value)

    threads = [threading.Thread(target=change, args=(value,)) for value in range(100, 112)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.read(begun.id).content["dispatch"]["carbon_price_per_t"]] == won


def test_a_folder_that_cannot_be_written_is_said_and_the_draft_stays(tmp_path, monkeypatch):
    store = DraftStore(tmp_path)
    begun = store.new("shipped:demo", "demo", template_content("shipped:demo", {})[1])

    def full(self: Path, *_given: object, **_named: object) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match="the disk is full"):
        store.change(begun.id, 1, lambda draft: price(draft, 120))
    assert store.read(begun.id) == begun


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"do": "dance"}, "no such edit"),
        ({"do": "set", "keys": [], "value": 1}, "must be a list"),
        ({"do": "set", "keys": ["name", "of"], "value": 1}, "leads to nothing"),
        ({"do": "set", "keys": ["assets", 99, "name"], "value": 1}, "leads to nothing"),
        ({"do": "set", "keys": [True], "value": 1}, "must be a list"),
        ({"do": "remove", "keys": ["assets", 7]}, "leads to nothing"),
        ({"do": "duplicate", "keys": ["assets"]}, "leads to nothing"),
        ({"do": "place", "kind": "reactor", "bus": "b"}, "cannot be placed"),
        ({"do": "place", "kind": "pv", "bus": ""}, "choose a bus"),
        ({"do": "drop", "path": "name"}, "no difference"),
    ],
)
def test_an_edit_that_cannot_be_done_is_refused(draft, edit, message):
    with pytest.raises(InputError, match=message):
        edited(draft, edit, net)


def test_lists_are_added_to_duplicated_and_taken_from(draft):
    more = edited(draft, {"do": "add", "keys": ["assets"], "kind": "battery"}, net)
    assert more.content["assets"][-1] == {
        "kind": "battery", "p_rated_mw": 1.0, "e_rated_mwh": 4.0, "bus": "Bus 1", "name": "battery",
    }  # fmt: skip
    twice = edited(more, {"do": "duplicate", "keys": ["assets", 3]}, net)
    assert [item["name"] for item in twice.content["assets"]][-2:] == ["battery", "battery 2"]
    assert edited(twice, {"do": "remove", "keys": ["assets", 4]}, net).content == more.content
    limits = edited(draft, {"do": "add", "keys": ["power_limits"], "value": {}}, net)
    assert limits.content["power_limits"] == [{}]


def test_another_kind_keeps_name_and_place(draft):
    made = edited(draft, {"do": "kind", "keys": ["assets", 1], "kind": "wind"}, net)
    assert made.content["assets"][1] == {"kind": "wind", "name": "feeder 8", "bus": "MV3.101 Bus 84"}


def test_what_json_cannot_hold_becomes_text():
    assert plain({"a": float("nan"), "b": (1, 2)}) == {"a": "nan", "b": [1, 2]}
