"""Another person can sign for a party while the place is not signed; the one before can no more."""

import pytest

from service.cases.sign import sign
from service.cases.signatories import SlotPlan, replace_signatory
from states.errors import Invalid, NotAllowed, NotYours
from states.parties import Role
from tests.people import join, later
from tests.service.cases import life


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
