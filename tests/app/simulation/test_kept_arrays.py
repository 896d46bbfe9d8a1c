from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from app.simulation.phase_arrays import schedule_arrays, schedule_from
from app.simulation.reuse import Arrays, PhaseReuse
from grid.digest import digest_of
from grid.time.clock import Clock
from optimizer.problem.schedule import BindingLimit, Costs, Quality, Schedule, Shortfall


class Phase:
    """Makes arrays, and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Arrays:
        self.made += 1
        return {"found": np.asfortranarray(np.arange(6.0).reshape(2, 3) / 7), "which": np.array([True, False])}


def test_what_takes_the_same_is_made_once_in_memory_and_in_files(tmp_path: Path) -> None:
    phase, reuse = Phase(), PhaseReuse(tmp_path / "kept")
    first, found = reuse.get("flow", (1.0, np.arange(3)), phase)
    assert (found, phase.made) == (False, 1)
    for other in (reuse, PhaseReuse(tmp_path / "kept")):
        again, found = other.get("flow", (1.0, np.arange(3)), phase)
        assert (found, phase.made) == (True, 1)
        for name, array in first.items():
            np.testing.assert_array_equal(again[name], array)
            assert again[name].flags.f_contiguous == array.flags.f_contiguous
    for phase_name, takes in (("flow", (1, np.arange(3))), ("flow", (1.0, np.arange(3.0))), ("dispatch", (1.0,))):
        assert not reuse.get(phase_name, takes, Phase())[1]


def test_several_runs_cannot_change_what_they_share() -> None:
    reuse = PhaseReuse()
    made, _ = reuse.get("flow", (1,), Phase())
    with pytest.raises(ValueError, match="read-only"):
        made["found"][0, 0] = 1.0


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_a_damaged_file_counts_as_missing_and_is_written_again(damage: bytes | None, tmp_path: Path) -> None:
    expected, _ = PhaseReuse(tmp_path).get("flow", (1,), Phase())
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    at = len(whole) // 3
    file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] if damage is None else damage)
    phase = Phase()
    again, found = PhaseReuse(tmp_path).get("flow", (1,), phase)
    assert (found, phase.made) == (False, 1)
    np.testing.assert_array_equal(again["found"], expected["found"])
    assert PhaseReuse(tmp_path).get("flow", (1,), phase)[1]


def test_what_was_not_used_for_the_longest_time_goes_first(tmp_path: Path) -> None:
    reuse = PhaseReuse(tmp_path, memory_bytes=120, folder_bytes=1400)  # an entry has 50 bytes, its file some 550
    for number in (1, 2, 1, 3):
        reuse.get("flow", (number,), Phase())
    assert reuse.n_bytes <= 120
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 1400
    assert [PhaseReuse(tmp_path).get("flow", (number,), Phase())[1] for number in (3,)] == [True]


def test_a_folder_that_cannot_be_written_leaves_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    reuse = PhaseReuse(tmp_path / "file" / "kept")
    assert not reuse.get("flow", (1,), Phase())[1]
    assert reuse.get("flow", (1,), Phase())[1]


def test_a_schedule_comes_back_as_it_was() -> None:
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 2)
    schedule = Schedule(
        clock,
        {"a/b": np.array([0.1, -0.0]), "c": np.zeros(0)},
        lp_cost=np.float64(1 / 3),
        shortfalls=(Shortfall(int(np.int64(1)), "line", "loading_percent", float("nan"), 60.0),),
        windows=2,
        q_mvar={"a/b": np.array([1.0, np.nan])},
        costs=Costs(energy=0.1 + 0.2),
        quality=Quality(1.0, 2.0, "why"),
        binding=(BindingLimit(np.int64(0), "import", "import_mw", 1e-17),),
        carbon_cap_price_per_kg=(0.1, float("inf")),
        nodal_price_per_mwh=np.full((2, 3), np.nan),
        decided_steps=2,
    )
    again = schedule_from(schedule_arrays(schedule), clock)
    assert digest_of(again) == digest_of(schedule_from(schedule_arrays(again), clock))
    assert again.lp_cost == schedule.lp_cost
    assert (again.costs, again.quality) == (schedule.costs, schedule.quality)
    assert again.carbon_cap_price_per_kg == schedule.carbon_cap_price_per_kg
    assert [vars(each) for each in again.binding] == [vars(each) for each in schedule.binding]
    assert repr(vars(again.shortfalls[0])) == repr(vars(schedule.shortfalls[0]))
    for name in ("p_mw", "q_mvar"):
        found, expected = getattr(again, name), getattr(schedule, name)
        assert list(found) == list(expected)
        assert [array.tobytes() for array in found.values()] == [array.tobytes() for array in expected.values()]
    assert again.nodal_price_per_mwh.tobytes() == schedule.nodal_price_per_mwh.tobytes()


def test_a_digest_tells_type_shape_and_bits_apart() -> None:
    different = (
        1, 1.0, True, "1", None, 0.0, -0.0, [1], (1,), {"a": 1}, {"a": 2}, np.zeros(2), np.zeros(3), np.zeros((1, 2)),
        np.zeros(2, dtype=np.int64), Costs(energy=1.0), Costs(carbon=1.0), np.array(["a", None], dtype=object),
    )  # fmt: skip
    assert len({digest_of(value) for value in different}) == len(different)
    assert digest_of(np.arange(4.0)[::2]) == digest_of(np.array([0.0, 2.0]))
    with pytest.raises(TypeError, match="no digest can be made of object"):
        digest_of(object())
