"""The files of CIM/CGMES profiles: a zip file, a folder or one XML file, and what each of them says."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import is_folder, limit_bytes, read_bytes, shown_path
from grid.files.json_file import what_it_says
from grid.readers.cgmes.nodes import node_kind
from grid.readers.cgmes.objects import CimObjects
from grid.readers.report import PLACE

MOST_FILES: Final = 50
VERSIONS: Final = (("CIM100", "3.0"), ("cim16", "2.4.15"))
"""What names the CIM in the name space of a profile, and the version of CGMES that it belongs to."""
UNSAFE: Final = (b"<!DOCTYPE", b"<!ENTITY")
_ENCODINGS: Final = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*['\"]([\w-]+)['\"]")


def read_profiles(path: Path) -> CimObjects:
    """The objects that the profiles of a grid state.

    Raises:
        InputError: With all that is wrong: no such file, no complete zip or XML file, profiles that are missing.
    """
    try:
        from lxml import etree  # noqa: F401, PLC0415  optional
    except ImportError as error:
        raise InputError.single(PLACE, "CIM needs the package lxml: pip install 'gridcarbon[formats]'") from error
    files = _contents(path)
    faults: list[Fault] = []
    objects = CimObjects(len(files))
    for name, content in files.items():
        root = _root(name, content, faults)
        if root is None:
            continue
        said = " ".join(root.nsmap.values())
        objects.version = objects.version or next((found for word, found in VERSIONS if word in said), "")
        objects.add(root)
    if not faults and not objects.version:
        faults.append(Fault(PLACE, "is XML, but not CIM 16 (CGMES 2.4.15) or CIM 100 (CGMES 3.0)"))
    if not faults:
        faults += _missing(objects)
    raise_if_any(faults, shown_path(path))
    return objects


def _missing(objects: CimObjects) -> Iterator[Fault]:
    """Profiles without which there is no power flow."""
    if any(objects.of("DifferenceModel")):
        yield Fault(PLACE, "holds differences of a model: apply them to it, and give the full model")
    if "Equipment" not in objects.profiles:
        yield Fault(PLACE, "the profile of equipment (EQ) is missing")
    if "SteadyState" not in objects.profiles:
        yield Fault(PLACE, "the profile of steady state hypothesis (SSH) is missing")
    if not node_kind(objects):
        yield Fault(PLACE, "the profile of topology (TP) is missing")


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
