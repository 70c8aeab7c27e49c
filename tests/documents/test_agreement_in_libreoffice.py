"""An agreement as another program sees it: converted to PDF, with its pages counted and its words read."""

import re
import subprocess
from pathlib import Path

import pytest

from documents.base import Kind
from states.facts import AgreementFacts, SignatoryFacts, canonical, control_code, spoken
from tests.documents.sample import CHAIR, FALU, GAGNEF, HEAD, REGION, THREE, agreement
from tests.documents.test_agreement import word

pytestmark = pytest.mark.libreoffice

FILES: dict[str, tuple[AgreementFacts, Kind, tuple[SignatoryFacts, ...], range]] = {
    "frozen": (agreement(), "frozen", (HEAD, CHAIR), range(4, 7)),
    "draft": (agreement(), "draft", (HEAD,), range(4, 7)),
    "short": (agreement(1), "frozen", (HEAD, *THREE), range(2, 5)),
    "long": (agreement(30), "frozen", (HEAD, CHAIR), range(10, 14)),
    "parties": (agreement(3, (REGION, GAGNEF, FALU)), "frozen", (HEAD, CHAIR), range(3, 5)),
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """All files in one start of LibreOffice, under a profile of its own; the text of each page by file."""
    folder = tmp_path_factory.mktemp("pdf")
    for name, (facts, kind, signatories, _) in FILES.items():
        (folder / f"{name}.docx").write_bytes(word(facts, kind, signatories))
    command = ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", "pdf"]
    files = [str(path) for path in folder.glob("*.docx")]
    subprocess.run([*command, "--outdir", str(folder), *files], check=True, capture_output=True, timeout=180)
    return {name: _pages(folder / f"{name}.pdf") for name in FILES}


def _pages(pdf: Path) -> list[str]:
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True).stdout
    return text.split("\f")[:-1]


@pytest.mark.parametrize("name", FILES)
def test_every_page_is_numbered_and_says_what_it_belongs_to(pages: dict[str, list[str]], name: str) -> None:
    facts, kind, _, expected = FILES[name]
    assert len(pages[name]) in expected
    says = f"Kontrollkod {spoken(control_code(canonical(facts)))}" if kind == "frozen" else "Utkast"
    for number, page in enumerate(pages[name], 1):
        assert f"Sida {number} av {len(pages[name])}" in page
        assert says in page


@pytest.mark.parametrize("name", FILES)
def test_every_word_of_every_area_is_on_paper(pages: dict[str, list[str]], name: str) -> None:
    said = re.sub(r"\s+", " ", " ".join(_body(page) for page in pages[name]))
    for clause in FILES[name][0].clauses:
        assert f"{clause.number}. {clause.title}" in said
        for text in clause.fields.values():
            for line in filter(None, text.split("\n")):
                assert line in said


def _body(page: str) -> str:
    """A page without its header and footer."""
    lines = [line for line in page.splitlines() if line.strip()]
    return "\n".join(lines[1:-2])


@pytest.mark.parametrize("name", FILES)
def test_no_signature_is_split_between_pages(pages: dict[str, list[str]], name: str) -> None:
    for page in pages[name]:
        rows = [
            len(re.findall(rf"^ *{row}", page, re.MULTILINE)) for row in ("Ort och datum", "Namnförtydligande", "Beslut eller")
        ]
        assert len(set(rows)) == 1


def test_two_signatures_stand_on_one_page(pages: dict[str, list[str]]) -> None:
    last = pages["frozen"][-1]
    assert "För Region Dalarna" in last
    assert "För Gagnefs kommun" in last
    assert f"Underskrifterna gäller {agreement().title}" in re.sub(r"\s+", " ", last)
