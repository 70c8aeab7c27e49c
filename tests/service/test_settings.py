"""The settings say in one sentence what is wrong, and never guess."""

import stat
from pathlib import Path

import pytest

from service.settings import SECRETS, Settings, SettingsError, load

KEY = "k9Vx2mQw7Lr4Tz8Bn3Hs6Yd1Fg5Jc0Pa"


@pytest.fixture(autouse=True)
def _an_empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"OVERENS_{name.upper()}", raising=False)


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    return caught.value.message


def test_nothing_needs_to_be_set_on_one_machine(tmp_path: Path) -> None:
    settings = load()
    assert settings.data_dir == tmp_path / ".overens"
    assert settings.database_url == f"sqlite:///{tmp_path}/.overens/overens.sqlite3"
    assert settings.files_dir == tmp_path / ".overens" / "files"
    assert settings.allowed_hosts == ("127.0.0.1",)
    assert settings.mode == "embedded"
    assert not settings.mail_configured


def test_an_unknown_variable_is_refused_with_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, OVERENS_SMTP_HOTS="x") == "OVERENS_SMTP_HOTS finns inte. Menade du OVERENS_SMTP_HOST?"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SMTP_PORT", "mail", "OVERENS_SMTP_PORT: ska vara ett heltal."),
        ("SMTP_PORT", "0", "OVERENS_SMTP_PORT: är för litet."),
        ("DEMO", "kanske", "OVERENS_DEMO: ska vara true eller false."),
        ("DATABASE_URL", "mysql://x", "OVERENS_DATABASE_URL: ska börja med sqlite:/// eller postgresql://."),
        ("BASE_URL", "overens", "OVERENS_BASE_URL: ska vara en adress utan sökväg"),
        ("BASE_URL", "http://overens.exempel.se", "OVERENS_BASE_URL: ska börja med https://"),
        ("ALLOWED_HOSTS", "*", "OVERENS_ALLOWED_HOSTS: ska räkna upp värdnamnen"),
        ("SECRET_KEY", "hemlig", "OVERENS_SECRET_KEY: ska ha minst 32 tecken"),
        ("SECRET_KEY", "a" * 64, "OVERENS_SECRET_KEY: ska ha minst 32 tecken och vara slumpad"),
        ("SMTP_SENDER", "a@b\nBcc: c@d", "OVERENS_SMTP_SENDER: ska vara en e-postadress."),
        ("SMTP_TLS", "ssl", "OVERENS_SMTP_TLS: "),
        ("PREFECT_AUTH", "bara-ett-ord", "OVERENS_PREFECT_AUTH: ska skrivas användare:lösenord."),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    assert refusal(monkeypatch, **{f"OVERENS_{name}": value}).startswith(said)


def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "korthemlis" not in refusal(monkeypatch, OVERENS_SECRET_KEY="korthemlis")


def test_a_password_without_a_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "OVERENS_SMTP_USER saknas" in refusal(monkeypatch, OVERENS_SMTP_PASSWORD="x")


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_can_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    value = {"database_url": "postgresql://u@h/d", "prefect_auth": "user:pass"}.get(name, KEY)
    (tmp_path / "secret").write_text(value + "\n")
    monkeypatch.setenv("OVERENS_SMTP_USER", "post")
    monkeypatch.setenv(f"OVERENS_{name.upper()}_FILE", str(tmp_path / "secret"))
    read = getattr(load(), name)
    assert (read if isinstance(read, str) else read.get_secret_value()) == value.replace("postgresql:", "postgresql+psycopg:")


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(KEY)
    said = refusal(monkeypatch, OVERENS_SECRET_KEY=KEY, OVERENS_SECRET_KEY_FILE=str(tmp_path / "secret"))
    assert said.startswith("OVERENS_SECRET_KEY är satt två gånger")


def test_a_secret_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, OVERENS_SECRET_KEY_FILE="/nowhere") == "OVERENS_SECRET_KEY_FILE: filen /nowhere kan inte läsas."


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first, second = load().secret_keys, load().secret_keys
    assert first == second
    assert len(first[0]) >= 32
    assert stat.S_IMODE((tmp_path / ".overens" / "secret.key").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / ".overens").iterdir()] == ["secret.key"]


def test_two_keys_live_while_one_takes_over_from_the_other() -> None:
    assert load(secret_key=KEY, secret_key_previous=KEY[::-1]).secret_keys == (KEY.encode(), KEY[::-1].encode())


def test_an_emptied_key_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / ".overens").mkdir()
    (tmp_path / ".overens" / "secret.key").write_text("")
    with pytest.raises(SettingsError, match="är tom eller för kort"):
        _ = load().secret_keys


def test_a_plain_postgresql_address_gets_our_driver() -> None:
    settings = load(database_url="postgres://u:p@h/d")
    assert settings.database_url == "postgresql+psycopg://u:p@h/d"
    assert settings.mode == "distributed"


def test_the_settings_cannot_be_changed_and_show_no_secret() -> None:
    settings = load(secret_key=KEY)
    with pytest.raises(ValueError, match="frozen"):
        settings.demo = True  # type: ignore[misc]
    assert KEY not in repr(settings)


def test_the_variables_of_the_test_suite_are_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERENS_TEST_EVERYTHING", "1")
    assert load().demo is False
