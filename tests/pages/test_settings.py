"""Inställningar without a script: a policy is tried, refused at its field, saved; schedules and backup are told in words."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from service.cases.backup import make, note_verified
from service.cases.propose import send_proposal
from service.schedules import NAMES
from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from service.store.tables import Agreement, Programme
from tests.pages.site import Site, Visitor, running, words
from tests.pages.test_overview import elin
from tests.people import later
from tests.stores import Begun, begun, migrated_file, store

__all__ = ["begun", "elin", "migrated_file", "store"]


@pytest.fixture
def site(store: Store, begun: Begun, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path, prefect_port=8438), begun) as served:
        with store.write() as session:
            send_proposal(session, served.cast.elin, later(), served.agreement)
        yield served


@pytest.fixture
def form(site: Site) -> str:
    with site.store.read() as session:
        return f"/program/{session.exec(select(Programme)).one().id}/paminnelser"


def test_a_silent_scheduler_and_a_missing_backup_are_said(elin: Visitor) -> None:
    page = words(elin.get("/installningar"))
    assert "Schemat svarar inte." in page
    assert "Ingen säkerhetskopia har prövats ännu." in page
    assert "Svar: 14, 3 dagar före och 1, 10 dagar efter svarsdagen." in page


def test_asking_a_silent_scheduler_for_a_run_says_so_and_an_unknown_one_is_not_there(elin: Visitor) -> None:
    assert elin.post("/installningar/korning", schedule="reminders").status_code == 503
    assert elin.post("/installningar/korning", schedule="dröm").status_code == 404


def test_the_age_of_the_last_verified_backup_is_said(site: Site, elin: Visitor, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    path, manifest = make(site.store, Files(site.settings.files_dir), tmp_path / "kopior", b"k" * 32, now)
    note_verified(tmp_path, path, manifest, now)
    assert "timmar gammal" in words(elin.get("/installningar"))


def test_a_change_is_tried_before_it_is_saved(site: Site, elin: Visitor, form: str) -> None:
    tried = elin.submit(elin.get(form), form, before="15, 14", prova="1")
    assert tried.status_code == 200
    assert "Nästa vecka skickas 2 påminnelser." in words(tried)
    assert "Utan ändringen är det en." in words(tried)
    assert 'value="15, 14"' in tried.text
    saved = elin.submit(tried, form, before="15, 14", quiet="2027-12-20 2028-01-07 jul")
    assert "Påminnelserna är ändrade." in words(saved)
    with site.store.read() as session:
        programme = session.exec(select(Programme)).one()
        assert programme.policy["before"] == [15, 14]
        assert programme.quiet_periods == [{"from": "2027-12-20", "to": "2028-01-07", "reason": "jul"}]


def test_a_fault_is_said_at_its_field_and_what_was_typed_stays(elin: Visitor, form: str) -> None:
    refused = elin.submit(elin.get(form), form, before="snart", quiet="sommaren")
    assert refused.status_code == 422
    assert 'id="f-before-error"' in refused.text
    assert 'value="snart"' in refused.text
    assert "sommaren" in refused.text


def test_an_agreement_can_be_reminded_otherwise(site: Site, elin: Visitor) -> None:
    page = elin.get(site.path)
    assert "Påminnelser för den här överenskommelsen" in words(page)
    form = f"{site.path}/paminnelser"
    saved = elin.submit(elin.get(form), "/paminnelser", after="inga")
    assert "Påminnelserna är ändrade." in words(saved)
    assert 'value="inga"' in saved.text
    with site.store.read() as session:
        assert session.get_one(Agreement, site.agreement).policy == {"after": []}


def test_a_contact_sees_neither(site: Site) -> None:
    karin = site.visitor(site.cast.karin)
    assert karin.get("/installningar").status_code == 403
    assert karin.get(f"{site.path}/paminnelser").status_code == 403
    assert "Påminnelser för den här" not in words(karin.get(site.path))


def test_utkorg_shows_a_week_or_a_month(elin: Visitor) -> None:
    week, month = (words(elin.get(f"/utkorg?visa=plan{more}")) for more in ("", "&dagar=30"))
    assert week.count("Påminnelse om att svara, Falu kommun") == 1
    assert month.count("Påminnelse om att svara, Falu kommun") == 4


def test_a_contact_confirms_their_assignment_after_an_election(site: Site) -> None:
    karin = site.visitor(site.cast.karin)
    page = karin.get("/min-kommun/kontakter")
    assert "Uppdraget stämmer" in words(page)
    done = karin.submit(page, "/bekraftelse")
    assert "Tack! Uppdraget är bekräftat." in words(done)


def test_every_schedule_has_a_name_in_words() -> None:
    """The flows are not imported here: that would bring the whole scheduler into this process."""
    text = (Path(__file__).parents[2] / "flows").glob("*.py")
    named = {line.split('"')[1] for file in text for line in file.read_text().splitlines() if line.startswith("@flow(name=")}
    assert named == set(NAMES)
