"""How a programme reminds, and one agreement otherwise: read from what was typed, tried before it is saved, and saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.forecast import Planned, WhatIf, plan
from service.cases.programmes import programme_for
from service.cases.steps import note
from service.store import history
from service.store.standing import Standing, load
from service.store.tables import Agreement, Programme
from states.access import Operation
from states.errors import FieldError, Invalid, Stale
from states.parties import Actor
from states.policy import Policy, merged
from states.reminders import Status
from states.said import _

NUMBERS = ("before", "after", "signature_after")
"""The parts of a policy that are lists of days."""


_NONE = "inga"


@dataclass(frozen=True, slots=True)
class Tried:
    """What the coming days bring as it is now, and as it would be with the change."""

    now: tuple[Planned, ...]
    then: tuple[Planned, ...]

    @property
    def sent_now(self) -> int:
        return sum(one.status is not Status.skipped for one in self.now)

    @property
    def sent_then(self) -> int:
        return sum(one.status is not Status.skipped for one in self.then)


def policy_of(typed: Mapping[str, str], *, whole: bool = False) -> dict[str, object]:
    """What was typed as the plain form of a policy; every fault stands at its field.

    Empty fields are left out; in a `whole` policy an empty list of days is none at all, and so is the word "inga" everywhere.
    """
    raw: dict[str, object] = {name: _whole(typed.get(name, "")) for name in NUMBERS if whole or typed.get(name, "").strip()}
    if typed.get("max_unanswered", "").strip():
        raw["max_unanswered"] = _number(typed["max_unanswered"])
    if typed.get("opens", "").strip() or typed.get("closes", "").strip():
        raw["window"] = [typed.get("opens", "").strip(), typed.get("closes", "").strip()]
    errors: list[FieldError] = []
    for name, value in raw.items():
        try:
            Policy.from_dict({name: value})
        except Invalid as refused:
            errors += [replace(e, field="opens" if name == "window" else name) for e in refused.fields]
    if errors:
        raise Invalid(*errors)
    return raw


def quiet_of(text: str) -> list[dict[str, str]]:
    """Quiet periods, one a line: first day, last day, and why."""
    periods = []
    for number, line in enumerate((row for row in text.splitlines() if row.strip()), 1):
        first, last, reason = [*line.replace("–", " ").split(None, 2), "", "", ""][:3]
        try:
            backwards = date.fromisoformat(last) < date.fromisoformat(first)
        except ValueError:
            said = _(
                "Rad {number}: skriv första dag, sista dag och orsak. Till exempel 2027-06-21 2027-08-15 sommar.", number=number
            )
            raise Invalid(FieldError("quiet", "not-a-period", said)) from None
        if backwards:
            raise Invalid(FieldError("quiet", "before-start", _("Rad {number}: perioden slutar före den börjar.", number=number)))
        periods.append({"from": first, "to": last, "reason": reason.strip()})
    return periods


def change_programme(
    session: Session,
    actor: Actor,
    now: datetime,
    programme_id: UUID,
    policy: Mapping[str, object],
    quiet: Sequence[Mapping[str, str]],
    version: int | None = None,
) -> Programme:
    """Remind otherwise from now on; what has been sent stays sent, and no slot comes twice."""
    programme = programme_for(session, actor, Operation.edit_programme, programme_id)
    session.refresh(programme, with_for_update=True)
    if version is not None and programme.version != version:
        raise Stale
    programme.policy, programme.quiet_periods = Policy.from_dict(policy).to_dict(), [dict(q) for q in quiet]
    programme.version += 1
    session.add(programme)
    history.append(session, actor, now, "change_reminders", programme=str(programme.id), name=programme.name)
    return programme


def change_agreement(
    session: Session, actor: Actor, now: datetime, agreement_id: UUID, policy: Mapping[str, object], version: int | None = None
) -> Standing:
    """What this agreement does otherwise than its programme; nothing given means as the programme."""
    standing = load(session, actor, Operation.edit_reminders, agreement_id, version=version)
    agreement = standing.agreement
    merged(session.get_one(Programme, agreement.programme_id).policy, policy)
    agreement.policy = dict(policy)
    note(session, actor, now, standing, "override_reminders", given=sorted(policy))
    return standing


def try_programme(
    session: Session,
    now: datetime,
    programme: Programme,
    policy: Mapping[str, object],
    quiet: Sequence[Mapping[str, str]],
    days: int,
) -> Tried:
    """The plan of the coming days in a programme, with and without a change that is not saved."""
    return _tried(session, now, programme, WhatIf(policy, quiet), days)


def try_agreement(session: Session, now: datetime, agreement: Agreement, policy: Mapping[str, object], days: int) -> Tried:
    """The same for what one agreement does otherwise."""
    programme = session.get_one(Programme, agreement.programme_id)
    return _tried(
        session, now, programme, WhatIf(programme.policy, programme.quiet_periods, {agreement.id: policy}), days, agreement.id
    )


def _tried(
    session: Session, now: datetime, programme: Programme, change: WhatIf, days: int, agreement: UUID | None = None
) -> Tried:
    ids = None if agreement is None else [agreement]
    found = (plan(session, now, days, programme.region_id, what_if, programme.id, ids) for what_if in (None, change))
    before, after = (tuple(each) for each in found)
    return Tried(before, after)


def _whole(text: str) -> object:
    """Numbers between commas or spaces; anything else as it stands, for the policy to refuse."""
    parts = [] if text.strip().lower() == _NONE else text.replace(",", " ").split()
    return [_number(part) for part in parts]


def _number(text: str) -> int | str:
    said = text.strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else said
