"""The matrix municipality × area as values: what stands in each cell, what a filter leaves, and the same as CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from service.pages.rendering import date_short
from service.store.overview import Area, Line
from service.store.standing import Party
from states.agreement import CLOSED, State
from states.calendar import civil
from states.clause import Negotiated
from states.clause import State as ClauseState
from states.deadlines import spoken
from states.labels import Audience, agreement_label

SOON = timedelta(days=30)
REGION, MUNICIPALITY = "region", "municipality"

_TONES = {
    State.draft: "note",
    State.agreed: "ok",
    State.deciding: "wait",
    State.signing: "act",
    State.signed: "signed",
}
_CLOSED_CELLS = {
    ClauseState.agreed: ("ok", "agreed", "Överens"),
    ClauseState.excluded: ("out", "excluded", "Ingår inte"),
    ClauseState.withdrawn: ("out", "withdrawn", "Indraget"),
}
_TURNS = {
    frozenset({REGION}): ("act", "region", "Regionen"),
    frozenset({MUNICIPALITY}): ("wait", "municipality", "Kommunen"),
    frozenset({REGION, MUNICIPALITY}): ("late", "both", "Båda"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One area of one agreement: tone, symbol and word, further marks, and what is read aloud besides."""

    tone: str
    sign: str
    word: str
    marks: tuple[tuple[str, str], ...] = ()
    more: str = ""
    clause: UUID | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One agreement as a row: its cells in the order of the columns, and what stands after them."""

    line: Line
    cells: tuple[Cell, ...]
    own: int
    label: str
    tone: str
    late: bool
    waits_on: frozenset[str]
    summary: str

    @property
    def name(self) -> str:
        return self.line.party.organisation.name

    @property
    def since(self) -> date | None:
        """Since when somebody is waited for; nobody is in an ended case."""
        moment = self.line.agreement.waiting_since
        return civil(moment) if moment and self.waits_on else None


@dataclass(frozen=True, slots=True)
class Filters:
    """What the query of the page asks for."""

    state: str = ""
    waits_on: str = ""
    theme: str = ""
    late: bool = False
    no_contact: bool = False
    board_soon: bool = False

    @property
    def any(self) -> bool:
        return self != Filters()

    def keep(self, row: MatrixRow, today: date) -> bool:
        meets = row.line.meets
        return (
            (not self.state or row.line.agreement.state == self.state)
            and (not self.waits_on or self.waits_on in row.waits_on)
            and (not self.late or row.late)
            and (not self.no_contact or row.line.answerer is None)
            and (not self.board_soon or (meets is not None and today <= meets <= today + SOON))
        )


def filters_of(query: Mapping[str, str]) -> Filters:
    """The filters as their Swedish names in the address say; unknown values filter nothing."""
    state, waits_on = query.get("lage", ""), query.get("vantar", "")
    turns = {"region": REGION, "kommun": MUNICIPALITY}
    return Filters(
        state=state if state in set(State) else "",
        waits_on=turns.get(waits_on, ""),
        theme=query.get("tema", ""),
        late=query.get("sen") == "1",
        no_contact=query.get("utan_kontakt") == "1",
        board_soon=query.get("namnd") == "1",
    )


def matrix(lines: Iterable[Line], areas: Sequence[Area], today: date) -> list[MatrixRow]:
    """Every agreement as a row, by the name of its municipality."""
    return sorted((_row(line, areas, today) for line in lines), key=lambda row: alphabetical(row.name))


def alphabetical(name: str) -> str:
    """A key that sorts å, ä and ö last."""
    return name.casefold().translate(_ALPHABET)


_ALPHABET = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}", "é": "e", "ü": "y"})


def state_words() -> list[tuple[str, str]]:
    """Every state with its word, for the filter."""
    return [
        (s.value, "Under förhandling" if s is State.negotiating else agreement_label(s, frozenset(), Audience.region) or "")
        for s in State
    ]


def _row(line: Line, areas: Sequence[Area], today: date) -> MatrixRow:
    standing, agreement = line.standing, line.agreement
    late = agreement.due is not None and agreement.due < today and bool(standing.waiting_on())
    by_area = {standing.rows[c.id].area_id: c for c in standing.clauses}
    cells = tuple(_cell(line, by_area.get(area.id), late) for area in areas)
    kinds = _kinds(line, standing.waiting_on())
    label = agreement_label(agreement.state, kinds, Audience.region) or ""
    return MatrixRow(
        line=line,
        cells=cells,
        own=sum(1 for row in standing.rows.values() if row.area_id is None),
        label=label,
        tone=_tone(agreement.state, kinds),
        late=late,
        waits_on=kinds,
        summary=_summary(line),
    )


def _tone(state: State, kinds: frozenset[str]) -> str:
    if state is State.negotiating:
        return "act" if REGION in kinds or not kinds else "wait"
    return _TONES.get(state, "out")


def _kinds(line: Line, waiting: frozenset[UUID]) -> frozenset[str]:
    return frozenset(REGION if _is_region(line, p) else MUNICIPALITY for p in line.standing.parties if p.id in waiting)


def _is_region(line: Line, party: Party) -> bool:
    return party.id == line.standing.region.id


def _cell(line: Line, clause: Negotiated | None, late: bool) -> Cell:
    if clause is None:
        return Cell("", "absent", "Inte erbjudet")
    state, standing = line.standing.state_of(clause), line.standing
    position = standing.rows[clause.id].position
    marks: tuple[tuple[str, str], ...] = (
        (("reworded", "omskriven"),) if any(v.party != clause.origin for v in clause.versions) else ()
    )
    since, version = line.changed[clause.id], f"version {clause.head.seq}"
    if state in _CLOSED_CELLS:
        return Cell(*_CLOSED_CELLS[state], marks, version, clause.id, position)
    if line.agreement.state is State.draft:
        return Cell("note", "absent", "Inte skickat", (), "", clause.id, position)
    if line.agreement.state in CLOSED:
        return Cell("", "absent", "Inte klart", marks, version, clause.id, position)
    kinds = _kinds(line, standing.clause_waits_on(clause))
    reopened = line.agreement.reopened_at
    if reopened and since >= reopened:
        marks += (("reopened", "öppnad igen"),)
    if late and MUNICIPALITY in kinds:
        marks += (("late", "försenad"),)
    asked = max(since, line.agreement.proposed_at or since)  # a text lies in the catalogue's draft before anybody is asked
    more = f"sedan {spoken(civil(asked))}, {version}"
    return Cell(*_TURNS.get(kinds, ("", "absent", "Ingen")), marks, more, clause.id, position)


def _summary(line: Line) -> str:
    """What a phone shows in place of the cells."""
    standing = line.standing
    states = [standing.state_of(c) for c in standing.clauses]
    if line.agreement.state is State.draft:
        return f"{len(states)} områden, inte skickade"
    open_ = standing.clauses if line.agreement.state is State.negotiating else ()
    waits = [_kinds(line, standing.clause_waits_on(c)) for c in open_]
    counts = (
        (states.count(ClauseState.agreed), "överens"),
        (sum(REGION in kinds for kinds in waits), "hos er"),
        (sum(MUNICIPALITY in kinds for kinds in waits), "hos kommunen"),
        (states.count(ClauseState.excluded) + states.count(ClauseState.withdrawn), "ingår inte"),
    )
    return " · ".join(f"{count} {word}" for count, word in counts if count)


def counted(rows: Sequence[MatrixRow]) -> list[tuple[str, int, str]]:
    """How many agreements stand where, as segments of a progress bar."""
    groups: tuple[tuple[str, str, Callable[[MatrixRow], bool]], ...] = (
        ("signed", "undertecknade", lambda r: r.line.agreement.state is State.signed),
        (
            "ok",
            "överens eller på väg till beslut",
            lambda r: r.line.agreement.state in (State.agreed, State.deciding, State.signing),
        ),
        ("act", "väntar på er", lambda r: r.line.agreement.state is State.negotiating and r.tone == "act"),
        ("wait", "hos kommunen", lambda r: r.line.agreement.state is State.negotiating and r.tone == "wait"),
        ("note", "utkast", lambda r: r.line.agreement.state is State.draft),
        ("out", "avslutade utan underskrift", lambda r: r.tone == "out"),
    )
    found = [(tone, sum(map(holds, rows)), words) for tone, words, holds in groups]
    return [(tone, count, f"{count} {words}") for tone, count, words in found if count]


def as_csv(rows: Sequence[MatrixRow], areas: Sequence[Area]) -> str:
    """The table with semicolons, as Swedish spreadsheets read it; no cell can become a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    heads = ["Kommun", *(f"{a.number}. {a.title}" for a in areas), "Egna områden", "Läge", "Väntar sedan", "Svarsdag", "Försenad"]
    writer.writerow([safe(head) for head in [*heads, "Nästa nämnd", "Kontakt"]])
    for row in rows:
        writer.writerow([safe(value) for value in _values(row)])
    return out.getvalue()


def _values(row: MatrixRow) -> list[str]:
    agreement, contact = row.line.agreement, row.line.answerer
    days = (row.since, agreement.due)
    return [
        row.name,
        *(" ".join([cell.word, *(word for _, word in cell.marks)]) for cell in row.cells),
        str(row.own),
        row.label,
        *(day.isoformat() if day else "" for day in days),
        "ja" if row.late else "nej",
        row.line.meets.isoformat() if row.line.meets else "",
        contact.name if contact else "",
    ]


def safe(value: str) -> str:
    """A cell that a spreadsheet takes as text: a first sign that begins a formula gets an apostrophe before it."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else value


def due_words(row: MatrixRow) -> str:
    """The last day to answer, while somebody may still answer."""
    due = row.line.agreement.due
    return date_short(due) if due and row.line.agreement.state in (State.draft, State.negotiating) else ""
