"""What a release is made of: one version, the notes that belong to it, and types for those who import it."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from importlib.metadata import version

import pytest
import yaml

from tests.places import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_installed_package_has_the_version_of_the_project() -> None:
    assert version("gridcarbon") == VERSION


def test_the_changelog_begins_with_this_version() -> None:
    released = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert released[0] == VERSION


def test_the_citation_is_of_this_version_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == VERSION
    assert citation["license"] == "Apache-2.0"
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


@pytest.mark.parametrize("package", ["grid", "carbon", "optimizer", "app"])
def test_packages_say_that_they_are_typed(package: str) -> None:
    assert resources.files(package).joinpath("py.typed").is_file()
