"""One happy life, from programme to publication, through every verb, with its history and its mail."""

import pytest

from service.cases import documents, publish
from service.cases.case_number import set_case_number
from service.cases.check import findings
from service.cases.respond import Draft
from service.cases.sign import record_paper, verify_paper
from service.cases.tasks import open_tasks
from service.store import history
from service.store.standing import load, view
from service.store.tables import FrozenText
from service.store.tables.response import AnswerKind
from states.access import Operation
from states.agreement import State
from states.errors import Blocked, NotFound
from states.facts import from_canonical
from tests.people import CITIZEN, later
from tests.service.cases import life

WHOLE = """
    create send_proposal send_response send_response settle set_case_number plan_signing plan_signing plan_decision
    request_decision decision_approved approve sign upload_signed_paper sign complete publish
"""


def test_an_agreement_goes_from_draft_to_the_public_page(any_case: life.Case) -> None:
    case = any_case
    assert case.state() == "draft"
    life.propose(case)
    assert [m.recipient_name for m in case.mails("proposal")] == ["Karin Östlund"]
    falun_answers(case)
    life.accept_all(case, case.cast.elin, later(25))
    assert case.state() == "agreed"
    falun_registers(case)
    life.plan_signing(case)
    life.approve(case, life.ask_board(case))
    assert case.state() == "signing"
    assert {m.recipient_name for m in case.mails("sign_request")} == {"Torun Hällgren", "Anna Borg"}
    life.sign_as(case, case.cast.torun)
    the_chair_signs_on_paper(case)
    it_is_published(case)
    nothing_is_left_to_do(case)
    assert case.kinds() == WHOLE.split()


def falun_answers(case: life.Case) -> None:
    """One area is accepted, one reworded, one left out, one added."""
    with case.store.write() as session:
        first, second, third = case.standing(session).clauses
        own = Draft(AnswerKind.add, title="Världsarvet", fields={"w": "Ett skolprogram."})
        drafts = life.accepting(first), life.countering(session, second, "Alla barn."), life.excluding(third), own
        life.answer(session, case, case.cast.karin, later(20), *drafts)
        assert case.standing(session).waiting_on() == {case.standing(session).region.id}
    letter = case.mails("response_received")[0]
    assert letter.recipient_name in ("Elin Åsberg", "Joar Hedqvist")
    assert "Vi hinner inte." in letter.body


def falun_registers(case: life.Case) -> None:
    """Falun gives its case number; the text says what both agreed on, and where the history stood."""
    with case.store.write() as session:
        standing = load(session, case.cast.karin, Operation.set_case_number, case.id)
        falun = standing.party_of(case.cast.karin)
        set_case_number(session, case.cast.karin, later(26), standing, falun.id, "KUN 2027/181")
        frozen = from_canonical(session.get_one(FrozenText, life.frozen_id(session, case)).canonical)
    assert [c.title for c in frozen.clauses] == ["Scenkonst för barn och unga", "Bibliotek och läsning", "Världsarvet"]
    assert [p.case_number for p in frozen.parties][1] == "KUN 2027/181"
    assert frozen.history_head == history_head_before(case)


def the_chair_signs_on_paper(case: life.Case) -> None:
    """Falun hands the scan in, another at the region compares it."""
    cast = case.cast
    with case.store.write() as session:
        place = life.place_of(session, case, cast.chair)
        scan = life.scan(session, case, cast.karin)
        paper = record_paper(session, cast.karin, later(126), place.id, life.code_of(session, case), scan, later(124).date())
    assert case.state() == "signing"
    with case.store.write() as session:
        assert verify_paper(session, cast.joar, later(127), paper.id, holds=True).agreement.state is State.signed


def it_is_published(case: life.Case) -> None:
    """The file is made once, goes to both registrars and is put on the public page."""
    with case.store.write() as session:
        assert documents.finish_signed(session, case.files, later(127)) == 1
        assert documents.finish_signed(session, case.files, later(127)) == 0
        document = documents.signed_document(session, case.id)
        assert document is not None
        row = publish.publish(session, case.cast.elin, later(128), case.id, document.id)
        assert row.slug == "falun-2027-2030"
    assert len(case.mails("signed_to_registry")) == 2


def nothing_is_left_to_do(case: life.Case) -> None:
    with case.store.read() as session:
        assert documents.public_file(session, case.files, "falun-2027-2030").data.startswith(b"PK")
        assert history.verify(session) is None
        assert findings(session) == []
        assert open_tasks(session, case.cast.elin, later(130)) == []


def history_head_before(case: life.Case) -> str:
    """The newest hash before the number was given."""
    with case.store.read() as session:
        return next(e.previous for e in life.events(session, case) if e.kind == "set_case_number")


def test_nobody_else_sees_anything_of_it(case: life.Case) -> None:
    life.propose(case)
    for stranger in (case.cast.hanna, case.cast.borlange_chair, CITIZEN):
        with case.store.read() as session, pytest.raises(NotFound):
            view(session, stranger, case.id)
    with case.store.read() as session:
        assert view(session, case.cast.karin, case.id).agreement.id == case.id


def test_a_draft_is_not_shown_to_the_other_party(case: life.Case) -> None:
    with case.store.read() as session, pytest.raises(NotFound):
        view(session, case.cast.karin, case.id)


def test_what_is_not_signed_is_not_published_and_personal_data_stops_it(case: life.Case) -> None:
    life.open_for_signing(case)
    with case.store.write() as session, pytest.raises(Blocked) as refused:
        publish.publish(session, case.cast.elin, later(126), case.id, case.id)
    assert [r.code for r in refused.value.reasons] == ["not-signed"]


def test_a_phone_number_in_the_text_stops_the_publication(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        first, *rest = case.standing(session).clauses
        text = life.countering(session, first, "Ring 023-123 45 67 eller skriv till karin@falun.example.")
        life.answer(session, case, case.cast.karin, later(1), text, *(life.accepting(c) for c in rest))
    life.accept_all(case, case.cast.elin, later(2))
    with case.store.read() as session:
        found = publish.personal_data(session, case.standing(session))
    assert len(found) == 2
    assert {r.code for r in found} == {"personal-data-left"}


def test_taking_it_down_needs_a_reason_that_stays(case: life.Case) -> None:
    life.open_for_signing(case)
    for who in (case.cast.torun, case.cast.chair):
        life.sign_as(case, who)
    with case.store.write() as session:
        documents.finish_signed(session, case.files, later(126))
        document = documents.signed_document(session, case.id)
        assert document is not None
        publish.publish(session, case.cast.elin, later(126), case.id, document.id)
        row = publish.unpublish(session, case.cast.elin, later(127), case.id, "Fel fil låg på sidan.")
        assert row.reason == "Fel fil låg på sidan."
        with pytest.raises(NotFound):
            documents.public_file(session, case.files, row.slug)
        assert publish.publish(session, case.cast.elin, later(128), case.id, document.id).slug == row.slug
    case.sound()
