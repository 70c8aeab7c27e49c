"""An agreement in Word: the same bytes each time, every field found again, a document that screen readers and Word can follow."""

import hashlib
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from lxml import etree
from openxml_audit import OpenXmlValidator

from documents import anchors
from documents.agreement import LABELS, StrangeSignatory, WrongCode, render
from documents.base import Kind, base
from documents.markup import IllegalCharacter, paragraphs
from states.facts import AgreementFacts, SignatoryFacts, canonical, control_code, from_canonical, spoken
from tests.documents.reading import attributes, by_bookmarks, by_controls, part, parts, styled, text
from tests.documents.sample import CHAIR, FALU, GAGNEF, HEAD, MODIFIED, REGION, THREE, agreement

ALLOWED = {"The 'signinginstructions' attribute is not declared."}
"""One for each signature line: Word itself writes `o:signinginstructions`, the schema forgot it (word.md §12)."""

KINDS: tuple[Kind, ...] = ("draft", "frozen")
CASES = {
    "one area": (agreement(1), (HEAD, CHAIR)),
    "eight areas": (agreement(), (HEAD, CHAIR)),
    "thirty areas": (agreement(30), (HEAD,)),
    "no areas": (agreement(0), ()),
    "three signatories": (agreement(2), (HEAD, *THREE)),
    "three parties": (agreement(3, (REGION, GAGNEF, FALU)), (HEAD, CHAIR)),
}
cases = pytest.mark.parametrize(("facts", "signatories"), CASES.values(), ids=CASES.keys())
kinds = pytest.mark.parametrize("kind", KINDS)


def word(facts: AgreementFacts, kind: Kind = "frozen", signatories: tuple[SignatoryFacts, ...] = (HEAD, CHAIR)) -> bytes:
    code = control_code(canonical(facts)) if kind == "frozen" else None
    return render(facts, kind=kind, code=code, signatories=signatories, modified=MODIFIED)


def body(docx_file: bytes) -> etree._Element:
    return part(docx_file, "word/document.xml")


def running_text(docx_file: bytes) -> str:
    return " ".join(
        text(etree.fromstring(data)) for name, data in parts(docx_file).items() if re.match(r"word/(header|footer)", name)
    )


# the same bytes


PROGRAM = """
import hashlib
from tests.documents.sample import *
from documents.agreement import render
from states.facts import canonical, control_code
f = agreement()
draft = render(f, kind="draft", code=None, signatories=(HEAD, CHAIR), modified=MODIFIED)
frozen = render(f, kind="frozen", code=control_code(canonical(f)), signatories=(HEAD, CHAIR), modified=MODIFIED)
print(hashlib.sha256(draft + frozen).hexdigest())
"""


def _hash_in_new_process(zone: str, seed: str) -> str:
    environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_identical_facts_give_identical_bytes_in_other_processes_and_time_zones() -> None:
    here = hashlib.sha256(word(agreement(), "draft") + word(agreement())).hexdigest()
    assert {_hash_in_new_process("Pacific/Auckland", "1"), _hash_in_new_process("America/Lima", "2"), here} == {here}


def test_the_zone_a_time_is_given_in_does_not_matter() -> None:
    summer = MODIFIED.astimezone(timezone(timedelta(hours=2)))
    facts = agreement(1)
    assert render(facts, kind="draft", code=None, signatories=(), modified=summer) == word(facts, "draft", ())


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        render(agreement(1), kind="draft", code=None, signatories=(), modified=datetime(2027, 9, 20))


# anchors


