"""A region starts from nothing at the command line: itself, its municipalities, the people who sign in."""

import io
from pathlib import Path

import pytest

from service.__main__ import DONE, REFUSED, USAGE, run


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERENS_DATA_DIR", str(tmp_path))
    assert run(["migrate"]) == DONE
    assert run(["organisation", "add", "Region Dalarna", "--kind", "region", "--case-prefix", "RD"]) == DONE
    assert run(["organisation", "add", "Gagnefs kommun", "--code", "2026", "--short-name", "Gagnef"]) == DONE


def test_a_strategist_gets_an_account_with_a_secret_for_the_app(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("en ganska lång mening\n"))
    said = [
        "user",
        "add",
        "elin@region.example",
        "--name",
        "Elin Åsberg",
        "--role",
        "strategist",
        "--organisation",
        "Region Dalarna",
    ]
    assert run(said) == DONE
    assert "otpauth://totp/" in capsys.readouterr().out
    assert run(["user", "list"]) == DONE
    assert "elin@region.example strategist Region Dalarna" in capsys.readouterr().out


def test_a_short_password_is_refused_and_nobody_is_added(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("kort\n"))
    said = [
        "user",
        "add",
        "elin@region.example",
        "--name",
        "Elin Åsberg",
        "--role",
        "strategist",
        "--organisation",
        "Region Dalarna",
    ]
    assert run(said) == USAGE
    assert run(["user", "list"]) == DONE
    assert "elin" not in capsys.readouterr().out


def test_a_contact_needs_no_password_and_gets_a_link_until_blocked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["user", "add", "olle@gagnef.example", "--name", "Olle Ekman", "--role", "main", "--organisation", "2026"]) == DONE
    assert run(["user", "link", "olle@gagnef.example"]) == DONE
    assert "main http://127.0.0.1:8000/k/" in capsys.readouterr().out
    assert run(["user", "block", "olle@gagnef.example"]) == DONE
    assert run(["user", "list"]) == DONE
    assert "spärrad" in capsys.readouterr().out


def test_what_is_unknown_or_taken_is_said_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["user", "link", "ingen@example.se"]) == USAGE
    assert "Ingen har adressen ingen@example.se." in capsys.readouterr().err
    assert run(["organisation", "add", "Gagnefs kommun", "--code", "2026"]) == REFUSED
    assert run(["user", "add", "a@b.se", "--name", "A", "--role", "main", "--organisation", "9999"]) == USAGE
