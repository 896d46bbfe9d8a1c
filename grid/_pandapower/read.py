"""Reading nets: files, what pandapower ships, SimBench."""

from __future__ import annotations

import gzip
import inspect
import json
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


def builtin(name: str) -> Any | None:
    """The net that pandapower itself ships under `name` (e.g. ``case33bw``), or None."""
    import pandapower.networks  # noqa: PLC0415  slow to import

    make = getattr(pandapower.networks, name, None) if name in builtin_names() else None
    return make() if make is not None else None


def builtin_names() -> list[str]:
    """Names of the nets that pandapower ships and can make without arguments."""
    import pandapower.networks  # noqa: PLC0415  slow to import

    return sorted(
        name
        for name, make in inspect.getmembers(pandapower.networks, inspect.isfunction)
        if make.__module__.startswith("pandapower.networks.")
        and not name.startswith("_")
        and name.startswith(("case", "create_", "mv_", "example_", "simple_", "kb_", "lv_", "panda_", "iceland", "GB"))
        and all(p.default is not p.empty or p.kind in {p.VAR_KEYWORD, p.VAR_POSITIONAL}
                for p in inspect.signature(make).parameters.values())
    )  # fmt: skip


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
