"""Commands end with the code they earned, one plain fact a line, and a sentence a person understands; never a traceback."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from service.__main__ import AWAY, DONE, FOUND, REFUSED, USAGE, run

ROOT = Path(__file__).parents[2]
Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERENS_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def region(capsys: Said) -> None:
    assert run(["migrate"]) == DONE
    assert run(["organisation", "add", "Region Dalarna", "--kind", "region", "--case-prefix", "RD"]) == DONE
    capsys.readouterr()


def one_sentence(said: Said) -> str:
    """What was said on stderr, with nothing on stdout and no trace of Python."""
    out, err = said.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return err


def test_an_unknown_setting_is_named_with_the_nearest(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setenv("OVERENS_SMTP_HOTS", "x")
    assert run(["check"]) == USAGE
    assert one_sentence(capsys) == "OVERENS_SMTP_HOTS finns inte. Menade du OVERENS_SMTP_HOST?\n"


def test_a_wrong_value_is_named_and_never_repeated(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setenv("OVERENS_SECRET_KEY", "hemligt")
    assert run(["check"]) == USAGE
    said = one_sentence(capsys)
    assert said.startswith("OVERENS_SECRET_KEY: ska ha minst 32 tecken")
    assert "hemligt" not in said


def test_a_port_in_use_is_named(capsys: Said) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["serve", "--port", str(port)]) == USAGE
    assert one_sentence(capsys) == f"Porten {port} används redan av något annat. Välj en annan med --port.\n"


@pytest.mark.parametrize("command", [["migrate"], ["check"], ["organisation", "list"]])
def test_a_data_folder_that_cannot_be_used_is_said(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("OVERENS_DATA_DIR", str(tmp_path / "file" / "below"))
    assert run(command) == AWAY
    assert f"Mappen {tmp_path / 'file' / 'below'} kan inte användas" in one_sentence(capsys)


@pytest.mark.parametrize("command", [["migrate"], ["check"], ["remind"], ["user", "list"], ["backup", "."]])
def test_a_database_out_of_reach_is_said_without_its_password(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("OVERENS_DATABASE_URL", "postgresql://overens:hemligt@127.0.0.1:1/overens")
    assert run(command) == AWAY
    said = one_sentence(capsys)
    assert "kan inte nås eller läsas" in said
    assert "hemligt" not in said


def test_a_file_that_is_no_database_is_said(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "overens.sqlite3").write_bytes(b"something else entirely" * 500)
    assert run(["check"]) == AWAY
    assert "kan inte nås eller läsas" in one_sentence(capsys)


def test_an_unknown_command_or_option_is_a_wrong_use(capsys: Said) -> None:
    assert run(["chekc"]) == USAGE
    assert run(["restore"]) == USAGE
    assert run(["remind", "--at", "i morgon"]) == USAGE
    assert run(["backup", "x", "--keep", "-1"]) == USAGE
    assert capsys.readouterr().out == ""


def test_a_reminder_of_the_future_can_only_be_looked_at(region: None, capsys: Said) -> None:
    assert run(["remind", "--at", "2999-01-01T08:00"]) == USAGE
    assert run(["remind", "--at", "2999-01-01T08:00", "--dry-run"]) == DONE
    assert run(["remind", "--at", "2020-01-01T08:00"]) == DONE
    assert capsys.readouterr().out == "planned 0 queued 0 skipped 0 tasks 0\n"


def test_a_backup_that_is_not_there_and_one_that_is_damaged(tmp_path: Path, capsys: Said) -> None:
    assert run(["restore", str(tmp_path / "gone.tar"), "--yes"]) == AWAY
    assert "gone.tar kan inte läsas" in one_sentence(capsys)
    (tmp_path / "odd.tar").write_bytes(b"odd" * 1000)
    assert run(["restore", str(tmp_path / "odd.tar"), "--yes"]) == REFUSED
    assert "Säkerhetskopian kan inte användas: den är ingen säkerhetskopia från Överens" in one_sentence(capsys)


def test_a_folder_for_backups_that_cannot_be_used(region: None, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "file").touch()
    assert run(["backup", str(tmp_path / "file" / "below")]) == AWAY
    assert "kan inte användas" in one_sentence(capsys)


def test_a_database_without_tables_is_not_backed_up(tmp_path: Path, capsys: Said) -> None:
    assert run(["backup", str(tmp_path / "backups")]) == REFUSED
    assert "overens migrate" in one_sentence(capsys)


def test_there_and_back_again(region: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setenv("OVERENS_BACKUP_DIR", str(tmp_path / "backups"))
    for _ in range(2):
        assert run(["backup", str(tmp_path / "backups"), "--keep", "2"]) == DONE
    assert run(["backup", "--keep", "2"]) == DONE
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in out] == ["verified", "verified", "verified", "removed"]
    assert run(["check", "--settings"]) == DONE
    assert "Senaste prövade säkerhetskopia: 20" in capsys.readouterr().err
    newest = max((tmp_path / "backups").iterdir())
    assert run(["restore", str(newest), "--yes"]) == REFUSED
    assert "är inte tom" in one_sentence(capsys)
    monkeypatch.setenv("OVERENS_DATA_DIR", str(tmp_path / "new"))
    assert run(["restore", str(newest)]) == REFUSED  # nobody is there to say yes
    assert "Inget har ändrats" in one_sentence(capsys)
    assert run(["restore", str(newest), "--yes", "--json"]) == DONE
    said = capsys.readouterr()
    assert json.loads(said.out)["held"] == 0
    assert "Nyckeln är en annan" in said.err
    assert "för mindre än en timme sedan" in said.err
    assert run(["organisation", "list"]) == DONE
    assert "Region Dalarna" in capsys.readouterr().out


def test_a_bad_backup_ends_with_one_and_removes_nothing(region: None, tmp_path: Path, capsys: Said) -> None:
    assert run(["backup", str(tmp_path / "b")]) == DONE
    _damage(tmp_path / "data" / "overens.sqlite3")
    capsys.readouterr()
    assert run(["backup", str(tmp_path / "b"), "--keep", "1"]) == FOUND
    assert "klarade inte provet" in one_sentence(capsys)
    assert sorted(path.name.partition("Z.")[2] for path in (tmp_path / "b").iterdir()) == ["failed.tar", "tar"]


def test_a_mailbox_that_does_not_open_is_found(region: None, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for name, value in {"HOST": "127.0.0.1", "PORT": str(port), "TLS": "none", "USER": "svar", "PASSWORD": "hemligt ord"}.items():
        monkeypatch.setenv(f"OVERENS_IMAP_{name}", value)
    assert run(["check", "--settings"]) == FOUND
    said = capsys.readouterr()
    assert "mailbox-away - Brevlådan för svar går inte att öppna: servern svarar inte." in said.out
    assert "no-reply-address" in said.out
    assert "hemligt ord" not in said.out + said.err


@pytest.mark.parametrize("arguments", [["--json", "check"], ["check", "--json"], ["check", "--chain", "--json"]])
def test_a_finding_has_a_page_to_go_to(region: None, arguments: list[str], tmp_path: Path, capsys: Said) -> None:
    assert run(arguments) == DONE
    _damage(tmp_path / "data" / "overens.sqlite3")
    assert capsys.readouterr().out == ""
    assert run(arguments) == FOUND
    found = json.loads(capsys.readouterr().out)
    assert (found["code"], found["page"]) == ("broken-chain", "http://127.0.0.1:8000/logg")
    assert run(["check", "--invariants"]) == DONE


def test_a_database_of_an_older_form_is_a_finding(capsys: Said) -> None:
    assert run(["check"]) == FOUND
    assert "schema-behind" in capsys.readouterr().out


def test_a_silent_scheduler_is_out_of_reach_only_when_asked_about(
    region: None, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("OVERENS_PREFECT_PORT", "1")
    assert run(["check"]) == DONE
    assert "Schemat svarar inte" in capsys.readouterr().err
    assert run(["check", "--schedules"]) == AWAY


def test_the_language_that_is_not_there_yet_is_said(capsys: Said) -> None:
    assert run(["--lang", "en", "version"]) == DONE
    assert "not there yet" in capsys.readouterr().err
    assert run(["--lang", "fi", "version"]) == USAGE


def test_every_list_speaks_json(region: None, capsys: Said) -> None:
    assert run(["organisation", "list", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out) == {"kind": "region", "municipality_code": None, "name": "Region Dalarna"}
    assert run(["version", "--json"]) == DONE
    assert {"overens", "sqlite"} <= json.loads(capsys.readouterr().out).keys()


def test_without_the_clients_of_postgresql_the_backup_says_what_to_install(tmp_path: Path) -> None:
    """The whole command in a process of its own, with nothing on its path."""
    script = (
        "from service.store import dump; from states.errors import OverensError; from pathlib import Path\n"
        "try: dump._dump('postgresql+psycopg://a:hemligt@h/d', Path('x'))\n"
        "except OverensError as error: print(error.message)"
    )
    bare = {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    said = subprocess.run([sys.executable, "-c", script], env=bare, capture_output=True, text=True, check=True).stdout
    assert said == "Programmet pg_dump saknas. Installera PostgreSQL:s klientprogram (postgresql-client).\n"


def _damage(path: Path) -> None:
    """Change the end of the chain behind the product's back."""
    assert os.path.getsize(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE chain_head SET hash = 'x'")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clock: [", "rad 1: filen är inte giltig YAML"),
        ("a: 1\n b: 2\n", "rad 2: filen är inte giltig YAML"),
        ("- a\n", "är inget exempel: clock, adopted, created, region, staff, municipalities saknas"),
        ("clock: 2027-01-01\nregion: {}\n", "adopted, created, staff, municipalities saknas"),
        ("\x00", "kan inte läsas som text"),
    ],
)
def test_a_broken_example_is_said_with_its_line(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("OVERENS_DEMO", "true")
    (tmp_path / "story.yaml").write_text(text)
    assert run(["seed", "--fixtures", str(tmp_path / "story.yaml")]) == USAGE
    assert said in one_sentence(capsys)
    assert run(["seed", "--fixtures", str(tmp_path / "gone.yaml")]) == USAGE
    assert "gone.yaml kan inte läsas" in one_sentence(capsys)


def test_an_example_is_laid_in_a_demonstration_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    assert run(["seed"]) == USAGE
    assert "Sätt OVERENS_DEMO=true" in one_sentence(capsys)
    monkeypatch.setenv("OVERENS_DEMO", "true")
    assert run(["migrate"]) == DONE
    shutil.copyfile(ROOT / "service" / "demo" / "dalarna.yaml", tmp_path / "own.yaml")
    assert run(["seed", "--fixtures", str(tmp_path / "own.yaml")]) == DONE
    assert run(["seed"]) == DONE
    assert capsys.readouterr().out == "migrated\nseeded\nalready seeded\n"
