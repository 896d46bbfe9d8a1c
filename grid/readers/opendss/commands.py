"""Commands and options of the language of OpenDSS: which state a circuit, which only look at one, which change it.

Words may be shortened, as the engine takes them: the first in its own order that begins so.
"""

from __future__ import annotations

import re
from typing import Final

COMMANDS: Final = (
    "new", "edit", "more", "m", "~", "select", "save", "show", "solve", "enable", "disable", "plot", "reset", "compile",
    "set", "dump", "open", "close", "//", "redirect", "help", "quit", "?", "next", "panel", "sample", "clear", "about",
    "calcvoltagebases", "setkvbase", "buildy", "get", "init", "export", "fileedit", "voltages", "currents", "powers",
    "seqvoltages", "seqcurrents", "seqpowers", "losses", "phaselosses", "cktlosses", "allocateloads", "formedit",
    "totals", "capacity", "classes", "userclasses", "zsc", "zsc10", "zscrefresh", "ysc", "puvoltages", "varvalues",
    "varnames", "buscoords", "makebuslist", "makeposseq", "reduce", "interpolate", "alignfile", "top", "rotate",
    "vdiff", "summary", "distribute", "di_plot", "comparecases", "yearlycurves", "cd", "visualize", "closedi", "doscmd",
    "estimate", "reconductor", "_initsnap", "_solvenocontrol", "_samplecontrols", "_docontrolactions",
    "_showcontrolqueue", "_solvedirect", "_solvepflow", "addbusmarker", "uuids", "setloadandgenkv", "cvrtloadshapes",
    "nodediff", "rephase", "setbusxy", "updatestorage", "obfuscate", "latlongcoords", "batchedit", "pstcalc",
    "variable", "reprocessbuses", "clearbusmarkers", "relcalc", "var", "cleanup", "finishtimestep", "nodelist",
    "connect", "disconnect", "remove", "calcincmatrix", "calcincmatrix_o", "refine_buslevels", "calclaplacian",
    "exportoverloads", "exportvviolations", "zsc012", "allpceatbus", "allpdeatbus", "totalpowers", "giscoords",
    "clearall", "comhelp", "newactor", "wait", "solveall", "abort", "clone",
)  # fmt: skip
"""All commands, in the engine's order (DSS C-API 0.14.5)."""
KEPT: Final = frozenset({"new", "edit", "more", "m", "~", "select", "enable", "disable", "open", "close", "clear",
                         "clearall", "calcvoltagebases", "setkvbase", "makebuslist", "setbusxy",
                         "batchedit"})  # fmt: skip
"""Commands that state a circuit."""
NAMING: Final = frozenset({"redirect", "compile"})
COORDINATES: Final = frozenset({"buscoords", "latlongcoords"})
CHANGING: Final = {
    **dict.fromkeys(("allocateloads", "estimate"), "state kW of each load as it leaves them"),
    **dict.fromkeys(("makeposseq", "reduce", "reconductor", "rephase", "setloadandgenkv", "remove", "distribute",
                     "connect", "disconnect", "clone", "newactor", "updatestorage", "variable"),
                    "state the circuit as it leaves it ('Save circuit' writes it)"),
    "var": "write the values in the places of the variables",
    "cd": "name files from the folder of the script",
}  # fmt: skip
"""Commands that change the circuit, or what later lines mean, and are not run: what to do instead."""
OPTIONS: Final = (
    "type", "element", "hour", "sec", "year", "frequency", "stepsize", "mode", "random", "number", "time", "class",
    "object", "circuit", "editor", "tolerance", "maxiterations", "h", "loadmodel", "loadmult", "normvminpu",
    "normvmaxpu", "emergvminpu", "emergvmaxpu", "%mean", "%stddev", "ldcurve", "%growth", "genkw", "genpf", "capkvar",
    "addtype", "allowduplicates", "zonelock", "ueweight", "lossweight", "ueregs", "lossregs", "voltagebases",
    "algorithm", "trapezoidal", "autobuslist", "controlmode", "tracecontrol", "genmult", "defaultdaily",
    "defaultyearly", "allocationfactors", "cktmodel", "pricesignal", "pricecurve", "terminal", "basefrequency",
    "harmonics", "maxcontroliter", "bus", "datapath", "keeplist", "reduceoption", "demandinterval", "%normal",
    "diverbose", "casename", "markercode", "nodewidth", "log", "recorder", "overloadreport", "voltexceptionreport",
    "cfactors", "showexport", "numallociterations", "defaultbasefrequency", "markswitches", "switchmarkercode",
    "daisysize", "marktransformers", "transmarkercode", "transmarkersize", "loadshapeclass", "earthmodel", "querylog",
    "markcapacitors", "markregulators", "markpvsystems", "markstorage", "capmarkercode", "regmarkercode",
    "pvmarkercode", "storemarkercode", "capmarkersize", "regmarkersize", "pvmarkersize", "storemarkersize",
    "neglectloady", "markfuses", "fusemarkercode", "fusemarkersize", "markreclosers", "reclosermarkercode",
    "reclosermarkersize", "registryupdate", "markrelays", "relaymarkercode", "relaymarkersize", "processtime",
    "totaltime", "steptime", "sampleenergymeters", "miniterations", "dssvisualizationtool", "keepload", "zmag",
    "seasonrating", "seasonsignal", "linetypes", "eventlogdefault", "longlinecorrection", "showreports", "numcpus",
    "numcores", "numactors", "activeactor", "cpu", "actorprogress", "parallel", "concatenatereports", "numanodes",
)  # fmt: skip
"""All options of `set`, in the engine's order."""
DECIDING: Final = frozenset({"type", "element", "class", "object", "circuit", "frequency", "tolerance", "maxiterations",
                             "miniterations", "loadmult", "genmult", "normvminpu", "normvmaxpu", "allowduplicates",
                             "voltagebases", "algorithm", "controlmode", "allocationfactors", "cfactors",
                             "basefrequency", "defaultbasefrequency", "maxcontroliter", "earthmodel",
                             "longlinecorrection"})  # fmt: skip
"""Options that decide a power flow, and are kept."""
ONLY: Final = {
    "mode": (("snapshot", "snap"), ""),
    "year": (("0",), "loads do not grow here: set loadmult"),
    "loadmodel": (("powerflow",), "loads are not solved as admittances: give them model=2"),
    "cktmodel": (("multiphase",), "is solved with all phases"),
}  # fmt: skip
"""Options that are followed at these values only, of which the first is the engine's own; what is said of others.
Nothing is said of a mode: it is told among what is dropped."""
_SETTING: Final = re.compile(r"""([%\w]+)\s*=\s*("[^"]*"|'[^']*'|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|[^\s,]+)""")


def in_full(word: str, words: tuple[str, ...]) -> str:
    """The command or option that a word stands for, as the engine takes it; empty where there is none."""
    said = word.casefold()
    return said if said in words else next((each for each in words if said and each.startswith(said)), "")


def settings(text: str) -> list[tuple[str, str]]:
    """Options of a line of `set` and their values; an option that there is none of keeps its own word."""
    return [(in_full(name, OPTIONS) or name.casefold(), value) for name, value in _SETTING.findall(text)]


def unsettled(text: str) -> str:
    """What is left of a line of `set` without its options and values."""
    return _SETTING.sub("", text).strip(" ,\t")
