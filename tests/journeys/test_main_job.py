"""The main job without a script: from an empty store to a public page, through the forms as they stand on the pages."""

import io
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import docx
import pytest

from tests.documents.reading import text
from tests.journeys.main_job import LEFT_OUT, OWN_ANSWERED, OWN_TITLE, REWORDED, Files, walk
from tests.journeys.region import first_day, paper
from tests.journeys.visitor import Visitor
from tests.postoffice import PostOffice


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Files]]:
    """The whole walk, once; the control code and the files that came of it."""
    folder, post = tmp_path_factory.mktemp("main_job"), PostOffice()
    post.open()
    try:
        with first_day(folder, post) as region, ExitStack() as browsers:
            yield walk(region, lambda: browsers.enter_context(closing(Visitor(region.url))), paper(folder))
    finally:
        post.close()


def test_a_proposal_becomes_a_signed_and_published_agreement(walked: tuple[str, Files]) -> None:
    _, files = walked
    assert files.public != files.frozen
    assert "Torun Hällgren" in _words(files.public)
    assert "Britta Lund" in _words(files.public)


@pytest.mark.parametrize("name", ["frozen", "public"])
def test_the_word_files_hold_what_was_agreed_and_nothing_else(walked: tuple[str, Files], name: str) -> None:
    control_code, files = walked
    words = _words(getattr(files, name))
    for agreed in ("Scenkonst för barn och unga", REWORDED, OWN_TITLE, OWN_ANSWERED, control_code):
        assert agreed in words
    assert LEFT_OUT not in words


def test_the_paper_that_is_compared_is_the_paper_that_was_handed_in(walked: tuple[str, Files], tmp_path: Path) -> None:
    assert walked[1].scan == paper(tmp_path).read_bytes()


@pytest.mark.libreoffice
def test_another_program_opens_the_word_file(walked: tuple[str, Files], tmp_path: Path) -> None:
    control_code, files = walked
    (tmp_path / "agreed.docx").write_bytes(files.frozen)
    convert = ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "pdf"]
    subprocess.run(
        [*convert, "--outdir", str(tmp_path), str(tmp_path / "agreed.docx")], check=True, capture_output=True, timeout=180
    )
    read = ["pdftotext", "-layout", str(tmp_path / "agreed.pdf"), "-"]
    pages = subprocess.run(read, check=True, capture_output=True, text=True).stdout.split("\f")[:-1]
    assert all(control_code in page for page in pages)
    printed = re.sub(r"\s+", " ", " ".join(pages))
    assert OWN_TITLE in printed
    assert "kulturnämndens ordförande" in printed


def _words(file: bytes) -> str:
    """Everything in a Word file that is read, its footers too."""
    document = docx.Document(io.BytesIO(file))
    return " ".join(text(part) for part in (document.element.body, *(s.footer._element for s in document.sections)))
