"""What is shipped to run gridcarbon beyond one machine: structure of the files, and that every command in them exists.

Containers are not started here; docs/deployment.md says what is.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from distributed.cli.dask_scheduler import main as dask_scheduler
from distributed.cli.dask_ssh import main as dask_ssh
from distributed.cli.dask_worker import main as dask_worker
from typer.main import get_command

from app.cli import app
from grid.threads import environment
from tests.places import ROOT

DASK = {"scheduler": dask_scheduler, "worker": dask_worker, "ssh": dask_ssh}
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
SERVICE_KEYS = {"build", "image", "init", "command", "ports", "networks", "healthcheck", "restart", "environment",
                "volumes", "depends_on", "deploy", "profiles"}  # fmt: skip
PLAIN_IMAGE = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?(:[\w.-]+)?")
"""An image of the default registry: no host before it."""


def parse(command: list[str]) -> None:
    """Parses a command line as the program would, without running it; raises what the program would say."""
    program, *arguments = command
    if program == "gridcarbon":
        group = get_command(app)
        context = group.make_context(program, arguments[:1]) if arguments != ["--help"] else None
        if context is not None:
            name, found, rest = group.resolve_command(context, arguments)
            found.make_context(name, rest, parent=context).close()
    else:
        assert program == "dask", command
        DASK[arguments[0]].make_context(arguments[0], arguments[1:]).close()


SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize(("name", "service"), SERVICES.items(), ids=list(SERVICES))
def test_a_service_is_whole(name: str, service: dict[str, Any]) -> None:
    assert {*service} <= SERVICE_KEYS, name
    assert PLAIN_IMAGE.fullmatch(service["image"])
    if "build" in service:
        assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        parse([str(word) for word in service["command"]])
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (ROOT / source).is_dir(), volume
    for other, condition in service.get("depends_on", {}).items():
        waited = SERVICES[other]
        assert condition == {"condition": "service_healthy"}
        assert "healthcheck" in waited
        assert "profiles" not in waited  # else it would not start with this one
    assert {*service["networks"]} <= {*COMPOSE["networks"]}


def test_nothing_is_published_but_to_this_machine_and_no_password_is_written_down() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        for key, value in service.get("environment", {}).items():
            assert "PASSWORD" not in key.replace("PG", "") or value.startswith("${")
        assert not re.search(r"://[^/@\s]+:[^/@\s]+@", yaml.safe_dump(service))
    assert SERVICES["database"].get("ports") is None


def test_workers_batch_and_web_see_the_same_store() -> None:
    mounts = {name: {v.split(":")[1] for v in service.get("volumes", ())} for name, service in SERVICES.items()}
    assert all("/store" in mounts[name] for name in ("worker", "batch", "web"))
    assert mounts["worker"] == mounts["batch"]


def test_the_image_is_made_of_files_that_there_are() -> None:
    instructions = re.findall(r"^([A-Z]+) (.*(?:\\\n.*)*)", CONTAINERFILE, flags=re.MULTILINE)
    assert [word for word, _ in instructions].count("FROM") == 1
    assert {word for word, _ in instructions} <= {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "VOLUME", "CMD"}
    (base,) = (rest for word, rest in instructions if word == "FROM")
    assert PLAIN_IMAGE.fullmatch(base)
    copied = [source for word, rest in instructions if word == "COPY" for source in rest.split()[:-1]]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages <= {*copied}
    threads, memory = (rest for word, rest in instructions if word == "ENV")
    assert dict(pair.split("=") for pair in threads.split()) == environment(1)
    assert f"`{memory}`" in GUIDE
    users = [rest for word, rest in instructions if word == "USER"]
    assert users == ["gridcarbon"]  # never root when it runs


def command_lines() -> list[str]:
    """Every command of ours and of Dask's in the guide and in the head of the Compose file."""
    blocks = re.findall(r"^ *```sh\n(.*?)```", GUIDE, flags=re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    head = (ROOT / "compose.yaml").read_text(encoding="utf-8").split("name:")[0]
    lines += re.sub(r" \\\n#\s+", " ", head).splitlines()
    found = [re.search(r"(?:^|batch )((?:gridcarbon|dask) .*)", line.removeprefix("#").strip()) for line in lines]
    return [match[1] for match in found if match]


@pytest.mark.parametrize("line", command_lines())
def test_every_command_of_the_guide_exists(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"\S+\.(?:pem|key|txt)", line):  # which Dask looks for
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    parse(shlex.split(line))


def test_a_wrong_command_would_be_found() -> None:
    assert len(command_lines()) >= 8
    for wrong in ("gridcarbon batch a.yaml --store s", "gridcarbon bathc a.yaml", "dask worker --threads 1"):
        with pytest.raises(Exception) as refused:  # noqa: PT011  Typer has a click of its own, and Dask another
            parse(shlex.split(wrong))
        assert getattr(refused.value, "exit_code", 0) == 2


def test_the_kubernetes_resource_names_commands_that_there_are() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)
    resource = yaml.safe_load(text)
    assert resource["kind"] == "DaskCluster"
    for part in ("worker", "scheduler"):
        (container,) = resource["spec"][part]["spec"]["containers"]
        assert container["name"] == part
        parse([str(word) for word in container["args"]])
    ports = {port["name"] for port in resource["spec"]["scheduler"]["spec"]["containers"][0]["ports"]}
    assert {port["targetPort"] for port in resource["spec"]["scheduler"]["service"]["ports"]} == ports


def test_python_in_the_guide_is_python() -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        compile(block, "docs/deployment.md", "exec")


def test_the_tests_that_the_guide_speaks_of_are_there() -> None:
    places = re.findall(r"`(tests/[\w/]+)`", GUIDE)
    assert places
    for place in places:
        assert list(Path(ROOT / place).glob("test_*.py")), place
