"""The matrix municipality × area as values: what stands in each cell, what a filter leaves, and the same as CSV."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from uuid import UUID

from service.pages.language import SWEDISH, say
from service.pages.rendering import date_short
from service.store.overview import Area, Line
from service.store.standing import Party
from states.agreement import CLOSED, State
from states.calendar import civil
from states.clause import Negotiated
from states.clause import State as ClauseState
from states.deadlines import spoken
from states.labels import Audience, agreement_label
from states.said import Said, _, joined, ngettext

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
    ClauseState.agreed: ("ok", "agreed", _("Överens")),
    ClauseState.excluded: ("out", "excluded", _("Ingår inte")),
    ClauseState.withdrawn: ("out", "withdrawn", _("Indraget")),
}
_TURNS = {
    frozenset({REGION}): ("act", "region", _("Regionen")),
    frozenset({MUNICIPALITY}): ("wait", "municipality", _("Kommunen")),
    frozenset({REGION, MUNICIPALITY}): ("late", "both", _("Båda")),
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
class _Stands:
    """A clause with its state and the sides it waits on, worked out once: rows, cells and sums all ask for them."""

    clause: Negotiated
    state: ClauseState
    waits_on: frozenset[str]


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
    def short_name(self) -> str:
        return self.line.party.organisation.short_name

    @property
    def notes(self) -> list[tuple[str, Said]]:
        """Tone and words of what is to be known beside the state; the cells say which areas were opened again."""
        late = [("late", _("Försenad"))] if self.late else []
        paused = [("note", _("Pausad"))] if self.line.agreement.pause else []
        return late + paused + ([("", _("Sedan {day}", day=spoken(self.since)))] if self.since else [])

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
        (s.value, _("Under förhandling") if s is State.negotiating else agreement_label(s, frozenset(), Audience.region) or "")
        for s in State
    ]


def _row(line: Line, areas: Sequence[Area], today: date) -> MatrixRow:
    standing, agreement = line.standing, line.agreement
    stands = [_Stands(c, standing.state_of(c), _kinds(line, standing.clause_waits_on(c))) for c in standing.clauses]
    waits = [each.waits_on for each in stands] if agreement.state is State.negotiating else []
    kinds = frozenset[str]().union(*waits)
    late = agreement.due is not None and agreement.due < today and bool(kinds)
    by_area = {standing.rows[each.clause.id].area_id: each for each in stands}
    cells = tuple(_cell(line, by_area.get(area.id), late) for area in areas)
    label = agreement_label(agreement.state, kinds, Audience.region) or ""
    return MatrixRow(
        line=line,
        cells=cells,
        own=sum(1 for row in standing.rows.values() if row.area_id is None),
        label=label,
        tone=_tone(agreement.state, kinds),
        late=late,
        waits_on=kinds,
        summary=_summary(line, stands),
    )


def _tone(state: State, kinds: frozenset[str]) -> str:
    if state is State.negotiating:
        return "act" if REGION in kinds or not kinds else "wait"
    return _TONES.get(state, "out")


def _kinds(line: Line, waiting: frozenset[UUID]) -> frozenset[str]:
    return frozenset(REGION if _is_region(line, p) else MUNICIPALITY for p in line.standing.parties if p.id in waiting)


def _is_region(line: Line, party: Party) -> bool:
    return party.id == line.standing.region.id


def _cell(line: Line, stands: _Stands | None, late: bool) -> Cell:
    if stands is None:
        return Cell("", "absent", _("Inte erbjudet"))
    clause, state, kinds = stands.clause, stands.state, stands.waits_on
    position = line.standing.rows[clause.id].position
    marks: tuple[tuple[str, str], ...] = (
        (("reworded", _("omskriven")),) if any(v.party != clause.origin for v in clause.versions) else ()
    )
    since, version = line.changed[clause.id], _version(clause.head.seq)
    if state in _CLOSED_CELLS:
        return Cell(*_CLOSED_CELLS[state], marks, version, clause.id, position)
    if line.agreement.state is State.draft:
        return Cell("note", "absent", _("Inte skickat"), (), "", clause.id, position)
    if line.agreement.state in CLOSED:
        return Cell("", "absent", _("Inte klart"), marks, version, clause.id, position)
    reopened = line.agreement.reopened_at
    if reopened and since >= reopened:
        marks += (("reopened", _("öppnad igen")),)
    if late and MUNICIPALITY in kinds:
        marks += (("late", _("försenad")),)
    asked = max(since, line.agreement.proposed_at or since)  # a text lies in the catalogue's draft before anybody is asked
    more = _since(civil(asked), clause.head.seq)
    return Cell(*_TURNS.get(kinds, ("", "absent", _("Ingen"))), marks, more, clause.id, position)


@lru_cache(maxsize=1024)
def _version(number: int) -> Said:
    """Kept, because thousands of cells of a large matrix say the same few."""
    return _("version {number}", number=number)


@lru_cache(maxsize=1024)
def _since(day: date, number: int) -> Said:
    return _("sedan {day}, version {number}", day=spoken(day), number=number)


def _summary(line: Line, stands: Sequence[_Stands]) -> str:
    """What a phone shows in place of the cells."""
    states = [each.state for each in stands]
    if line.agreement.state is State.draft:
        return ngettext("Ett område, inte skickat", "{count} områden, inte skickade", len(states))
    waits = [each.waits_on for each in stands] if line.agreement.state is State.negotiating else []
    counts = (
        (states.count(ClauseState.agreed), _("{count} överens")),
        (sum(REGION in kinds for kinds in waits), _("{count} hos er")),
        (sum(MUNICIPALITY in kinds for kinds in waits), _("{count} hos kommunen")),
        (states.count(ClauseState.excluded) + states.count(ClauseState.withdrawn), _("{count} ingår inte")),
    )
    return joined(" · ", [words.filling(count=count) for count, words in counts if count])


def counted(rows: Sequence[MatrixRow]) -> list[tuple[str, int, str]]:
    """How many agreements stand where, as segments of a progress bar."""
    count = Counter(map(_group, rows))
    words = {
        "signed": ngettext("{count} undertecknad", "{count} undertecknade", count["signed"]),
        "ok": _("{count} överens eller på väg till beslut", count=count["ok"]),
        "act": _("{count} väntar på er", count=count["act"]),
        "wait": _("{count} hos kommunen", count=count["wait"]),
        "note": _("{count} utkast", count=count["note"]),
        "out": ngettext("{count} avslutad utan underskrift", "{count} avslutade utan underskrift", count["out"]),
    }
    return [(tone, count[tone], text) for tone, text in words.items() if count[tone]]


def _group(row: MatrixRow) -> str:
    """The segment an agreement belongs to, by the tone it is drawn with."""
    state = row.line.agreement.state
    return "ok" if state in (State.agreed, State.deciding, State.signing) else row.tone


def as_csv(rows: Sequence[MatrixRow], areas: Sequence[Area], language: str = SWEDISH) -> str:
    """The table with semicolons, as Swedish spreadsheets read it; no cell can become a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    heads = [
        _("Kommun"),
        *(f"{a.number}. {a.title}" for a in areas),
        _("Egna områden"),
        _("Läge"),
        _("Väntar sedan"),
        _("Svarsdag"),
        _("Försenad"),
    ]
    for line in ([*heads, _("Nästa nämnd"), _("Kontakt")], *map(_values, rows)):
        writer.writerow([safe(say(value, language)) for value in line])
    return out.getvalue()


def _values(row: MatrixRow) -> list[str]:
    agreement, contact = row.line.agreement, row.line.answerer
    days = (row.since, agreement.due)
    return [
        row.name,
        *(joined(" ", [cell.word, *(word for _sign, word in cell.marks)]) for cell in row.cells),
        str(row.own),
        row.label,
        *(day.isoformat() if day else "" for day in days),
        _("ja") if row.late else _("nej"),
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
