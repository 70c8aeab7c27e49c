"""The nightly check: each kind of impossible data, made on purpose behind the use cases' backs."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from service.cases import documents, publish
from service.cases.check import findings
from service.store.columns import new_id
from service.store.tables import (
    Agreement,
    AgreementParty,
    Clause,
    ClauseVersion,
    DecisionStep,
    FrozenText,
    Publication,
    Signature,
    SignatureSlot,
    Stance,
)
from states import decision, slot
from states.agreement import State
from states.clause import StanceKind
from states.parties import Role
from tests.people import draft, join, later
from tests.service.cases import life

Break = Callable[[Session, life.Case], None]


@pytest.fixture
def signed(case: life.Case) -> life.Case:
    """A published agreement with nothing wrong about it."""
    life.open_for_signing(case)
    for who in (case.cast.torun, case.cast.chair):
        life.sign_as(case, who)
    with case.store.write() as session:
        documents.finish_signed(session, case.files, later(126))
        document = documents.signed_document(session, case.id)
        assert document is not None
        publish.publish(session, case.cast.elin, later(126), case.id, document.id)
    case.sound()
    return case


def _agreement(session: Session, case: life.Case) -> Agreement:
    return session.get_one(Agreement, case.id)


def _foreign_party(session: Session, case: life.Case) -> UUID:
    other = draft(session, case.cast, case.cast.borlange, slug="annan")
    return session.exec(select(AgreementParty.id).where(AgreementParty.agreement_id == other)).first() or other


def wrong_state(session: Session, case: life.Case) -> None:
    _agreement(session, case).state = State.agreed


def foreign_stance(session: Session, case: life.Case) -> None:
    head = session.exec(select(ClauseVersion.id)).first()
    assert head is not None
    session.add(Stance(version_id=head, seq=9, party_id=_foreign_party(session, case), kind=StanceKind.accept, at=later()))


def version_gap(session: Session, case: life.Case) -> None:
    session.exec(select(ClauseVersion)).first().seq = 3  # type: ignore[union-attr]


def stale_version(session: Session, case: life.Case) -> None:
    row = session.exec(select(ClauseVersion)).first()
    assert row is not None
    again = {**row.model_dump(), "id": new_id(), "seq": 2, "base_seq": 0}
    session.add(ClauseVersion(**again))


def foreign_version(session: Session, case: life.Case) -> None:
    session.exec(select(ClauseVersion)).first().party_id = _foreign_party(session, case)  # type: ignore[union-attr]


def no_text(session: Session, case: life.Case) -> None:
    origin = session.exec(select(AgreementParty.id).where(AgreementParty.agreement_id == case.id)).first()
    assert origin is not None
    session.add(Clause(agreement_id=case.id, origin_party_id=origin, position=99))


def twin(session: Session, case: life.Case) -> None:
    other = session.get_one(Agreement, draft(session, case.cast, case.cast.falun, slug="annan"))
    other.programme_id, other.party_key = _agreement(session, case).programme_id, "en annan nyckel"


def one_party(session: Session, case: life.Case) -> None:
    other = draft(session, case.cast, case.cast.borlange, slug="annan")
    own = session.exec(select(AgreementParty).where(AgreementParty.agreement_id == other, AgreementParty.position == 2)).one()
    session.delete(own)


def wrong_code(session: Session, case: life.Case) -> None:
    session.exec(select(FrozenText)).one().canonical += " "


def not_frozen(session: Session, case: life.Case) -> None:
    session.exec(select(FrozenText)).one().obsolete_at = later(200)


def wrong_manifest(session: Session, case: life.Case) -> None:
    head = case.standing(session).clauses[0].head.id
    party = case.standing(session).parties[1].id
    session.add(Stance(version_id=head, seq=9, party_id=party, kind=StanceKind.exclude, at=later(200)))


def unbound_decision(session: Session, case: life.Case) -> None:
    session.exec(select(DecisionStep)).one().frozen_id = None


def undecided(session: Session, case: life.Case) -> None:
    step = session.exec(select(DecisionStep)).one()
    step.outcome, step.state = None, decision.State.planned


def wrong_signature(session: Session, case: life.Case) -> None:
    _first_signature(session).control_code = "0" * 64


def unverified_paper(session: Session, case: life.Case) -> None:
    signature = _first_signature(session)
    signature.method, signature.verified_by_id = slot.Method.paper, signature.by_id


def empty_slot(session: Session, case: life.Case) -> None:
    session.delete(_first_signature(session))


def slot_missing(session: Session, case: life.Case) -> None:
    place = session.exec(select(SignatureSlot)).first()
    assert place is not None
    place.state = slot.State.void


def event_missing(session: Session, case: life.Case) -> None:
    agreement = _agreement(session, case)
    agreement.state = agreement.ended_as = State.withdrawn


def published_unsigned(session: Session, case: life.Case) -> None:
    agreement = _agreement(session, case)
    agreement.state = agreement.ended_as = State.declined


def published_personal_data(session: Session, case: life.Case) -> None:
    frozen = session.exec(select(FrozenText)).one()
    frozen.canonical = frozen.canonical.replace("Kultur och hälsa: w.", "Ring 023-123 45 67.")


def broken_chain(session: Session, case: life.Case) -> None:
    session.connection().execute(text("UPDATE chain_head SET hash = 'x'"))


BREAKS: dict[str, Break] = {
    "wrong-state": wrong_state,
    "foreign-stance": foreign_stance,
    "version-gap": version_gap,
    "stale-version": stale_version,
    "foreign-version": foreign_version,
    "no-text": no_text,
    "twin-agreement": twin,
    "one-party": one_party,
    "wrong-code": wrong_code,
    "not-frozen": not_frozen,
    "wrong-manifest": wrong_manifest,
    "unbound-decision": unbound_decision,
    "undecided": undecided,
    "wrong-signature": wrong_signature,
    "unverified-paper": unverified_paper,
    "empty-slot": empty_slot,
    "slot-missing": slot_missing,
    "event-missing": event_missing,
    "published-unsigned": published_unsigned,
    "published-personal-data": published_personal_data,
    "broken-chain": broken_chain,
    "live-signature": not_frozen,
    "live-decision": not_frozen,
}


@pytest.mark.parametrize("code", BREAKS)
def test_what_cannot_be_is_found(signed: life.Case, code: str) -> None:
    with signed.store.write() as session:
        BREAKS[code](session, signed)
    with signed.store.read() as session:
        found = findings(session)
    assert code in {f.code for f in found}
    assert all(f.subject and f.message for f in found)


def test_a_decision_about_anothers_text_is_found(signed: life.Case) -> None:
    with signed.store.write() as session:
        other = draft(session, signed.cast, signed.cast.borlange, slug="annan")
        party = session.exec(select(AgreementParty.id).where(AgreementParty.agreement_id == other)).first()
        assert party is not None
        frozen = life.frozen_id(session, signed)
        session.add(
            DecisionStep(
                agreement_id=other,
                party_id=party,
                frozen_id=frozen,
                kind=decision.Kind.notice,
                body="X",
                meeting_on=date(2027, 9, 1),
            )
        )
    with signed.store.read() as session:
        assert [f.code for f in findings(session)] == ["foreign-decision"]


def test_an_unpublished_one_is_no_finding(signed: life.Case) -> None:
    with signed.store.write() as session:
        join(session, "Någon", signed.cast.falun, Role.reader)
        publish.unpublish(session, signed.cast.elin, later(130), signed.id, "Fel fil.")
        assert session.exec(select(Publication)).one().reason
    signed.sound()


def _first_signature(session: Session) -> Signature:
    found = session.exec(select(Signature)).first()
    assert found is not None
    return found
