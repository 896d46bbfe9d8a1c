"""Reading nets: files, what pandapower ships, SimBench."""

from __future__ import annotations

import gzip
import inspect
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grid.errors import Fault, InputError, nearest

TRUSTED_MODULES = ("pandapower", "pandas", "numpy", "builtins", "networkx", "shapely", "geopandas")
"""Packages whose data classes a net file may name."""


def read_file(path: Path) -> Any:
    """The pandapower net in the JSON file `path` (plain or gzipped).

    Nothing in the file is run: a file that names classes outside `TRUSTED_MODULES` is refused before pandapower,
    which would import the module, sees it.

    Raises:
        InputError: If the file is missing, truncated, not a pandapower net, or names a foreign module.
    """
    if not path.is_file():
        names = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError.single("city.network", f"no file {str(path)!r}", suggestion=nearest(path.name, names))
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")
        content = json.loads(text)
    except (OSError, EOFError, UnicodeDecodeError, json.JSONDecodeError, gzip.BadGzipFile) as error:
        raise InputError.single(str(path), f"is not a complete JSON file: {error}") from error
    foreign = sorted({module for module in _modules(content) if module.split(".")[0] not in TRUSTED_MODULES})
    if foreign:
        raise InputError(
            [Fault(str(path), "names a class of a module that no pandapower net needs", module) for module in foreign]
        )
    if not (isinstance(content, dict) and content.get("_class") == "pandapowerNet"):
        raise InputError.single(str(path), "is JSON, but not a pandapower net (write one with pandapower.to_json)")
    import pandapower  # noqa: PLC0415  slow to import

    try:
        return pandapower.from_json_string(text, convert=True)
    except Exception as error:  # whatever a broken file provokes inside pandapower is a fault of the file
        raise InputError.single(str(path), f"pandapower cannot read it: {error}") from error


def _modules(content: Any) -> Iterator[str]:
    """Every module that the decoded JSON `content` names for deserialisation, nested JSON texts included."""
    if isinstance(content, dict):
        if "_module" in content:
            yield str(content["_module"])
        for value in content.values():
            yield from _modules(value)
    elif isinstance(content, list):
        for value in content:
            yield from _modules(value)
    elif isinstance(content, str) and content.lstrip()[:1] in {"{", "["}:
        try:
            nested = json.loads(content)
        except json.JSONDecodeError:
            return
        yield from _modules(nested)


VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "create_cigre_network_mv_pv_wind": ("create_cigre_network_mv", {"with_der": "pv_wind"}),
    "create_cigre_network_mv_all": ("create_cigre_network_mv", {"with_der": "all"}),
    "mv_oberrhein_generation": ("mv_oberrhein", {"scenario": "generation"}),
    "mv_oberrhein_substations": ("mv_oberrhein", {"include_substations": True}),
    "lv_schutterwald_heat_pumps": ("lv_schutterwald", {"include_heat_pumps": True}),
    "ieee_european_lv_off_peak_1": ("ieee_european_lv_asymmetric", {"scenario": "off_peak_1"}),
    "ieee_european_lv_off_peak_1440": ("ieee_european_lv_asymmetric", {"scenario": "off_peak_1440"}),
    **{
        f"synthetic_voltage_control_lv_{kind}": ("create_synthetic_voltage_control_lv_network", {"network_class": kind})
        for kind in ("rural_1", "rural_2", "village_1", "village_2", "suburb_1")
    },
}
"""Variants of pandapower's own nets that need arguments: the function and what it is called with."""


def builtin(name: str) -> Any | None:
    """The net that pandapower itself ships under `name` (e.g. ``case33bw``), or None.

    Some of them draw their lines at random; here a name always gives the same net.
    """
    import pandapower.networks  # noqa: PLC0415  slow to import

    if name not in builtin_names():
        return None
    function, arguments = VARIANTS.get(name, (name, {}))
    state = random.getstate()
    random.seed(name)
    try:
        return getattr(pandapower.networks, function)(**arguments)
    finally:
        random.setstate(state)


def builtin_names() -> list[str]:
    """Names of the nets that pandapower ships and can make without arguments, and of `VARIANTS`."""
    import pandapower.networks  # noqa: PLC0415  slow to import

    made = (
        name
        for name, make in inspect.getmembers(pandapower.networks, inspect.isfunction)
        if make.__module__.startswith("pandapower.networks.")
        and not name.startswith("_")
        and all(p.default is not p.empty or p.kind in {p.VAR_KEYWORD, p.VAR_POSITIONAL}
                for p in inspect.signature(make).parameters.values())
    )  # fmt: skip
    return sorted({*made, *VARIANTS})


def simbench(code: str) -> Any:
    """The net of a SimBench code with its profiles in ``net.profiles``.

    Raises:
        InputError: If the package `simbench` is not installed or does not know the code.
    """
    try:
        import simbench  # noqa: PLC0415  optional
    except ImportError as error:
        raise InputError.single(
            "city.network", "a SimBench code needs the package simbench: pip install 'gridcarbon[simbench]'", code
        ) from error
    codes = simbench.collect_all_simbench_codes()
    if code not in codes:
        raise InputError.single("city.network", "no such SimBench code", code, nearest(code, codes))
    return simbench.get_simbench_net(code)
