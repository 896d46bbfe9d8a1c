"""What a draft can begin from: the shipped scenarios, and every result that is served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from app.batch.sweep.base import shipped_folder, shipped_names
from app.dashboard.builder.content import Content, plain
from app.results.folder import Result
from grid.errors import InputError, nearest
from grid.files.yaml_file import read_yaml

LONGEST_ABOUT = 220
SHIPPED, RESULT = "shipped", "result"


@dataclass(frozen=True)
class Template:
    """What a draft can begin from.

    Args:
        id: ``shipped:<name>`` or ``result:<name>``.
        label: What people read.
        about: A sentence on it; may be empty.
    """

    id: str
    label: str
    about: str = ""


@cache
def shipped_templates() -> tuple[Template, ...]:
    """The shipped scenarios, each with what its file says at the top."""
    found = []
    for name in shipped_names():
        text = (shipped_folder() / f"{name}.yaml").read_text(encoding="utf-8")
        lines = []
        for line in text.splitlines():
            if not line.startswith("#"):
                break
            lines.append(line.lstrip("# "))
        title = next(line.removeprefix("name:").strip() for line in text.splitlines() if line.startswith("name:"))
        found.append(Template(f"{SHIPPED}:{name}", title, _first_sentences(" ".join(lines))))
    return tuple(found)


def _first_sentences(text: str) -> str:
    """What fits beside others: sentences up to `LONGEST_ABOUT` characters, at least one."""
    sentences = text.replace("\n", " ").split(". ")
    kept = sentences[0]
    for sentence in sentences[1:]:
        if len(kept) + len(sentence) > LONGEST_ABOUT or "/" in sentence:
            break
        kept += f". {sentence}"
    return kept if kept.endswith(".") else f"{kept}."


def result_templates(results: Mapping[str, Result]) -> Iterator[Template]:
    """The results that are served and can be opened."""
    for name, result in results.items():
        title = str(result.manifest.get("name") or name)
        yield Template(f"{RESULT}:{name}", title if title == name else f"{title} ({name})")


def template_content(template: str, results: Mapping[str, Result]) -> tuple[str, Content]:
    """The label and the content of a template.

    Raises:
        InputError: If there is no such template, or its file cannot be read.
    """
    kind, _, name = template.partition(":")
    if kind == SHIPPED:
        if name not in shipped_names():
            raise InputError.single("template", "no shipped scenario", name, nearest(name, shipped_names()))
        label = next(each.label for each in shipped_templates() if each.id == template)
        return label, dict(plain(read_yaml(shipped_folder() / f"{name}.yaml").content))
    if kind == RESULT and name in results:
        result = results[name]
        return str(result.manifest.get("name") or name), dict(plain(result.scenario))
    raise InputError.single("template", "there is no such result here", name, nearest(name, results))
