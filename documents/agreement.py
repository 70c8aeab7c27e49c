"""An agreement as a signable Word file: frozen facts in, bytes out; the same facts give the same bytes."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import NAMESPACE_URL, uuid5

from documents import anchors
from documents.base import (
    CORE,
    DOCUMENT,
    FOOTER_BELOW,
    FOOTER_LEFT,
    HEADER_LEFT,
    HEADER_RIGHT,
    STAMP,
    STAMP_NAMESPACE,
    Base,
    Kind,
    base,
    core_properties,
)
from documents.markup import (
    DECLARATION,
    NAMESPACES,
    Ids,
    Line,
    attribute,
    bookmarked,
    control,
    escape,
    paragraph,
    paragraphs,
    run,
    signature_line,
    tab,
    table,
)
from states.facts import (
    FIELD_CODES,
    AgreementFacts,
    ClauseFacts,
    PartyFacts,
    SectionFacts,
    SignatoryFacts,
    canonical,
    control_code,
    spoken,
)

LABELS = dict(zip(FIELD_CODES, ("Vad vi vill", "Mål", "Regionen gör", "Kommunen gör", "Så följer vi upp"), strict=True))
_MONTHS = (
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
)
_PARTIES, _AREAS, _SIGNATURES = "Parter", "Samverkansområden", "Underskrifter"
_MISSING = "Inte angivet"
_NOT_YET = "Det här är ett utkast. Ni skriver under den färdiga texten."
_LINE_HOLDS = 64  # letters in the header or footer beside what stands to the right
_COLUMNS = {"Part": 2100, "Org.nr": 1650, "Diarienummer": 1900, "Officiell adress": 3420}


class WrongCode(ValueError):
    """Kontrollkoden hör inte till texten som skulle skrivas."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


class StrangeSignatory(ValueError):
    """En undertecknare hör till någon som inte är part."""

    def __init__(self, party: str) -> None:
        super().__init__(f"En undertecknare hör till {party}, som inte är part i överenskommelsen.")


def render(
    facts: AgreementFacts, *, kind: Kind, code: str | None, signatories: Sequence[SignatoryFacts], modified: datetime
) -> bytes:
    """The Word file. A frozen text carries its full control code, a draft None.

    `modified` is aware of its zone. Raises WrongCode, StrangeSignatory, IllegalCharacter, and ValueError for a naive time or a
    clause id that is no UUID.
    """
    frozen = canonical(facts) if kind == "frozen" else ""
    if code != (control_code(frozen) if frozen else None):
        raise WrongCode
    sheet = base()
    return sheet.write(
        kind,
        {
            DOCUMENT: _document(facts, code, signatories, sheet),
            CORE: _core(facts, modified),
            STAMP: _stamp(facts, kind, code, frozen),
            **_running(facts, code, sheet),
        },
    )


def _document(facts: AgreementFacts, code: str | None, signatories: Sequence[SignatoryFacts], sheet: Base) -> str:
    """The body, in the order of domain.md §17. Sections headed Parter and Underskrifter speak under our own headings."""
    ids = Ids()
    body = [
        *_top(facts),
        *_parties(facts),
        *_sections(facts.before),
        *_areas(facts.clauses, ids, draft=code is None),
        *_sections(facts.after),
        *_signatures(facts, code, signatories, sheet.picture),
    ]
    return f"{DECLARATION}<w:document {NAMESPACES}><w:body>{''.join(body)}{sheet.section}</w:body></w:document>"


def _top(facts: AgreementFacts) -> Iterable[str]:
    yield paragraph(run(facts.title), "Title")
    yield paragraph(run(f"mellan {_listed([party.name for party in facts.parties])}"), "Subtitle")
    yield paragraph(run(f"Avtalsperiod: {_day(facts.valid_from)} – {_day(facts.valid_to)}"), "Giltighet")


