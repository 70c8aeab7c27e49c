"""Reminders to come: what the sweeps of the coming days will do if nothing changes, or only the policy does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from service.cases.dates import periods
from service.cases.owed import CHUNK, Owed, concerned, owed
from service.cases.owed_replies import Matter, replies
from states import reminders
from states.calendar import civil, next_sending_day
from states.policy import merged
from states.reminders import MOVE_WORDS, SKIP_WORDS, Purpose, Slot, Status


@dataclass(frozen=True, slots=True)
class Planned:
    """One reminder to come, or not to: when, about what, to whom, and in words why it moves or is not sent."""

    on: date
    agreement_id: UUID | None
    purpose: Purpose
    number: int
    organisation: str
    assignment_id: UUID | None
    recipient: str
    status: Status
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A policy and quiet periods that a programme does not have yet, and what single agreements would say otherwise."""

    policy: Mapping[str, object]
    quiet: Sequence[Mapping[str, str]]
    agreements: Mapping[UUID, Mapping[str, object]] = field(default_factory=dict)

    def applied(self, matter: Matter) -> Matter:
        own = self.agreements.get(matter.agreement.id, matter.agreement.policy) if isinstance(matter, Owed) else {}
        obligation = replace(matter.obligation, quiet_periods=periods(self.quiet))
        return replace(matter, policy=merged(self.policy, own), obligation=obligation)


def plan(
    session: Session,
    now: datetime,
    days: int = 30,
    region: UUID | None = None,
    what_if: WhatIf | None = None,
    programme: UUID | None = None,
    only: Sequence[UUID] | None = None,
) -> list[Planned]:
    """Every slot of the coming days in the order of their days, or of `only` these agreements; nothing is written."""
    today, found = civil(now), list[Planned]()
    for matter in _matters(session, now, region, only):
        if programme in (None, matter.programme_id):
            found += _planned(what_if.applied(matter) if what_if else matter, today, today + timedelta(days=days))
    return sorted(found, key=lambda p: (p.on, p.organisation, p.number))


def _matters(session: Session, now: datetime, region: UUID | None, only: Sequence[UUID] | None) -> Iterator[Matter]:
    """All that somebody owes, agreements chunk by chunk."""
    if only is None:
        yield from replies(session, now, region)
    after = None
    while True:
        ids = concerned(session, civil(now), after, CHUNK, region)
        yield from owed(session, now, ids if only is None else [i for i in ids if i in only])
        if len(ids) < CHUNK:
            return
        after = str(ids[-1])


def _planned(matter: Matter, today: date, last: date) -> list[Planned]:
    """The slots of one obligation that fall within the days, those with a row of their own left out."""
    found = []
    for rung in reminders.plan(matter.obligation, matter.policy, today):
        on = max(rung.planned, next_sending_day(today, matter.obligation.quiet_periods))
        if rung.status is Status.done or on > last or (rung.status is Status.skipped and rung.planned < today):
            continue
        found.append(
            Planned(
                on=on,
                agreement_id=matter.agreement_id,
                purpose=matter.obligation.purpose,
                number=rung.number,
                organisation=matter.organisation.name,
                assignment_id=matter.contact.assignment.id if matter.contact else None,
                recipient=matter.contact.person.name if matter.contact else "",
                status=rung.status,
                why=_why(rung),
            )
        )
    return found


def _why(rung: Slot) -> tuple[str, ...]:
    return (SKIP_WORDS[rung.reason],) if rung.reason else tuple(MOVE_WORDS[move] for move in rung.moves)