@kinds
@cases
def test_both_kinds_of_anchor_give_back_every_field_and_text(
    facts: AgreementFacts, signatories: tuple[SignatoryFacts, ...], kind: Kind
) -> None:
    root = body(word(facts, kind, signatories))
    expected = {(c.clause_id.replace("-", ""), anchors.TITLE): [c.title] for c in facts.clauses} | {
        (c.clause_id.replace("-", ""), field): paragraphs(c.fields[field]) for c in facts.clauses for field in LABELS
    }
    written = {key: texts for key, texts in expected.items() if texts}
    assert {key: texts for key, texts in by_controls(root).items() if texts} == written
    assert {key: texts for key, texts in by_bookmarks(root).items() if key in written} == written
    assert by_controls(root).keys() == by_bookmarks(root).keys() == (expected if kind == "draft" else written).keys()


def test_the_number_of_an_area_stands_outside_its_title() -> None:
    headings = [t for style, t in styled(body(word(agreement()))) if style == "Heading2"]
    assert headings[0] == "1. Scenkonst för barn och unga"
    assert not [t for texts in by_bookmarks(body(word(agreement()))).values() for t in texts if re.match(r"\d+\. ", t)]


@kinds
def test_no_two_ids_are_the_same(kind: Kind) -> None:
    root = body(word(agreement(), kind, (HEAD, *THREE)))
    for ids in (
        attributes(root, "w:id"),
        attributes(root, "w:bookmarkStart", "w:id"),
        attributes(root, "w:bookmarkStart", "w:name"),
    ):
        assert len(ids) == len(set(ids))
    shapes = [shape.get("id") for shape in root.iter("{urn:schemas-microsoft-com:vml}shape")]
    assert len(shapes) == len(set(shapes)) == 4


def test_only_a_draft_has_a_slot_for_a_new_area() -> None:
    draft, frozen = body(word(agreement(), "draft")), body(word(agreement()))
    assert attributes(draft, "w:bookmarkStart", "w:name").count("_ov_new_1") == 1
    slots = [slot for tag in attributes(draft, "w:tag") if isinstance(slot := anchors.parse_tag(tag), anchors.Slot)]
    assert [slot.field for slot in slots] == [anchors.TITLE, *LABELS]
    assert "Nytt område" not in text(frozen)


def test_an_empty_field_is_left_out_of_a_frozen_text_and_can_be_written_in_a_draft() -> None:
    facts = agreement()
    health = facts.clauses[4]
    assert health.fields["g"] == ""
    key = (health.clause_id.replace("-", ""), "g")
    assert key not in by_controls(body(word(facts)))
    assert by_controls(body(word(facts, "draft")))[key] == []
    assert "Inget skrivet ännu." in text(body(word(facts, "draft")))


# locks


def test_a_draft_tracks_changes_and_a_frozen_text_has_its_clauses_locked() -> None:
    draft, frozen = word(agreement(), "draft"), word(agreement())
    settings = part(draft, "word/settings.xml")
    assert settings.find(qn("w:trackRevisions")) is not None
    assert attributes(settings, "w:documentProtection", "w:edit") == ["trackedChanges"]
    assert set(attributes(body(draft), "w:lock")) == {"sdtLocked"}
    assert part(frozen, "word/settings.xml").find(qn("w:documentProtection")) is None
    assert set(attributes(body(frozen), "w:lock")) == {"sdtContentLocked"}


# what it says


def test_the_stamp_of_a_frozen_text_holds_the_whole_text_and_code() -> None:
    facts = agreement()
    stamp = part(word(facts), "customXml/item1.xml")
    assert stamp.tag == "{urn:overens:avtal:1}avtal"
    frozen = stamp[0].text or ""
    assert from_canonical(frozen) == facts
    assert dict(stamp.attrib) == {"kind": "frozen", "reference": "RD27-0112", "revision": "3", "code": control_code(frozen)}


def test_the_stamp_of_a_draft_has_neither_text_nor_code() -> None:
    stamp = part(word(agreement(), "draft"), "customXml/item1.xml")
    assert dict(stamp.attrib) == {"kind": "draft", "reference": "RD27-0112", "revision": "3"}
    assert len(stamp) == 0