def _parties(facts: AgreementFacts) -> Iterable[str]:
    yield paragraph(run(_PARTIES), "Heading1")
    yield from _own_words(_PARTIES, (*facts.before, *facts.after))
    rows = [[cell or _MISSING for cell in (p.name, p.org_no, p.case_number, p.registry_email)] for p in facts.parties]
    description = f"Tabell med {len(rows)} parter. För varje part: namn, organisationsnummer, diarienummer och officiell adress."
    yield table(list(_COLUMNS), rows, list(_COLUMNS.values()), caption="Parter i överenskommelsen", description=description)


def _own_words(heading: str, sections: Iterable[SectionFacts]) -> Iterable[str]:
    """What the template says under a heading that we write ourselves."""
    texts = [text for section in sections if section.heading == heading for text in paragraphs(section.text)]
    return (paragraph(run(text)) for text in texts)


def _sections(sections: Iterable[SectionFacts]) -> Iterable[str]:
    for section in sections:
        if section.heading not in (_PARTIES, _SIGNATURES):
            yield paragraph(run(section.heading), "Heading1")
            yield from (paragraph(run(text)) for text in paragraphs(section.text) or [f"{_MISSING}."])


def _areas(clauses: Sequence[ClauseFacts], ids: Ids, *, draft: bool) -> Iterable[str]:
    yield paragraph(run(_AREAS), "Heading1")
    if not clauses:
        yield paragraph(run("Överenskommelsen har inga områden ännu."))
    for clause in clauses:
        yield from _area(clause, ids, draft=draft)
    if draft:
        yield from _slot(ids, 1)


def _area(clause: ClauseFacts, ids: Ids, *, draft: bool) -> Iterable[str]:
    """An area. A field without text is left out of a frozen text; a draft shows where it can be written."""
    title = _anchored(clause, anchors.TITLE, [clause.title], ids, locked=not draft)
    yield paragraph(run(f"{clause.number}. ") + title[0], "Heading2")
    for field, label in LABELS.items():
        texts = paragraphs(clause.fields.get(field, ""))
        if texts or draft:
            yield paragraph(run(label), "Heading3")
            yield from (paragraph(inner) for inner in _anchored(clause, field, texts, ids, locked=not draft))


def _anchored(clause: ClauseFacts, field: str, texts: Sequence[str], ids: Ids, *, locked: bool) -> list[str]:
    """The contents of a field's paragraphs: a control in each and one bookmark around them all."""
    label = LABELS.get(field, "Rubrik")
    inner = [
        control(anchors.tag(clause.clause_id, field, n), label, run(text), ids, locked=locked) for n, text in enumerate(texts)
    ]
    if not inner:
        inner = [_prompt(anchors.tag(clause.clause_id, field, 0), label, "Inget skrivet ännu.", ids)]
    return bookmarked(anchors.bookmark(clause.clause_id, field), inner, ids)


def _prompt(tag: str, label: str, prompt: str, ids: Ids) -> str:
    """A control that shows what to write until someone writes."""
    return control(tag, label, run(prompt, "PlaceholderText"), ids, locked=False, placeholder=True)


def _slot(ids: Ids, number: int) -> Iterable[str]:
    """Room for one area of the reader's own, with a bookmark and controls of its own."""
    yield paragraph(run("Nytt område"), "Heading2")
    yield paragraph(run("Vill ni lägga till ett eget område? Skriv det här. Annars lämnar ni raderna som de är."), "Anvisning")
    labels = {anchors.TITLE: "Områdets rubrik", **LABELS}
    lines = [_prompt(anchors.slot_tag(number, field), label, "Skriv här.", ids) for field, label in labels.items()]
    for label, inner in zip(labels.values(), bookmarked(anchors.slot_bookmark(number), lines, ids), strict=True):
        yield paragraph(run(label), "Heading3")
        yield paragraph(inner)


def _signatures(facts: AgreementFacts, code: str | None, signatories: Sequence[SignatoryFacts], picture: str) -> Iterable[str]:
    """On a page of their own: programs break a long chain of paragraphs to keep together at different places."""
    yield paragraph(run(_SIGNATURES), "Heading1", new_page=True)
    yield from _own_words(_SIGNATURES, (*facts.before, *facts.after))
    binding = f"Underskrifterna gäller {facts.title}, med kontrollkod {spoken(code)}." if code else _NOT_YET
    yield paragraph(run(binding))
    for number, (heading, signatory) in enumerate(_slots(facts.parties, signatories), 1):
        setup = str(uuid5(NAMESPACE_URL, f"urn:overens:{facts.reference}:{facts.revision}:{number}")).upper()
        signer, role = signatory.name or signatory.title or signatory.party, _joined(signatory.title, signatory.party)
        yield from _signature_block(heading, signatory, Line(number, setup, signer, role, picture))


