"""The main job by API: the script with curl that newcomers read, against a really running service and a real mail server."""

import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from urllib.request import urlopen

import docx
import pytest

from service.__main__ import DONE, run
from tests.conftest import EVERYTHING
from tests.documents.reading import text
from tests.journeys.region import PASSWORD, paper
from tests.postoffice import PostOffice

SCRIPT = Path(__file__).with_name("main_job.sh")
PLAN = Path(__file__).parents[2] / "service" / "examples" / "dalarna.yaml"
STRATEGISTS = {"ELIN": ("elin@region.example", "Elin Åsberg"), "JOAR": ("joar@region.example", "Joar Hedqvist")}

pytestmark = pytest.mark.skipif(
    not EVERYTHING and not (shutil.which("curl") and shutil.which("bash")), reason="no curl here: apt-get install curl"
)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Path]:
    """A mail server's folder: each mail is a file there as soon as it has been taken."""
    folder, office, ended = tmp_path / "mail", PostOffice(), threading.Event()
    folder.mkdir()

    def drop() -> None:
        written = 0
        while not ended.wait(0.05):
            for raw in office.taken[written:]:
                (folder / "part").write_bytes(raw)
                (folder / "part").rename(folder / f"{written:04}.eml")
                written += 1

    office.open()
    thread = threading.Thread(target=drop)
    thread.start()
    (tmp_path / "port").write_text(str(office.settings.port))
    try:
        yield folder
    finally:
        ended.set()
        thread.join()
        office.close()


def test_the_main_job_runs_from_the_first_day_to_the_public_page_with_curl(
    post: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing but the API and the pages that sign people in."""
    out, address = tmp_path / "out", f"http://127.0.0.1:{_free_port()}"
    out.mkdir()
    for name, value in {
        "DATA_DIR": str(tmp_path / "data"),
        "BASE_URL": address,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": (tmp_path / "port").read_text(),
        "SMTP_TLS": "none",
        "SMTP_SENDER": "overens@region.example",
    }.items():
        monkeypatch.setenv(f"OVERENS_{name}", value)
    secrets = _enrol(monkeypatch, capsys)
    with _serving(address, tmp_path / "serve.log"):
        arguments = [address, str(post), str(PLAN), str(paper(tmp_path)), str(out)]
        ran = subprocess.run(
            ["bash", str(SCRIPT), *arguments], env=os.environ | secrets, capture_output=True, text=True, timeout=120, check=False
        )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}\n{(tmp_path / 'serve.log').read_text()[-3000:]}"
    said = dict(line.split(" ", 1) for line in ran.stdout.splitlines() if not line.startswith("–"))
    assert said["public_page"].startswith(f"{address}/publikt/")
    for file in (said["word_file"], said["public_file"]):
        words = _words(Path(file))
        assert "i hela kommunen, även i fjällnära byar" in words
        assert "Spelmansstämmor och folkmusik" in words
        assert "alla barn får pröva" in words
        assert "Folkbildning och folkhögskola" not in words
        assert _spoken(said["control_code"]) in words
    assert "Torun Hällgren" in _words(Path(said["public_file"]))
    assert "Britta Lund" in _words(Path(said["public_file"]))
    assert _spoken(said["control_code"]) in (out / "page.html").read_text()


def _enrol(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The commands of the first day; returns what the script needs to know of its strategists."""
    assert run(["migrate"]) == DONE
    assert run(["organisation", "add", "Region Dalarna", "--kind", "region", "--case-prefix", "RD"]) == DONE
    assert run(["organisation", "add", "Gagnefs kommun", "--code", "2026", "--short-name", "Gagnef"]) == DONE
    secrets: dict[str, str] = {}
    for person, (email, name) in STRATEGISTS.items():
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
        words = ["user", "add", email, "--name", name, "--role", "strategist", "--organisation", "Region Dalarna", "--json"]
        assert run(words) == DONE
        secrets |= {f"{person}_PASSWORD": PASSWORD, f"{person}_SECRET": json.loads(capsys.readouterr().out)["totp_secret"]}
    return secrets


@contextmanager
def _serving(address: str, log: Path) -> Iterator[None]:
    """`overens serve` as a process of its own until the block ends."""
    command = [sys.executable, "-m", "service", "serve", "--port", address.rpartition(":")[2]]
    with log.open("w") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            end = time.monotonic() + 30
            while not _answers(address):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, "the service did not start"
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(20)


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _words(file: Path) -> str:
    document = docx.Document(io.BytesIO(file.read_bytes()))
    return " ".join(text(part) for part in (document.element.body, *(s.footer._element for s in document.sections)))


def _spoken(code: str) -> str:
    """A control code as people read it: its first sixteen signs by four."""
    return "-".join(code[i : i + 4] for i in range(0, 16, 4)).upper()