def test_every_page_names_case_numbers_and_control_code() -> None:
    facts = agreement()
    said = running_text(word(facts))
    assert "Diarienummer RD27-0112, KUN 2027:66" in said
    assert f"Kontrollkod {spoken(control_code(canonical(facts)))}" in said
    assert re.search(r"Sida \d+ av \d+", said)
    assert "Utkast" not in said


def test_every_page_of_a_draft_says_that_it_is_one() -> None:
    said = running_text(word(agreement(), "draft"))
    assert "Utkast" in said
    assert "Kontrollkod" not in said


def test_many_parties_do_not_crowd_the_footer() -> None:
    parties = tuple(replace(GAGNEF, name=f"Kommun {n}", case_number=f"KS 2027/{n}") for n in range(8))
    said = running_text(word(agreement(1, parties), signatories=()))
    assert "Diarienummer KS 2027/0 m.fl." in said


def test_text_that_looks_like_a_mark_of_ours_stays_text() -> None:
    said = running_text(word(agreement(1, (replace(REGION, case_number="@@HR@@"), GAGNEF))))
    assert "Diarienummer @@HR@@, KUN 2027:66" in said


def test_the_parties_stand_in_a_table_and_a_missing_case_number_is_said() -> None:
    document = docx.Document(io.BytesIO(word(agreement(1, (REGION, GAGNEF, FALU)))))
    rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert rows[0] == ["Part", "Org.nr", "Diarienummer", "Officiell adress"]
    assert rows[3] == ["Falu kommun", "212000-2239", "Inte angivet", "kommun@falun.example.org"]


def test_every_section_stands_in_order_and_only_once() -> None:
    facts = agreement()
    headings = [t for style, t in styled(body(word(facts))) if style == "Heading1"]
    before, after = [s.heading for s in facts.before], [s.heading for s in facts.after]
    assert headings == [*before, "Samverkansområden", *after]
    assert headings[0] == "Parter"
    assert headings[-1] == "Underskrifter"


def test_each_signatory_has_a_signature_line_of_their_own() -> None:
    root = body(word(agreement(1), signatories=(HEAD, *THREE)))
    lines = list(root.iter("{urn:schemas-microsoft-com:office:office}signatureline"))
    suggested = [line.get("{urn:schemas-microsoft-com:office:office}suggestedsigner") for line in lines]
    assert suggested == ["Karin Ståhl", "Irena Nordström", "Kommundirektör", "Kulturnämndens ordförande"]
    assert len({line.get("id") for line in lines}) == 4
    assert all(shape.get("alt") for shape in root.iter("{urn:schemas-microsoft-com:vml}shape"))


def test_a_party_that_has_not_said_who_signs_gets_an_open_place() -> None:
    headings = [t for style, t in styled(body(word(agreement(1), signatories=(HEAD,)))) if style == "Heading2"]
    assert headings[-2:] == ["För Region Dalarna", "För Gagnefs kommun"]


def test_what_is_signed_says_when_and_how_and_has_no_place_left_to_sign() -> None:
    signed = tuple(replace(s, signed="Underskriven 3 november 2027 med personlig engångskod i Överens") for s in (HEAD, CHAIR))
    root = body(word(agreement(1), signatories=signed))
    rows = [t for style, t in styled(root) if style.startswith("Underskrift")]
    assert rows[0] == "UnderskriftUnderskriven 3 november 2027 med personlig engångskod i Överens"
    assert not list(root.iter("{urn:schemas-microsoft-com:office:office}signatureline"))
    assert "Ort och datum" not in text(root)


def test_all_rows_of_a_signature_are_kept_together() -> None:
    style = {s.style_id: s for s in docx.Document(io.BytesIO(word(agreement(1)))).styles}["Underskriftsrad"]
    assert isinstance(style, docx.styles.style.ParagraphStyle)
    assert style.paragraph_format.keep_with_next


# refusals