def _slots(parties: Sequence[PartyFacts], signatories: Sequence[SignatoryFacts]) -> Iterable[tuple[str, SignatoryFacts]]:
    """Heading and signatory by party in the order of the parties; one open block for a party that has not said who signs."""
    names = [party.name for party in parties]
    for signatory in signatories:
        if signatory.party not in names:
            raise StrangeSignatory(signatory.party)
    for name in names:
        given = [s for s in signatories if s.party == name] or [SignatoryFacts(name, "", "")]
        for place, signatory in enumerate(given, 1):
            yield f"För {name}" + (f" ({place} av {len(given)})" if len(given) > 1 else ""), signatory


def _signature_block(heading: str, signatory: SignatoryFacts, line: Line) -> Iterable[str]:
    """One signature: all its rows on the same page.

    Pen and electronic signature share the same place, so that nobody signs twice. What is signed already says when and how.
    """
    blank = run(_MISSING) if signatory.signed else tab()
    yield paragraph(run(heading), "Heading2")
    if signatory.signed:
        yield _signature_row("Underskrift", run(signatory.signed))
    else:
        yield _signature_row("Ort och datum", blank)
        yield _signature_row("Underskrift", signature_line(line))
    yield _signature_row("Namnförtydligande", run(signatory.name) if signatory.name else blank)
    yield _signature_row("Titel", run(signatory.title) if signatory.title else blank)
    last = run(signatory.authority) if signatory.authority else blank
    yield _signature_row("Beslut eller delegation", last, "Underskriftsslut")


def _signature_row(label: str, value: str, style: str = "Underskriftsrad") -> str:
    """A label and what stands beside it; a lone tab there becomes a rule to write on."""
    return paragraph(run(label, "Etikett") + tab() + value, style)


def _running(facts: AgreementFacts, code: str | None, sheet: Base) -> dict[str, str]:
    """Header and footer with their four texts."""
    names, cases = [party.name for party in facts.parties], [party.case_number for party in facts.parties if party.case_number]
    texts = {
        HEADER_LEFT: _short(names, " · "),
        HEADER_RIGHT: _joined(facts.reference, f"version {facts.revision}") if code else "Utkast",
        FOOTER_LEFT: f"Diarienummer {_short(cases, ', ')}" if cases else "Diarienummer saknas",
        FOOTER_BELOW: f"Kontrollkod {spoken(code)}" if code else "Utkast: texten gäller inte ännu",
    }
    return sheet.running_with(texts)


def _core(facts: AgreementFacts, modified: datetime) -> str:
    return core_properties(
        facts.title,
        facts.reference,
        owner=facts.parties[0].name,
        revision=facts.revision,
        identifier=f"{facts.reference}/{facts.revision}",
        modified=modified,
    )


def _stamp(facts: AgreementFacts, kind: Kind, code: str | None, frozen: str) -> str:
    """Which agreement and revision this is; for a frozen text also the text. No proof: whoever reads it recomputes the code."""
    bound = f' code="{code}"' if code else ""
    text = f"<text>{escape(frozen)}</text>" if frozen else ""
    head = f'kind="{kind}" reference="{attribute(facts.reference)}" revision="{facts.revision}"{bound}'
    return f'{DECLARATION}<avtal xmlns="{STAMP_NAMESPACE}" {head}>{text}</avtal>'


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _listed(names: Sequence[str]) -> str:
    """A, B och C."""
    return " och ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _short(names: Sequence[str], between: str) -> str:
    """All names where the line holds them, else the first one."""
    joined = between.join(names)
    return joined if len(joined) <= _LINE_HOLDS else f"{names[0]} m.fl."
