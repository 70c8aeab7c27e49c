"""Where every agreement must stand in the middle of the season: the known states, field by field, against the rows."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from sqlmodel import Session, col, select

from service.cases.opening import slots_of, steps_of, undecided
from service.cases.owed import owed
from service.cases.owed_facts import Facts
from service.cases.publish import publication_of
from service.store.standing import Standing
from service.store.tables import ClauseVersion, Event, Signature, SignatureSlot, Stance
from states import clause as rule
from states import slot
from states.agreement import State
from states.calendar import civil
from states.clause import Negotiated, StanceKind
from states.reminders import Purpose
from tests.journeys.season_stage import Stage, script

Known = Mapping[str, Any]
KNOWN: Known = yaml.safe_load(Path(__file__).with_name("season_states.yaml").read_text(encoding="utf-8"))
WORDS = KNOWN["glossary"]


def towns() -> list[str]:
    return list(script()["kommuner"])


def differences(stage: Stage, now: datetime) -> dict[str, list[str]]:
    """By town, every field that is not as it should be."""
    with stage.store.read() as session:
        return {town: list(_differing(session, stage, now, town)) for town in towns()}


def _differing(session: Session, stage: Stage, now: datetime, town: str) -> Iterator[str]:
    code, standing = script()["kommuner"][town]["kod"], stage.standing(session, town)
    (known,) = [entry for entry in KNOWN["agreements"] if entry["municipality"] == code]
    wanted = {"publication": "ej_publicerad", "areas_out": 0, "paused": False, "reopened": None, **known}
    wanted |= _turn(known["state"])
    for field, value in wanted.items():
        found = FIELDS[field](session, now, standing) if field in FIELDS else value
        if field not in FIELDS and field not in _NOT_OURS:
            yield f"{field}: nobody knows how to look"
        if found != value:
            yield f"{field}: {found} instead of {value}"
    for own in KNOWN["own_areas"]:
        if own["municipality"] == code:
            yield from _own_area(session, standing, own)
    for told in KNOWN["negotiations"]:
        if told["municipality"] == code:
            yield from _negotiation(session, standing, told)


_NOT_OURS = ("municipality", "note", "state")
"""Which agreement it is; why it is a draft; the state, which is compared by the machine's words."""


def _turn(label: str) -> Known:
    words = WORDS[label]
    return {"machine": words["machine"], **({"waiting_on": words["waiting_on"]} if "waiting_on" in words else {})}


def _waiting(session: Session, _: datetime, standing: Standing) -> list[str]:
    waited = set(standing.waiting_on())
    if standing.agreement.state is State.deciding:
        waited = {step.party_id for step in undecided(session, standing)}
    if standing.agreement.state is State.signing:
        waited = {place.party_id for place in slots_of(session, standing.agreement.id) if place.state is not slot.State.signed}
    return _sides(standing, waited)


def _sides(standing: Standing, parties: Any) -> list[str]:
    return ["region" if p.is_region else "municipality" for p in reversed(standing.parties) if p.id in parties]


def _count(state: rule.State) -> Callable[[Session, datetime, Standing], int]:
    return lambda _, __, standing: [standing.state_of(c) for c in standing.clauses].count(state)


def _signatories(session: Session, _: datetime, standing: Standing) -> list[str]:
    return [_plain(s.title) for s in slots_of(session, standing.agreement.id) if s.party_id == standing.parties[1].id]


def _signatures(session: Session, _: datetime, standing: Standing) -> dict[str, str | None]:
    signed = _signed_on(session, standing)
    region, municipality = (signed.get(party.id) for party in standing.parties)
    return {"region": _day(region), "municipality": _day(municipality)}


def _signed(session: Session, _: datetime, standing: Standing) -> str | None:
    return _day(max(_signed_on(session, standing).values(), default=None))


def _signed_on(session: Session, standing: Standing) -> dict[Any, date]:
    """The last signature of each party."""
    query = (
        select(SignatureSlot, Signature)
        .join(Signature, col(Signature.slot_id) == col(SignatureSlot.id))
        .where(SignatureSlot.agreement_id == standing.agreement.id)
        .order_by(col(Signature.signed_on))
    )
    return {place.party_id: signature.signed_on for place, signature in session.exec(query)}


def _declined(session: Session, _: datetime, standing: Standing) -> str | None:
    query = select(Event.at).where(Event.agreement_id == standing.agreement.id, Event.kind == "decline")
    return _on(session.exec(query).first())


def _reminders(session: Session, now: datetime, standing: Standing) -> int:
    (answer,) = [m for m in owed(Facts(session, now, [standing.agreement.id])) if m.obligation.purpose is Purpose.answer]
    return answer.obligation.unanswered


