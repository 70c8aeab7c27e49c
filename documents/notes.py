"""The notes of a round of dialogue as a Word file: what is known of it in, bytes out; the same facts give the same bytes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

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
    base,
    core_properties,
)
from documents.markup import DECLARATION, NAMESPACES, attribute, paragraph, paragraphs, run, table

_NOBODY = "Inte bestämt"


@dataclass(frozen=True, slots=True)
class Sitting:
    """One meeting in words: when, where, its agenda (time, point, leader), who came and who did not, by organisation."""

    when: str
    where: str
    agenda: Sequence[tuple[str, str, str]]
    present: Sequence[str]
    absent: Sequence[str]
    coverage: str


@dataclass(frozen=True, slots=True)
class NotesFacts:
    """Everything that stands in the notes; `findings` are (kind, text, what becomes of it), `actions` (text, owner, day)."""

    reference: str
    title: str
    region: str
    kind: str
    sittings: Sequence[Sitting]
    questions: Sequence[str]
    text: str
    findings: Sequence[tuple[str, str, str]]
    actions: Sequence[tuple[str, str, str]]
    comments_until: str
    version: int = 1


def render(facts: NotesFacts, modified: datetime) -> bytes:
    """The Word file; `modified` is aware of its zone. Raises IllegalCharacter, and ValueError for a naive time."""
    sheet = base()
    running = {
        HEADER_LEFT: facts.region,
        HEADER_RIGHT: "Anteckningar",
        FOOTER_LEFT: facts.kind,
        FOOTER_BELOW: f"Synpunkter lämnas senast {facts.comments_until}" if facts.comments_until else "",
    }
    return sheet.write(
        "frozen",
        {
            DOCUMENT: _document(facts, sheet),
            CORE: core_properties(
                facts.title,
                facts.kind,
                owner=facts.region,
                revision=facts.version,
                identifier=f"{facts.reference}/{facts.version}",
                modified=modified,
            ),
            STAMP: f'{DECLARATION}<anteckningar xmlns="{STAMP_NAMESPACE}" reference="{attribute(facts.reference)}"/>',
            **sheet.running_with(running),
        },
    )


def _document(facts: NotesFacts, sheet: Base) -> str:
    body = [
        paragraph(run(facts.title), "Title"),
        paragraph(run(f"{facts.kind}, {facts.region}"), "Subtitle"),
        *(part for sitting in facts.sittings for part in _sitting(sitting)),
        *_list("Frågor", facts.questions),
        *_list("Vad vi kom fram till", paragraphs(facts.text)),
        *_findings(facts.findings),
        *_actions(facts.actions),
    ]
    return f"{DECLARATION}<w:document {NAMESPACES}><w:body>{''.join(body)}{sheet.section}</w:body></w:document>"


def _sitting(sitting: Sitting) -> Iterable[str]:
    yield paragraph(run(sitting.when), "Heading1")
    if sitting.where:
        yield paragraph(run(f"Plats: {sitting.where}"))
    if sitting.agenda:
        rows = [[time, point, leader or "–"] for time, point, leader in sitting.agenda]
        yield table(
            ["Tid", "Punkt", "Leder"],
            rows,
            [1200, 5370, 2500],
            caption="Dagordning",
            description=f"Tabell med {len(rows)} punkter. För varje punkt: tid, vad den handlar om och vem som leder.",
        )
    yield from _list(f"Deltog ({sitting.coverage})", _together(sitting.present), "Heading2")
    yield from _list("Deltog inte", _together(sitting.absent), "Heading2")


def _list(heading: str, lines: Sequence[str], style: str = "Heading1") -> Iterable[str]:
    if lines:
        yield paragraph(run(heading), style)
        yield from (paragraph(run(line)) for line in lines)


def _together(names: Sequence[str]) -> list[str]:
    """All in one paragraph: thirty lines of names would fill a page."""
    return [", ".join(names)] if names else []


def _findings(findings: Sequence[tuple[str, str, str]]) -> Iterable[str]:
    if findings:
        yield paragraph(run("Inspel"), "Heading1")
        description = f"Tabell med {len(findings)} inspel. För varje inspel: slag, vad som sades och vad det leder till."
        yield table(["Slag", "Inspel", "Leder till"], findings, [1700, 4370, 3000], caption="Inspel", description=description)


def _actions(actions: Sequence[tuple[str, str, str]]) -> Iterable[str]:
    if actions:
        yield paragraph(run("Åtgärder"), "Heading1")
        rows = [[text, owner or _NOBODY, day or _NOBODY] for text, owner, day in actions]
        description = f"Tabell med {len(rows)} åtgärder. För varje åtgärd: vad, vem som ansvarar och när den ska vara klar."
        yield table(["Åtgärd", "Ansvarig", "Klart"], rows, [4570, 2500, 2000], caption="Åtgärder", description=description)
