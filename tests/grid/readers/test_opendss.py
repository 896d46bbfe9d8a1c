"""Scripts of OpenDSS: what is kept of them, what a net of sequences represents, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grid import _pandapower
from grid.errors import InputError
from grid.readers import read_grid_file
from grid.readers.opendss.phases import read_feeder
from grid.readers.opendss.reading import describe_circuit
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
    assert dict(scripts.left_out) == {
        "Option 'editor' is not set": 1,
        **{f"Command {name!r} is not run": 1 for name in ("fileedit", "save", "export")},
    }  # fmt: skip


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


def test_commands_that_would_change_the_circuit_are_refused_by_kind(tmp_path: Path) -> None:
    text = (
        "New circuit.x\nallocateloads\nAllocate\nremove line.a\nvar @p=3\nset year=4\nset cktmodel=positive\nwibble x\n"
    )
    with pytest.raises(InputError) as caught:
        gather_scripts(write(tmp_path, f"{text}command=doscmd ls\nset lodmult=2\n"))
    said = [str(fault) for fault in caught.value.faults]
    assert len(said) == 8
    assert "command 'allocateloads' changes what the script states" in said[1]
    assert "(1 more)" in said[1]
    assert "did you mean 'loadmult'" in said[0]
    assert all(any(word in line for line in said) for word in ("'remove'", "'var'", "year", "cktmodel", "wibble"))


def test_shortened_words_options_beside_each_other_and_properties_are_kept(tmp_path: Path) -> None:
    text = (
        "Cle\nne circuit.x\nset number=4 loadmu=0.5 toler=1e-7\nsolve mode=daily genmult=0.2\nselect load.a\nkw=3\n"
        "~ kv=0.4 ! 'one\nLoad.a.kvar=2\n? load.a.kw\nset editor=C:\\Program Files\\x.exe\n"
    )
    scripts = gather_scripts(write(tmp_path, text))
    assert next(iter(scripts.files.values())).decode().splitlines() == [
        "Cle", "ne circuit.x", "set loadmult=0.5 tolerance=1e-7", "set genmult=0.2", "select load.a", "kw=3",
        "~ kv=0.4", "Load.a.kvar=2", "",
    ]  # fmt: skip
    assert any(what.startswith("Mode 'daily' is not followed") for what in scripts.left_out)


def test_files_are_found_in_other_capitals_and_the_nearest_is_named(tmp_path: Path) -> None:
    (tmp_path / "Lines.DSS").write_text("New line.a bus1=b bus2=c\n")
    scripts = gather_scripts(write(tmp_path, "New circuit.x\nRedirect lines.dss\n"))
    assert [Path(name).name for name in scripts.files] == ["main.dss", "lines.dss"]
    with pytest.raises(InputError, match=r"did you mean 'Lines\.DSS'"):
        gather_scripts(write(tmp_path, "Redirect line.dss\n"))


BALANCED = CIRCUIT.replace("bus1=end.2 phases=1 conn=wye kv=0.231", "bus1=end phases=3 kv=0.4").replace(
    "MVAsc3=500 MVAsc1=400", "MVAsc3=5e6 MVAsc1=5e6"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        "set loadmult=0.5\nload.house.status=fixed\nset genmult=2",
        (
            "New load.z bus1=end kv=0.38 kw=30 kvar=9 model=2\nNew load.m bus1=end kv=0.416 kw=20 kvar=5 model=8 "
            "zipv=[0.3 0.3 0.4 0.2 0.5 0.3 0.5] vminpu=0.6"
        ),
        "New capacitor.c bus1=end kv=0.38 kvar=[20 20] numsteps=2 states=[1 0] r=0.1 xl=0.3",
        (
            "New line.sw bus1=end bus2=far switch=y\nNew load.far bus1=far kv=0.4 kw=30 vminpu=0.8\nMakeBusList\n"
            "SetkVBase bus=far kvll=0.4"
        ),
        (
            "New transformer.t2 xhl=5 buses=[end up] kvs=[0.4 11] kvas=[250 500] conns=[wye delta] %rs=[0.4 0.8] "
            "%noloadloss=0.5 %imag=2 taps=[1.02 1]\nNew load.up bus1=up kv=11 kw=40 vminpu=0.8"
        ),
        "New line.tie bus1=main bus2=end linecode=cable length=0.2 units=km\nOpen line.tie 2",
    ],
)
def test_voltages_are_those_of_the_engine(tmp_path: Path, more: str) -> None:
    path = write(tmp_path, BALANCED.replace("Set voltagebases", f"{more}\nSet voltagebases"))
    circuit, _ = describe_circuit(path)
    theirs = [np.mean(bus["vm_pu"]) for bus in circuit["buses"]]
    assert np.ptp(theirs) > 0.001
    np.testing.assert_allclose(_pandapower.voltages(read_grid_file(path).net), theirs, atol=2e-7, rtol=0)


@pytest.mark.slow
def test_what_is_open_in_part_and_beyond_its_limits_is_said(tmp_path: Path) -> None:
    more = (
        "New load.across bus1=end.1.2 phases=1 conn=wye kv=0.4 kw=1\nNew line.spare like=two\nOpen line.spare 2 1\n"
        "Open generator.roof 1\nSet voltagebases"
    )
    with pytest.raises(InputError) as caught:
        read_grid_file(write(tmp_path, BALANCED.replace("Set voltagebases", more)))
    assert {fault.place for fault in caught.value.faults} == {
        "Line.spare", "Load.across", "Generator.roof", "city.network"
    }  # fmt: skip
    low = BALANCED.replace("kw=4 kvar=1 vminpu=0.8", "kw=120 kvar=60")
    dropped = read_grid_file(write(tmp_path, low)).report.dropped
    assert any("1 loads are beyond their Vminpu" in line and "house (0." in line for line in dropped)
    with pytest.raises(InputError, match="4 buses have no base voltage") as caught:
        read_grid_file(write(tmp_path, BALANCED.replace("Set voltagebases=[11 0.4]\nCalcVoltageBases", "")))
    assert len(caught.value.faults) == 1