def _published(session: Session, _: datetime, standing: Standing) -> str | None:
    row = publication_of(session, standing.agreement.id)
    return _on(row.published_at) if row else None


FIELDS: Mapping[str, Callable[[Session, datetime, Standing], Any]] = {
    "case": lambda _, __, standing: standing.region.row.case_number,
    "case_municipality": lambda _, __, standing: standing.parties[1].row.case_number,
    "machine": lambda _, __, standing: standing.agreement.state.value,
    "waiting_on": _waiting,
    "publication": lambda s, now, standing: "publicerad" if _published(s, now, standing) else "ej_publicerad",
    "published": _published,
    "areas_total": lambda _, __, standing: len(standing.clauses),
    "areas_agreed": _count(rule.State.agreed),
    "areas_out": _count(rule.State.excluded),
    "signed": _signed,
    "signatories": _signatories,
    "signatures": _signatures,
    "due": lambda _, __, standing: str(standing.agreement.due),
    "reminders_sent": _reminders,
    "board": lambda s, _, standing: steps_of(s, standing.agreement.id)[0].body,
    "board_date": lambda s, _, standing: _day(steps_of(s, standing.agreement.id)[0].meeting_on),
    "waiting_since": lambda _, __, standing: _on(standing.agreement.waiting_since),
    "reopened": lambda _, __, standing: _on(standing.agreement.reopened_at),
    "opened": lambda _, __, standing: standing.parties[1].row.opened_at is not None,
    "paused": lambda _, __, standing: standing.agreement.pause is not None,
    "pause_reason": lambda _, __, standing: next(k for k, w in WORDS.items() if w["machine"] == standing.agreement.pause),
    "declined": _declined,
    "reason": lambda _, __, standing: standing.agreement.ended_reason,
}


def _own_area(session: Session, standing: Standing, own: Known) -> Iterator[str]:
    for clause in standing.clauses:
        first = session.get_one(ClauseVersion, clause.versions[0].id)
        if (first.title, first.fields["w"]) == (own["title"], own["text"]):
            yield from _clause(standing, clause, own)
            return
    yield f"{own['title']}: there is no such area"


def _negotiation(session: Session, standing: Standing, told: Known) -> Iterator[str]:
    clause = standing.clauses[int(told["area"].removeprefix("so")) - 1]
    rows = {v.seq: v for v in session.exec(select(ClauseVersion).where(ClauseVersion.clause_id == clause.id))}
    if first := told.get("first_save"):
        assert told["expected"] == {"error": "konflikt"}  # which the one who came too late was shown when they saved
        if clause.head.id != rows[max(rows)].id or rows[max(rows)].fields["w"] != first["text"]:
            yield f"{told['id']}: the first to save was not heard"
        return
    for version in told["versions"]:
        yield from (f"{told['id']}: {fault}" for fault in _version(session, standing, rows[version["v"]], version))
    yield from _clause(standing, clause, told["expected"])


def _version(session: Session, standing: Standing, row: ClauseVersion, told: Known) -> Iterator[str]:
    party = standing.parties[told["by"] == "K"]
    if kind := {"godta": StanceKind.accept, "ta_bort": StanceKind.exclude}.get(told.get("action", "")):
        query = select(Stance).where(Stance.version_id == row.id, Stance.party_id == party.id, Stance.kind == kind)
        found = session.exec(query).first()
        if found is None or (_on(found.at), found.note) != (told["at"], told.get("reason", "")):
            yield f"version {told['v']}: {kind} is missing"
    elif (row.party_id, row.fields["w"], _on(row.at)) != (party.id, told["text"], told["at"]) and told["v"] > 1:
        yield f"version {told['v']}: {row.fields['w']} ({_on(row.at)})"
    elif row.fields["w"] != told["text"] or row.reason != told.get("reason", ""):
        yield f"version {told['v']}: {row.fields['w']} {row.reason}"


def _clause(standing: Standing, clause: Negotiated, wanted: Known) -> Iterator[str]:
    if standing.state_of(clause).value != WORDS[wanted["state"]]["machine"]:
        yield f"{wanted}: {standing.state_of(clause)}"
    if "waiting_on" in wanted and _sides(standing, standing.clause_waits_on(clause)) != wanted["waiting_on"]:
        yield f"{wanted}: waits on {_sides(standing, standing.clause_waits_on(clause))}"


def _on(moment: datetime | None) -> str | None:
    return str(civil(moment)) if moment else None


def _day(day: date | None) -> str | None:
    return str(day) if day else None


def _plain(title: str) -> str:
    return re.sub("[^a-z]+", "_", unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode())
