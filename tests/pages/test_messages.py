"""Utkorg shows what is to be mailed about a round of dialogue, and why something was not, beside all that is about agreements."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from service.cases.dialogue import RoundPlan, create_round
from service.cases.dialogue_invite import Choice, invite
from service.cases.remind import sweep
from service.settings import Settings
from service.store.session import Store
from service.store.tables import Agreement, ContactAssignment
from states.dialogue import Kind
from tests.pages.site import TODAY, Site, Visitor, running, words
from tests.pages.test_overview import elin
from tests.service.cases.test_remind import morning
from tests.stores import migrated_file, store

__all__ = ["elin", "migrated_file", "store"]


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[Site]:
    """Falun and Borlänge are asked to answer a consultation by 28 September; mail to Borlänge does not arrive."""
    with running(store, Settings(data_dir=tmp_path)) as served:
        with store.write() as session:
            cast = served.cast
            programme = session.get_one(Agreement, served.agreement).programme_id
            wanted = RoundPlan("Remiss", Kind.consultation, questions=["Vad saknas?"], rsvp_due=date(2027, 9, 28))
            row = create_round(session, cast.elin, TODAY, wanted, programme=programme)
            invite(session, cast.elin, TODAY, row.id, Choice([cast.falun, cast.borlange]))
            session.get_one(ContactAssignment, cast.hanna.assignment).bounced = True
        yield served


def test_who_has_not_answered_an_invitation_stands_in_the_coming_days(elin: Visitor) -> None:
    page = words(elin.get("/utkorg?visa=plan"))
    assert "Påminnelse om att svara på en inbjudan, Falu kommun tisdag 21 september 2027 Till Karin Östlund Planerad" in page
    assert "Ingen påminnelse: mejlen kommer inte fram till adressen." in page


def test_who_was_not_reminded_of_an_invitation_stands_there_with_the_reason(site: Site, elin: Visitor) -> None:
    with site.store.write() as session:
        assert sweep(session, morning("2027-09-21")).queued == 1
    page = words(elin.get("/utkorg?visa=uteblivet"))
    assert "Påminnelse om att svara på en inbjudan, Borlänge kommun" in page
    assert "Svara på remissen: Remiss" in words(elin.get("/utkorg"))
