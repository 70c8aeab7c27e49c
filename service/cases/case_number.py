"""Case numbers: each party's own, asked for when the text freezes, and printed in it while nothing rests on it yet.

A registrar often gets the number after the parties have agreed. Until a decision or a signature is asked for, nobody has used
the control code, so the frozen text is replaced by one with the number. After that the text stands: the number is kept in the
register and shown on the pages, and the paper says that it was not given.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.frozen import freeze, frozen_text
from service.cases.mail import task, task_done, tell
from service.cases.steps import note
from service.cases.wording import line
from service.post.letters import LetterName
from service.store.standing import Party, Standing
from service.store.tables import FrozenText
from states.agreement import PROPOSED, State
from states.errors import NotAllowed
from states.facts import spoken
from states.parties import Actor

MISSING = "case_number_missing"


def set_case_number(session: Session, actor: Actor, now: datetime, standing: Standing, party_id: UUID, number: str) -> None:
    """A party's own case number as it writes it; `standing` was loaded for set_case_number."""
    party, agreement = standing.party_for(actor, party_id), standing.agreement
    if agreement.state not in (State.draft, *PROPOSED):
        raise NotAllowed("set_case_number", agreement.state)
    written = line(number, "case_number", missing="Skriv ärendets diarienummer.", limit=60)
    if written == party.row.case_number:
        return
    party.row.case_number = written
    session.add(party.row)
    task_done(session, actor, now, standing, MISSING, once=str(party.id))
    said = {"party": party.organisation.name, "number": written}
    if agreement.state is not State.agreed:
        note(session, actor, now, standing, "set_case_number", **said)
        return
    old = frozen_text(session, standing)
    new = _replaced(session, now, standing, old)
    note(session, actor, now, standing, "set_case_number", **said, obsolete=old.control_code, control_code=new.control_code)
    for each in standing.parties:
        facts = {"fran": party.organisation.name, "dnr": written, "kontrollkod": spoken(new.control_code)}
        tell(session, now, standing, each, LetterName.case_number_set, facts)


def ask_for_numbers(session: Session, now: datetime, standing: Standing) -> None:
    """The text has just frozen: the parties whose number does not stand in it are asked, and the strategist sees whose it is."""
    for party in without_number(standing):
        name = party.organisation.name
        detail = "Skriv in det innan någon begär beslut eller underskrifter. Annars står det inte i texten."
        task(session, now, standing, MISSING, f"{name} har inte angett sitt diarienummer", once=str(party.id), detail=detail)
        if not party.is_region:
            tell(session, now, standing, party, LetterName.case_number_wanted, link_path=_page(standing))


def without_number(standing: Standing) -> tuple[Party, ...]:
    """The parties that have no case number yet (invariant 23)."""
    return tuple(p for p in standing.parties if not p.row.case_number)


def _replaced(session: Session, now: datetime, standing: Standing, old: FrozenText) -> FrozenText:
    """The same text with the number in it: no decision and no signature rests on the old one."""
    old.obsolete_at = now
    session.add(old)
    session.flush()
    return freeze(session, now, standing)


def _page(standing: Standing) -> str:
    return f"/overenskommelser/{standing.agreement.id}/diarienummer"
