"""A region on its first day: an empty store, its people from the command line, a site on a real port and a real mail server."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from socket import socket
from unittest.mock import patch

import pyotp
import pytest

from service.__main__ import DONE, run
from service.app import create_app
from service.settings import load
from tests.browser import serving
from tests.postoffice import PostOffice, text

PASSWORD = "en lång mening om dalahästar"


@dataclass(frozen=True, slots=True)
class Region:
    """The site's address, what its mail server has taken, and the secrets of its people's apps by e-mail address."""

    url: str
    post: PostOffice
    secrets: dict[str, str]

    def one_time_code(self, email: str) -> str:
        """What the person's app shows now."""
        return pyotp.TOTP(self.secrets[email]).now()

    def mail_to(self, email: str) -> EmailMessage:
        """The newest mail that has reached this address."""
        return [mail for mail in self.post.mails if email in str(mail["To"])][-1]

    def link_to(self, email: str) -> str:
        """The link in the newest mail, as its reader would press it."""
        return _only(rf"{re.escape(self.url)}/k/\S+", text(self.mail_to(email)))

    def code_to(self, email: str) -> str:
        """The code in the newest mail."""
        return _only(r"^\s*([A-Z0-9]{4} ?[A-Z0-9]{4})\s*$", text(self.mail_to(email)))


@contextmanager
def first_day(folder: Path, post: PostOffice) -> Iterator[Region]:
    """Region Dalarna with Gagnef in its register and two strategists, nothing else; served until the block ends."""
    address = f"http://127.0.0.1:{_free_port()}"
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "DATA_DIR": str(folder),
            "BASE_URL": address,
            "SMTP_HOST": post.settings.host,
            "SMTP_PORT": str(post.settings.port),
            "SMTP_TLS": "none",
            "SMTP_SENDER": post.settings.sender,
        }.items():
            environment.setenv(f"OVERENS_{name}", value)
        secrets = _enrol()
        app = create_app(load())
        try:
            with serving(app, int(address.rpartition(":")[2])) as url:
                yield Region(url, post, secrets)
        finally:
            app.state.house.store.close()


def _enrol() -> dict[str, str]:
    """The commands of the first day; the secret for the app is printed once, to whoever adds the person."""
    _command("migrate")
    region = ["--kind", "region", "--org-no", "232100-0180", "--case-prefix", "RD", "--email", "registrator@region.example"]
    _command("organisation", "add", "Region Dalarna", *region)
    gagnef = ["--code", "2026", "--short-name", "Gagnef", "--org-no", "212000-2155", "--email", "registrator@gagnef.example"]
    _command("organisation", "add", "Gagnefs kommun", *gagnef)
    secrets = {}
    for name, email in (("Elin Åsberg", "elin@region.example"), ("Joar Hedqvist", "joar@region.example")):
        role = ["--name", name, "--role", "strategist", "--organisation", "Region Dalarna"]
        said = _command("--json", "user", "add", email, *role, typed=f"{PASSWORD}\n")
        secrets[email] = json.loads(said)["totp_secret"]
    return secrets


def _command(*words: str, typed: str = "") -> str:
    with patch("sys.stdin", io.StringIO(typed)), redirect_stdout(io.StringIO()) as said:
        assert run(list(words)) == DONE
    return said.getvalue()


def _only(pattern: str, where: str) -> str:
    found = re.search(pattern, where, re.MULTILINE)
    assert found is not None, f"{pattern} is not in:\n{where}"
    return found[1] if found.re.groups else found[0]


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def paper(folder: Path) -> Path:
    """A scan of one page, as the municipality's copier makes it."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    )
    body, starts = b"%PDF-1.4\n", list[int]()
    for number, each in enumerate(objects, 1):
        starts.append(len(body))
        body += b"%d 0 obj%bendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    end = b"xref\n0 4\n0000000000 65535 f \n%btrailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (table, len(body))
    file = folder / "underskrift.pdf"
    file.write_bytes(body + end)
    return file
