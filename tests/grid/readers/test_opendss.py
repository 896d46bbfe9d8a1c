"""Scripts of OpenDSS: what is kept of them, what a net of sequences represents, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from grid.errors import InputError
from grid.readers import read_grid_file
from grid.readers.opendss.phases import read_feeder
from grid.readers.opendss.scripts import gather_scripts
from tests.grid.readers.right_files import CIRCUIT


def write(folder: Path, text: str) -> Path:
    path = folder / "main.dss"
    path.write_text(text)
    return path


def test_commands_that_do_anything_else_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "codes.dss").write_text("New linecode.x r1=0.1\nExport voltages\n")
    text = (
        "Clear\nset editor=/bin/sh\nFileEdit main.dss\nSave circuit\nRedirect codes.dss ! here\nset voltagebases=[11]\n"
    )
    scripts = gather_scripts(write(tmp_path, text))
    kept = b"\n".join(scripts.files.values()).split(b"\n")
    assert [line for line in kept if line] == [
        b"Clear",
        b"Redirect codes.dss",
        b"set voltagebases=[11]",
        b"New linecode.x r1=0.1",
    ]
    assert dict(scripts.left_out) == {"set": 1, "fileedit": 1, "save": 1, "export": 1}


def test_files_elsewhere_and_programs_are_refused_all_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "feeder"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "shared.dss").write_text("New linecode.x r1=0.1\n")
    text = (
        "Redirect ../shared.dss\nRedirect ../secret.txt\nBuscoords missing.csv\nNew generator.g usermodel=evil.so\n"
        "New loadshape.s npts=2 csvfile=../secret.txt\n"
    )
    with pytest.raises(InputError) as caught:
        gather_scripts(write(folder, text))
    said = [str(fault) for fault in caught.value.faults]
    assert len(said) == 4
    assert said[0].startswith("line 2: city.network: names a file outside its folder")
    assert "no such file" in said[1]
    assert "names a program of its own" in said[2]
    assert said[3].startswith("line 5")


@pytest.mark.slow
def test_what_sequences_do_not_represent_is_refused_by_name(tmp_path: Path) -> None:
    more = (
        "New linecode.bare nphases=3 rmatrix=(0.3 | 0.1 0.35 | 0.1 0.1 0.4) xmatrix=(1 | 0.5 1 | 0.4 0.4 1) units=km\n"
        "New line.bent bus1=end bus2=far linecode=bare length=0.1 units=km\n"
        "New line.lateral phases=1 bus1=end.2 bus2=side.2 r1=0.3 x1=0.1 length=0.1 units=km\n"
        "New regcontrol.reg transformer=sub winding=2 vreg=120 ptratio=2 band=2\n"
        "New load.between bus1=end.1.2 phases=1 conn=delta kv=0.4 kw=1 kvar=0\n"
        "New load.odd bus1=end phases=3 kv=0.4 kw=1 kvar=0 model=4\n"
    )
    text = CIRCUIT.replace("Set voltagebases", f"{more}Set voltagebases")
    with pytest.raises(InputError) as caught:
        read_grid_file(write(tmp_path, text))
    named = {fault.place for fault in caught.value.faults}
    assert named == {"Line.bent", "Line.lateral", "RegControl.reg", "Load.between", "Load.odd", "city.network"}


@pytest.mark.slow
def test_what_the_engine_refuses_is_said_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="OpenDSS refuses it") as caught:
        read_grid_file(write(tmp_path, "New circuit.x\nNew wibble.y\n"))
    assert str(tmp_path) not in str(caught.value)
    assert "gridcarbon" not in str(caught.value)


@pytest.mark.slow
def test_what_phase_coordinates_do_not_represent_is_refused_by_name(tmp_path: Path) -> None:
    more = (
        "New pvsystem.roof bus1=end phases=3 kv=0.4 kva=5 pmpp=5\n"
        "New isource.noise bus1=end phases=1 amps=1\n"
        "New load.fixed bus1=end phases=3 kv=0.4 kw=1 kvar=0 model=6\n"
        "New load.cvr bus1=end phases=3 kv=0.4 kw=1 kvar=0 model=4 cvrwatts=0.8\n"
        "New generator.held bus1=end phases=3 kv=0.4 kw=1 model=3\n"
        "New line.lateral phases=1 bus1=end.2 bus2=side.2 r1=0.3 x1=0.1 length=0.1 units=km\n"
    )
    with pytest.raises(InputError) as caught:
        read_feeder(write(tmp_path, CIRCUIT.replace("Set voltagebases", f"{more}Set voltagebases")))
    named = {fault.place for fault in caught.value.faults}
    assert named == {"PVSystem.roof", "Isource.noise", "Load.fixed", "Load.cvr", "Generator.held"}
