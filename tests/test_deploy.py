"""What is deployed says only what the service understands, and opens no more than it must."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from fastapi.routing import APIRoute

from service.__main__ import app
from service.app import health
from service.settings import SECRETS, Settings

DEPLOY = Path(__file__).parents[1] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("overens")]

KEYS = {
    *("image", "build", "restart", "init", "read_only", "tmpfs", "cap_drop", "security_opt", "volumes", "secrets", "command"),
    *("environment", "ports", "stop_grace_period", "depends_on", "healthcheck"),
}
"""The keys of the compose specification that we use; a misspelt one is not among them."""


def test_the_file_has_the_parts_the_specification_knows() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes", "secrets"}
    assert {key for service in SERVICES.values() for key in service} <= KEYS


def test_one_machine_runs_the_web_the_schedules_and_a_database() -> None:
    assert list(SERVICES) == ["postgres", "migrate", "web", "flows"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_uses_is_declared(name: str) -> None:
    service = SERVICES[name]
    assert {volume.split(":")[0] for volume in service["volumes"]} <= COMPOSE["volumes"].keys()
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
    assert service.get("depends_on", {}).keys() <= SERVICES.keys()
    assert all(wait["condition"] != "service_healthy" or "healthcheck" in SERVICES[on] for on, wait in _waits(service))


def _waits(service: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    return list(service.get("depends_on", {}).items())


@pytest.mark.parametrize("name", OURS)
def test_every_setting_in_it_exists(name: str) -> None:
    known = {f"OVERENS_{field.upper()}" for field in Settings.model_fields} | {f"OVERENS_{one.upper()}_FILE" for one in SECRETS}
    assert SERVICES[name]["environment"].keys() <= known


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_the_web_is_reached_and_only_from_this_machine() -> None:
    assert [port for service in SERVICES.values() for port in service.get("ports", [])] == ["127.0.0.1:8000:8000"]


def test_no_secret_stands_in_the_file() -> None:
    values = [str(value) for service in SERVICES.values() for key, value in service["environment"].items() if "PASSWORD" in key]
    assert all(value.startswith("/run/secrets/") for value in values)
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


def test_the_image_runs_as_nobody_special() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "USER overens" in lines
    assert "--require-hashes" in "".join(lines)
    assert lines.index("USER overens") < lines.index('ENTRYPOINT ["overens"]')


def test_every_folder_the_image_is_built_from_is_there() -> None:
    copied = [
        line.split()[1] for line in (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines() if line.startswith("COPY ")
    ]
    assert all((DEPLOY.parent / path).exists() for path in copied if not path.startswith("--"))


def _told() -> list[list[str]]:
    """Every command of ours that deploy/README.md or compose.yaml tells somebody to run, as words."""
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"(?:`|\s)overens ([a-z][^`\n]*)", readme) + re.findall(r"run --rm -T web ([^`\n]*)", readme)
    return [line.split() for line in told] + [SERVICES[name]["command"] for name in OURS]


def test_every_command_it_tells_of_exists_with_its_options() -> None:
    commands: dict[str, Any] = vars(typer.main.get_command(app))["commands"]
    assert {words[0] for words in _told()} >= {"up", "serve", "flows", "migrate", "backup", "restore", "check"}
    for name, *rest in _told():
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options, (name, rest)


def test_every_health_address_there_is_is_explained() -> None:
    told = set(re.findall(r"`(/health/[a-z]+)`", (DEPLOY / "README.md").read_text(encoding="utf-8")))
    assert told == {route.path for route in health.routes if isinstance(route, APIRoute)}


def test_backups_lie_apart_from_the_folder_with_the_key() -> None:
    assert {volume.split(":")[1] for name in OURS for volume in SERVICES[name]["volumes"]} == {"/data", "/backups"}
