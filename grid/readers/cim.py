"""CIM/CGMES profiles in a zip file, a folder or one XML file, by pandapower's converter."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from grid import _pandapower
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import is_folder, limit_bytes, read_bytes, shown_path
from grid.files.json_file import what_it_says
from grid.readers.compared import compare_voltages
from grid.readers.report import PLACE, GridReport, ReadGrid

MOST_FILES: Final = 50
RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
VERSIONS: Final = (("CIM100", "3.0"), ("cim16", "2.4.15"))
"""What names the CIM in the name space of a profile, and the version of CGMES that it belongs to."""
NEEDED: Final = {
    "Equipment": "equipment (EQ)",
    "SteadyState": "steady state hypothesis (SSH)",
    "Topology": "topology (TP)",
}
"""Profiles without which there is no power flow."""
UNSAFE: Final = (b"<!DOCTYPE", b"<!ENTITY")
_ENCODINGS: Final = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*['\"]([\w-]+)['\"]")


def read_cim(path: Path) -> ReadGrid:
    """The grid in CIM profiles.

    Raises:
        InputError: With all that is wrong: no such file, no complete zip or XML file, profiles that are missing.
    """
    try:
        from lxml import etree  # noqa: F401, PLC0415  optional
    except ImportError as error:
        raise InputError.single(PLACE, "CIM needs the package lxml: pip install 'gridcarbon[formats]'") from error
    files = _contents(path)
    classes, angle_reference, version = _looked_through(files, path)
    with tempfile.TemporaryDirectory() as folder:
        copies = []
        for number, content in enumerate(files.values()):
            copies.append(Path(folder) / f"profile_{number}.xml")
            copies[-1].write_bytes(content)
        read = _pandapower.net_of_cim(copies, version)
    net = read.net
    net.name = path.stem
    at_reference = {k for k, node in enumerate(read.topological_node) if node == angle_reference}
    rows = [row for row, bus in enumerate(net.gen.bus) if net.bus.index.get_loc(bus) in at_reference]
    held = _pandapower.hold_reference(net, rows)
    where = "at the angle reference of the state variables" if rows else "the largest, for want of a reference,"
    unread = sorted((name, count) for name, count in classes.items() if name not in read.known)
    dropped = (
        [f"Classes that the converter does not read: {', '.join(f'{n} ({c})' for n, c in unread)}."] if unread else []
    )
    report = GridReport(
        source=path.name, form=f"CIM, CGMES {version}, {len(files)} profiles",
        converter="pandapower.converter (cim2pp)", read=_pandapower.element_counts(net),
        guessed=(f"Generator {held!r}, {where} holds the voltage.",) if held else (),
        dropped=(*dropped, *read.said),
        compared=compare_voltages(_pandapower.checked(net, path), read.vm_pu, "The profile of state variables (SV)"),
    )  # fmt: skip
    return ReadGrid(net, report)


def _contents(path: Path) -> dict[str, bytes]:
    """The profiles by name of their file, unpacked."""
    if is_folder(path):
        names = sorted(path.glob("*.xml"))[: MOST_FILES + 1]
        files = {file.name: read_bytes(file, PLACE) for file in names}
    else:
        content = read_bytes(path, PLACE)
        files = _unzipped(content, path) if content.startswith(b"PK") else {path.name: content}
    if not 0 < len(files) <= MOST_FILES:
        raise InputError.single(PLACE, f"must hold 1 to {MOST_FILES} profiles (.xml)", len(files))
    if sum(map(len, files.values())) > limit_bytes():
        raise InputError.single(PLACE, f"unpacks to more than {limit_bytes() / 1e6:g} MB")
    return files


def _unzipped(content: bytes, path: Path) -> dict[str, bytes]:
    """XML files in a zip file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = [entry for entry in packed.infolist() if entry.filename.casefold().endswith(".xml")]
            fits = sum(entry.file_size for entry in entries) <= limit_bytes() and len(entries) <= MOST_FILES
            found = {entry.filename: _entry(packed, entry) for entry in entries} if fits else None
    except Exception as error:  # zipfile, zlib and others have errors of their own
        rule = f"is not a complete zip file: {what_it_says(error)}"
        raise InputError.single(PLACE, rule, shown_path(path)) from error
    if found is None:
        raise InputError.single(PLACE, f"unpacks to more than {limit_bytes() / 1e6:g} MB or {MOST_FILES} files")
    return found


def _entry(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """A file of a zip file, no longer than it says."""
    with packed.open(entry) as file:
        return file.read(entry.file_size)


def _looked_through(files: Mapping[str, bytes], path: Path) -> tuple[Counter[str], str, str]:
    """Number of elements by class, the angle reference of the state variables, and the version of CGMES.

    Raises:
        InputError: With all that is wrong with the files.
    """
    faults: list[Fault] = []
    classes: Counter[str] = Counter()
    reference, version, profiles = "", "", ""
    for name, content in files.items():
        root = _root(name, content, faults)
        if root is None:
            continue
        said = " ".join(root.nsmap.values())
        version = version or next((found for word, found in VERSIONS if word in said), "")
        for element in root:
            tag = str(element.tag).rpartition("}")[2]
            if tag == "FullModel":
                profiles += " ".join(part.text or "" for part in element if str(part.tag).endswith("Model.profile"))
            else:
                classes[tag] += f"{RDF}ID" in element.attrib  # what is stated about it elsewhere is no other element
            if tag == "TopologicalIsland":
                refs = [part.get(f"{RDF}resource", "") for part in element if "AngleRef" in str(part.tag)]
                reference = (refs or [""])[0].lstrip("#")
    if not faults and not version:
        faults.append(Fault(PLACE, "is XML, but not CIM 16 (CGMES 2.4.15) or CIM 100 (CGMES 3.0)"))
    if not faults:
        faults += [
            Fault(PLACE, f"the profile of {what} is missing") for word, what in NEEDED.items() if word not in profiles
        ]
    raise_if_any(faults, shown_path(path))
    return +classes, reference, version


def _root(name: str, content: bytes, faults: list[Fault]) -> Any:
    """The root of an XML file; None, and a fault, where it is none or could read anything from elsewhere."""
    from lxml import etree  # noqa: PLC0415  optional

    declared = _ENCODINGS.match(content[:200])
    encoding = declared.group(1).decode().casefold() if declared else "utf-8"
    if b"\x00" in content or encoding not in {"utf-8", "us-ascii", "ascii", "iso-8859-1"}:
        faults.append(Fault(name, "must be XML in UTF-8", encoding))
        return None
    if any(word in content for word in UNSAFE):
        faults.append(Fault(name, "declares entities, which no CIM profile needs"))
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        faults.append(Fault(name, f"is not complete XML: {what_it_says(error)}"))
        return None
