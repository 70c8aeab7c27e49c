"""Another person can sign for a party while the place is not signed; the one before can no more."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from service.cases.contacts import NewContact
from service.cases.remind import sweep
from service.cases.remind_signers import remind_signers
from service.cases.sign import sign
from service.cases.signatories import SlotPlan, name_another, replace_signatory
from service.store.tables import Message, Person, SignatureSlot
from states import message as rule
from states.errors import Invalid, NotAllowed, NotYours, Stale
from states.parties import Actor, Role
from tests.people import join, later
from tests.service.cases import life
from tests.service.cases.test_remind import morning

VICE: dict[str, Any] = {"role": Role.signatory, "title": "vice ordförande", "authority": "reglementet 3 §"}


def test_another_person_is_asked_and_the_one_before_cannot_sign(any_case: life.Case) -> None:
    case, cast = any_case, any_case.cast
    life.open_for_signing(case)
    with case.store.write() as session:
        place = life.place_of(session, case, cast.chair)
        code = life.code_of(session, case)
        deputy = join(session, "Vera Ersson", cast.falun, Role.signatory, "vice ordförande")
        replace_signatory(session, cast.karin, later(124), place.id, SlotPlan(deputy.assignment, "vice ordförande"))
        with pytest.raises(NotYours):
            sign(session, cast.chair, later(125), place.id, code)
        assert life.code_of(session, case) == code
    asked = {m.recipient_name: m.state.value for m in case.mails("sign_request")}
    assert (asked["Anna Borg"], asked["Vera Ersson"]) == ("suppressed", "queued")
    life.sign_as(case, cast.torun)
    life.sign_as(case, deputy)
    assert case.state() == "signed"
    assert "replace_signatory" in case.kinds()
    case.sound()


def test_who_takes_a_place_over_later_the_same_day_can_be_reminded_too(case: life.Case) -> None:
    life.open_for_signing(case)
    for _ in range(2):
        with case.store.write() as session:
            remind_signers(session, case.cast.elin, later(124), case.id)
    with case.store.write() as session:
        place = life.place_of(session, case, case.cast.chair)
        name_another(session, case.cast.karin, later(124), place.id, NewContact("Vera Ersson", "vera@falun.example", **VICE))
        remind_signers(session, case.cast.elin, later(124), case.id)
    reminded = [m.recipient_name for m in case.mails("reminder_signature")]
    assert sorted(reminded) == ["Anna Borg", "Torun Hällgren", "Vera Ersson"]


def test_whom_the_sweep_has_reminded_today_is_not_reminded_by_hand_too(case: life.Case) -> None:
    life.open_for_signing(case)
    day = morning("2027-09-15")
    with case.store.write() as session:
        assert sweep(session, day).queued == 2
        assert remind_signers(session, case.cast.elin, day, case.id) == ()
        assert len(remind_signers(session, case.cast.elin, day + timedelta(days=1), case.id)) == 2
    assert len(case.mails("reminder_signature")) == 4


def test_nobody_is_replaced_after_signing_by_another_party_or_with_a_stranger(case: life.Case) -> None:
    cast = case.cast
    life.open_for_signing(case)
    life.sign_as(case, cast.torun)
    with case.store.write() as session:
        signed, mine = life.place_of(session, case, cast.torun), life.place_of(session, case, cast.chair)
        other = join(session, "Vera Ersson", cast.falun, Role.signatory)
        with pytest.raises(NotAllowed):
            replace_signatory(session, cast.elin, later(126), signed.id, SlotPlan(other.assignment, "chef"))
        with pytest.raises(NotYours):
            replace_signatory(session, cast.karin, later(126), signed.id, SlotPlan(other.assignment, "chef"))
        for wrong in (cast.chair, cast.torun):
            with pytest.raises(Invalid):
                replace_signatory(session, cast.karin, later(126), mine.id, SlotPlan(wrong.assignment, "chef"))


def test_who_has_been_asked_hears_that_it_is_no_longer_needed_and_can_be_asked_anew(any_case: life.Case) -> None:
    case, cast = any_case, any_case.cast
    life.open_for_signing(case)
    with case.store.write() as session:
        place = life.place_of(session, case, cast.chair)
        _went_out(session, cast.chair)
        name_another(session, cast.karin, later(124), place.id, NewContact("Vera Ersson", "Vera@falun.example", **VICE))
    (letter,) = case.mails("signatory_replaced")
    assert (letter.recipient_name, letter.state.value) == ("Anna Borg", "queued")
    assert "En annan person skriver under för Falu kommun i stället." in letter.body
    with case.store.write() as session:
        chair = session.get_one(Person, cast.chair.person)
        name_another(session, cast.karin, later(125), place.id, NewContact("A. Borg", chair.email.upper(), **VICE))
        assert session.get_one(SignatureSlot, place.id).assignment_id == cast.chair.assignment
    asked = [(m.recipient_name, m.state.value) for m in case.mails("sign_request") if m.recipient_name != "Torun Hällgren"]
    assert asked == [("Anna Borg", "sent"), ("Vera Ersson", "suppressed"), ("Anna Borg", "queued")]
    assert len(case.mails("signatory_replaced")) == 1, "Vera was never asked, so there is nothing to take back"
    case.sound()


def test_whom_the_request_never_reached_has_nothing_to_be_told(case: life.Case) -> None:
    life.open_for_signing(case)
    with case.store.write() as session:
        place = life.place_of(session, case, case.cast.chair)
        _went_out(session, case.cast.chair, rule.Event.fail)
        name_another(session, case.cast.karin, later(124), place.id, NewContact("Vera Ersson", "Vera@falun.example", **VICE))
    assert case.mails("signatory_replaced") == []


def test_a_new_signatory_is_named_whole_and_differs_from_the_one_before(case: life.Case) -> None:
    life.open_for_signing(case)
    with case.store.write() as session:
        place = life.place_of(session, case, case.cast.chair)
        chair = session.get_one(Person, case.cast.chair.person).email
    wrong = {
        "name": NewContact("", "vera@falun.example", **VICE),
        "email": NewContact("Vera Ersson", "vera", **VICE),
        "title": NewContact("Vera Ersson", "vera@falun.example", Role.signatory),
        "same": NewContact("Vera Ersson", chair, **VICE),
    }
    for field, person in wrong.items():
        with pytest.raises(Invalid) as refused, case.store.write() as session:
            name_another(session, case.cast.karin, later(124), place.id, person)
        assert [f.field for f in refused.value.fields] == [{"same": "email"}.get(field, field)]
    with pytest.raises(Stale), case.store.write() as session:
        name_another(session, case.cast.karin, later(124), place.id, NewContact("Vera", "vera@falun.example", **VICE), version=99)


def _went_out(session: Session, actor: Actor, what: rule.Event = rule.Event.send) -> None:
    query = select(Message).where(Message.assignment_id == actor.assignment, Message.purpose == "sign_request")
    for message in session.exec(query):
        rule.advance(message, what)
        session.add(message)
