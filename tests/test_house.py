"""The house stands as its plan says: floors, versions, lock file, README."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version
from pydantic.fields import FieldInfo

from service.settings import Settings
from states.agreement import MOVES
from states.diagram import mermaid

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "deploy" / "settings.md").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
DEPLOYED = (ROOT / "deploy" / "requirements.lock").read_text(encoding="utf-8")

FLOORS = {
    "starlette": "1.3.1",
    "python-multipart": "0.0.31",
    "h11": "0.16",
    "jinja2": "3.1.6",
    "lxml": "6.1.0",
    "prefect": "3.6.22",
    "fastapi": "0.139",
    "cryptography": "46",
}
"""Lower versions have known holes."""

CEILINGS = {"fastapi": "0.151", "sqlalchemy": "2.1"}
"""From these on, Prefect 3.8's server cannot be imported, or silently makes no runs."""


def test_readme_can_be_read_in_one_go() -> None:
    assert len(README.splitlines()) <= 150


def test_readmes_picture_is_drawn_from_the_moves() -> None:
    drawn = README.split("<!-- moves -->")[1].split("<!-- /moves -->")[0]
    assert drawn.strip() == f"```mermaid\n{mermaid(MOVES)}\n```"


def test_the_table_of_settings_is_the_settings() -> None:
    rows = [line for line in SETTINGS.splitlines() if line.startswith("| `OVERENS_")]
    assert rows == [_row(name, field) for name, field in Settings.model_fields.items()]


def _row(name: str, field: FieldInfo) -> str:
    shown = "" if field.default_factory or field.default in (None, "") else f"`{field.default}`"
    return f"| `OVERENS_{name.upper()}` | {shown.lower() if field.annotation is bool else shown} | {field.description} |"


def test_what_readme_points_at_is_there() -> None:
    named = [
        "deploy/README.md",
        "deploy/settings.md",
        *re.findall(r"`((?:states|service|flows|tests|documents|deploy)/[\w/.]*)`", README),
    ]
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("package", "lowest"), FLOORS.items())
def test_no_installed_version_has_a_known_hole(package: str, lowest: str) -> None:
    assert Version(version(package)) >= Version(lowest)


@pytest.mark.parametrize(("package", "first_bad"), CEILINGS.items())
def test_no_installed_version_silences_the_scheduler(package: str, first_bad: str) -> None:
    assert Version(version(package)) < Version(first_bad)


def test_the_sqlite_we_use_cannot_corrupt_its_log() -> None:
    from pysqlite3 import dbapi2

    assert dbapi2.sqlite_version_info >= (3, 51, 3)


@pytest.mark.parametrize("lock", [LOCK, DEPLOYED], ids=["all", "deployed"])
def test_the_lock_file_holds_names_versions_and_hashes_only(lock: str) -> None:
    allowed = re.compile(r"[a-z0-9][a-z0-9._-]*==[\w.+!]+( ; [\w .<>=!'()-]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lock.splitlines() if not allowed.fullmatch(line)] == []
    assert "://" not in lock


def test_the_lock_file_covers_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    locked = set(re.findall(r"^([a-z0-9._-]+)==", LOCK, re.MULTILINE))
    names = {re.split(r"[\[<>=!~ ]", one)[0].lower().replace("_", "-") for one in wanted}
    assert names - locked == set()


def test_what_is_deployed_is_what_was_tested() -> None:
    assert set(DEPLOYED.split()) - {"\\"} <= set(LOCK.split())
    assert "pytest==" not in DEPLOYED


def test_imports_only_go_down_the_floors() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_parent_of_all_processes_does_not_load_the_scheduler() -> None:
    script = "import sys, service.__main__; print(sorted({'prefect', 'sqlmodel', 'fastapi', 'jinja2'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_module_says_in_one_sentence_what_it_is_for() -> None:
    sources = [path for floor in ("states", "documents", "service", "flows") for path in (ROOT / floor).rglob("*.py")]
    written = [path for path in sources if path.name != "__init__.py" and "versions" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in written if not path.read_text(encoding="utf-8").startswith('"""')] == []
