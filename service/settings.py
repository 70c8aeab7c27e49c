"""The settings: one frozen object, read once from OVERENS_* and from the secrets' files, that refuses to be half right."""

import os
import secrets
from collections.abc import Mapping
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from rapidfuzz import process

from states.errors import OverensError

PREFIX = "OVERENS_"
SECRETS = ("secret_key", "secret_key_previous", "database_url", "smtp_password", "imap_password", "prefect_auth")
"""Settings that may also stand in a file: OVERENS_SECRET_KEY_FILE names the file that holds OVERENS_SECRET_KEY."""

TEST_PREFIX = "OVERENS_TEST_"
"""Variables of the test suite; they are nobody's setting and are passed by."""

SHORTEST_KEY = 32


class SettingsError(OverensError):
    """En inställning är fel."""

    code = "settings"


class _Variables(PydanticBaseSettingsSource):
    """The environment as plain strings: NAME_FILE is read here, and an unknown name is refused with the nearest known one."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 (all at once in __call__)
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return given(os.environ, tuple(self.settings_cls.model_fields))


class Settings(BaseSettings):
    """Everything an operator can choose. Read it with `load()`, which turns a fault into one sentence."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

    data_dir: Path = Field(Path(".overens"), description="The folder for everything the service keeps")
    database_url: str = Field(
        default_factory=lambda data: f"sqlite:///{data['data_dir'] / 'overens.sqlite3'}",
        description="Where the rows are: SQLite in the data folder, or postgresql://user:password@host/name",
    )
    base_url: str = Field("http://127.0.0.1:8000", description="The address people use; https everywhere but on this machine")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default_factory=lambda data: (urlsplit(data["base_url"]).hostname or "",) if "base_url" in data else (),
        description="Host names the web answers to, separated by commas; the one of the base URL when left out",
    )
    trusted_proxies: str = Field("", description="Addresses of proxies, separated by commas, whose X-Forwarded-For is believed")
    secret_key: SecretStr | None = Field(None, description="At least 32 characters; made once in the data folder when left out")
    secret_key_previous: SecretStr | None = Field(None, description="The key before this one, while links signed with it live")
    smtp_host: str = Field("", description="The mail server; without one, mail stays in Utkorg")
    smtp_port: int = Field(587, ge=1, le=65535, description="The mail server's port")
    smtp_user: str = Field("", description="The user at the mail server, where it asks for one")
    smtp_password: SecretStr | None = Field(None, description="That user's password")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="How the line is protected: none, starttls or tls"
    )
    smtp_sender: str = Field("overens@localhost", description="The address mail is sent from")
    smtp_per_minute: int = Field(2000, ge=1, description="The most mails a minute that one process hands over, spread evenly")
    imap_host: str = Field("", description="The server of the mailbox that replies come to; without one, nobody reads them")
    imap_port: int = Field(993, ge=1, le=65535, description="That server's port")
    imap_user: str = Field(
        "", description="The mailbox's user; the mailbox must be the service's own, what others read is passed by"
    )
    imap_password: SecretStr | None = Field(None, description="That user's password")
    imap_tls: Literal["none", "starttls", "tls"] = Field("tls", description="How that line is protected: none, starttls or tls")
    imap_folder: str = Field("INBOX", description="The folder of the mailbox that is read")
    imap_address: str | None = Field(
        None, description="The mailbox's address, where replies go; the sender's address when left out"
    )
    files_dir: Path = Field(default_factory=lambda data: data["data_dir"] / "files", description="The folder for documents")
    backup_dir: Path = Field(default_factory=lambda data: data["data_dir"] / "backups", description="The folder for backups")
    demo: bool = Field(False, description="The demonstration: invented people, links and codes shown in Utkorg")
    prefect_host: str = Field("127.0.0.1", description="Where the scheduler's server listens")
    prefect_port: int = Field(4200, ge=1, le=65535, description="The port of the scheduler's server")
    prefect_api_url: str = Field("", description="A scheduler that runs elsewhere; none is started here when it is given")
    prefect_auth: SecretStr | None = Field(None, description="user:password of the scheduler; made once when left out")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is worth a line in the log")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Variables(settings_cls)

    @field_validator("data_dir", "files_dir", "backup_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _driver(cls, value: str) -> str:
        for plain in ("postgresql://", "postgres://"):
            if value.startswith(plain):
                return "postgresql+psycopg://" + value.removeprefix(plain)
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("ska börja med sqlite:/// eller postgresql://")
        return value

    @field_validator("base_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("ska vara en adress utan sökväg, till exempel https://overens.exempel.se")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("ska börja med https:// när webbplatsen nås från andra datorer")
        return value.rstrip("/")

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("allowed_hosts")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in value:
            raise ValueError("ska räkna upp värdnamnen; * släpper in alla")
        return value

    @field_validator("secret_key", "secret_key_previous")
    @classmethod
    def _long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and (len(text := value.get_secret_value()) < SHORTEST_KEY or len(set(text)) < 8):
            raise ValueError(f"ska ha minst {SHORTEST_KEY} tecken och vara slumpad; gör en med: openssl rand -base64 48")
        return value

    @field_validator("smtp_user", "smtp_password")
    @classmethod
    def _plain(cls, value: str | SecretStr | None) -> str | SecretStr | None:
        if not (value.get_secret_value() if isinstance(value, SecretStr) else value or "").isascii():
            raise ValueError("får inte ha å, ä, ö eller andra tecken utanför ASCII; mejlservrar tar inte emot dem")
        return value

    @field_validator("smtp_sender", "imap_address")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if value.count("@") != 1 or not value.isprintable() or " " in value:
            raise ValueError("ska vara en e-postadress")
        return value

    @field_validator("prefect_auth")
    @classmethod
    def _pair(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not all(value.get_secret_value().partition(":")):
            raise ValueError("ska skrivas användare:lösenord")
        return value

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if self.smtp_password is not None and not self.smtp_user:
            raise ValueError(f"{PREFIX}SMTP_USER saknas fast {PREFIX}SMTP_PASSWORD är satt")
        if self.imap_host and not (self.imap_user and self.imap_password):
            raise ValueError(f"{PREFIX}IMAP_USER och {PREFIX}IMAP_PASSWORD ska båda vara satta när {PREFIX}IMAP_HOST är det")
        if self.demo and self.database_url.startswith("postgresql"):
            raise ValueError(f"{PREFIX}DEMO får bara köras i en egen mapp, inte mot en PostgreSQL-databas")
        return self

    @property
    def mode(self) -> Literal["embedded", "distributed"]:
        """Embedded is one machine with SQLite and its own scheduler; anything shared makes it distributed."""
        return "distributed" if self.prefect_api_url or self.database_url.startswith("postgresql") else "embedded"

    @property
    def mail_configured(self) -> bool:
        return bool(self.smtp_host)

    @property
    def inbox_configured(self) -> bool:
        return bool(self.imap_host)

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @cached_property
    def secret_keys(self) -> tuple[bytes, ...]:
        """The live keys, the one to sign with first; a key made in the data folder survives restarts."""
        first = self.secret_key.get_secret_value() if self.secret_key else kept(self.data_dir / "secret.key")
        previous = self.secret_key_previous.get_secret_value() if self.secret_key_previous else ""
        return tuple(key.encode() for key in (first, previous) if key)

    @cached_property
    def scheduler_auth(self) -> str:
        """user:password the scheduler's server asks for; random and kept in the data folder unless it is given."""
        return self.prefect_auth.get_secret_value() if self.prefect_auth else "overens:" + kept(self.data_dir / "scheduler.key")

    @property
    def scheduler_url(self) -> str:
        """The scheduler's API, without a slash at the end."""
        return self.prefect_api_url.rstrip("/") or f"http://127.0.0.1:{self.prefect_port}/api"


def load(**chosen: object) -> Settings:
    """The settings of this process, `chosen` before the environment; raises SettingsError, which names the fault."""
    try:
        return Settings(**chosen)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(" ".join(_sentence(fault["loc"], fault["msg"], fault["type"]) for fault in error.errors())) from None


def given(environment: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """The values in the environment by field name; raises SettingsError on a name we do not have or a file we cannot read."""
    known = {PREFIX + name.upper(): name for name in names}
    files = {PREFIX + name.upper() + "_FILE": name for name in SECRETS}
    values: dict[str, str] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable.startswith(TEST_PREFIX):
            continue
        if variable in known:
            values[known[variable]] = value
        elif variable in files:
            values[files[variable]] = _read(variable, Path(value))
        else:
            nearest = process.extractOne(variable, [*known, *files])[0]
            raise SettingsError(f"{variable} finns inte. Menade du {nearest}?")
    for name in SECRETS:
        if {PREFIX + name.upper(), PREFIX + name.upper() + "_FILE"} <= environment.keys():
            raise SettingsError(f"{PREFIX}{name.upper()} är satt två gånger, som värde och som fil. Behåll den ena.")
    return values


def kept(path: Path) -> str:
    """The secret in this file, made on first use with mode 0600; two processes that start together agree on one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        if not path.exists():
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                os.link(fresh, path)  # unlike rename, link never replaces the file of the one who came first
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        value = path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR: {path} kan inte användas ({error.strerror}).") from None
    if len(value) < SHORTEST_KEY:
        raise SettingsError(f"{path} är tom eller för kort. Ta bort filen så görs en ny.")
    return value


def is_loopback(host: str) -> bool:
    """Whether this host name is this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _read(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{variable}: filen {path} kan inte läsas.") from None


def _sentence(place: tuple[int | str, ...], message: str, kind: str) -> str:
    """One fault of pydantic's in words; a value is never repeated, it may be a secret."""
    if not place:
        return message.removeprefix("Value error, ") + "."
    if kind == "extra_forbidden":
        return f"Inställningen {place[0]} finns inte."
    return f"{PREFIX}{str(place[0]).upper()}: {_WORDS.get(kind, message.removeprefix('Value error, '))}."


_WORDS = {
    "int_parsing": "ska vara ett heltal",
    "bool_parsing": "ska vara true eller false",
    "greater_than_equal": "är för litet",
    "less_than_equal": "är för stort",
}