def test_a_code_of_another_text_is_refused() -> None:
    with pytest.raises(WrongCode):
        render(agreement(), kind="frozen", code=control_code(canonical(agreement(7))), signatories=(), modified=MODIFIED)
    with pytest.raises(WrongCode):
        render(agreement(), kind="frozen", code=None, signatories=(), modified=MODIFIED)
    with pytest.raises(WrongCode):
        render(agreement(), kind="draft", code=control_code(canonical(agreement())), signatories=(), modified=MODIFIED)


def test_a_signatory_of_a_stranger_is_refused() -> None:
    with pytest.raises(StrangeSignatory, match="Mora kommun"):
        word(agreement(1), signatories=(replace(HEAD, party="Mora kommun"),))


def test_a_character_that_xml_cannot_hold_is_refused() -> None:
    facts = agreement(1)
    broken = replace(facts, clauses=(replace(facts.clauses[0], title="Dans\x0b"),))
    with pytest.raises(IllegalCharacter, match=r"U\+000B"):
        word(broken, "draft")


# a document that programs and people can follow


@kinds
@cases
def test_the_schemas_find_nothing_but_what_they_lack(
    tmp_path: Path, facts: AgreementFacts, signatories: tuple[SignatoryFacts, ...], kind: Kind
) -> None:
    path = tmp_path / "avtal.docx"
    path.write_bytes(word(facts, kind, signatories))
    found = [error.description for error in OpenXmlValidator().validate(str(path)).errors]
    lines = len(list(body(path.read_bytes()).iter("{urn:schemas-microsoft-com:office:office}signatureline")))
    assert found == [*ALLOWED] * lines


@kinds
@cases
def test_headings_never_jump_and_no_paragraph_is_empty(
    facts: AgreementFacts, signatories: tuple[SignatoryFacts, ...], kind: Kind
) -> None:
    found = styled(body(word(facts, kind, signatories)))
    levels = [0, *(int(style[-1]) for style, _ in found if style.startswith("Heading"))]
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert all(said.strip() for _, said in found)
    assert found[0] == ("Title", facts.title)


def test_language_title_and_time_are_those_of_the_agreement() -> None:
    document = docx.Document(io.BytesIO(word(agreement())))
    assert set(attributes(part(word(agreement()), "word/styles.xml"), "w:lang")) == {"sv-SE"}
    assert document.core_properties.title == agreement().title
    assert document.core_properties.language == "sv-SE"
    assert document.core_properties.author == "Region Dalarna"
    assert document.core_properties.modified == datetime(2027, 9, 20, 6, 0, tzinfo=UTC)


def test_every_table_repeats_its_header_and_is_described() -> None:
    for table in body(word(agreement())).iter(qn("w:tbl")):
        assert table.find(f"{qn('w:tr')}/{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        assert attributes(table, "w:tblCaption") == ["Parter i överenskommelsen"]
        assert attributes(table, "w:tblDescription")[0].startswith("Tabell med 2 parter.")


def test_every_style_that_is_used_is_there() -> None:
    known = set(attributes(part(word(agreement()), "word/styles.xml"), "w:style", "w:styleId"))
    for kind in KINDS:
        assert {style for style, _ in styled(body(word(agreement(), kind)))} - {""} <= known
    links = {v for tag in ("w:basedOn", "w:next", "w:link") for v in attributes(part(word(agreement()), "word/styles.xml"), tag)}
    assert links <= known


def test_relationship_ids_of_the_package_have_no_gaps() -> None:
    relationships = part(word(agreement()), "_rels/.rels")
    assert [r.get("Id") for r in relationships] == [f"rId{n}" for n in range(1, len(relationships) + 1)]


def test_a_file_is_small_and_holds_nothing_foreign() -> None:
    written = word(agreement())
    assert len(written) < 20_000
    assert set(parts(written)) == set(base().order)
    for data in parts(written).values():
        assert b"Microsoft Macintosh Word" not in data
        assert b"python-docx" not in data
        assert b"w:rsid" not in data
