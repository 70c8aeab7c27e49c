"""When a contact begins and ends is said on the form, with an error at the day that cannot be."""

from datetime import date

import pytest
from sqlmodel import col, select

from service.cases.propose import send_proposal
from service.store.tables import ContactAssignment, Message
from tests.pages.site import Site, Visitor, words
from tests.pages.test_overview import elin, site
from tests.people import later
from tests.stores import begun, migrated_file, store

__all__ = ["begun", "elin", "migrated_file", "site", "store"]

NEW = {"name": "Nina Ny", "email": "nina.ny@falun.example", "role": "deputy"}


def test_a_contact_is_added_for_a_time(site: Site, elin: Visitor) -> None:
    form = elin.get(f"/kontakter/ny/{site.cast.falun}")
    added = elin.submit(form, f"/ny/{site.cast.falun}", **NEW, valid_from="2027-01-01", valid_to="2099-12-31")
    assert "Personen är tillagd." in words(added)
    with site.store.read() as session:
        row = session.exec(select(ContactAssignment).order_by(col(ContactAssignment.id).desc())).first()
        assert row is not None
        assert (row.valid_from, row.valid_to) == (date(2027, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2099-05-01", "2099-04-01", "Sista dagen ligger före första dagen."),
        ("", "2001-01-01", "Sista dagen har redan passerat."),
        ("i morgon", "", "Skriv datumet som år, månad och dag"),
    ],
)
def test_a_day_that_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(
    site: Site, elin: Visitor, first: str, last: str, said: str
) -> None:
    form = elin.get(f"/kontakter/ny/{site.cast.falun}")
    refused = elin.submit(form, f"/ny/{site.cast.falun}", **NEW, valid_from=first, valid_to=last)
    assert refused.status_code == 422
    assert said in words(refused)
    assert 'value="nina.ny@falun.example"' in refused.text
    assert f'value="{first}"' in refused.text or not first


def test_a_contact_hands_over_from_a_day_to_come_and_stays_until_then(site: Site) -> None:
    with site.store.write() as session:
        send_proposal(session, site.cast.elin, later(), site.agreement)
    karin = site.visitor(site.cast.karin)
    path = f"/min-kommun/kontakter/{site.cast.karin.assignment}/byte"
    typed = {"name": "Maja Ek", "email": "maja@falun.example"}
    refused = karin.submit(karin.get(path), "/byte", **typed, valid_from="snart")
    assert refused.status_code == 422
    assert 'value="snart"' in refused.text
    assert 'value="Maja Ek"' in refused.text
    saved = words(karin.submit(refused, "/byte", **typed, valid_from="2027-10-04"))
    assert "Bytet av kontaktperson är sparat." in saved
    assert "Från 4 oktober 2027" in saved
    assert "Till 3 oktober 2027" in saved
    with site.store.read() as session:
        assert session.exec(select(Message).where(Message.purpose == "contact_changed")).all() == []
    path = f"/min-kommun/kontakter/{site.cast.karin.assignment}/avslut"
    assert "Påminnelserna pausas" not in words(karin.get(path)), "Peter is there"
