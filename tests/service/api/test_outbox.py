"""The outbox by API: held and sent again with a row in the history, next week's reminders with why, and those never sent."""

from datetime import UTC, datetime

import httpx
from sqlmodel import select

from service.cases import remind
from service.post.letters import LetterName
from service.store import outbox
from service.store.tables import ContactAssignment, Event, Message, Person
from tests.pages.site import Site
from tests.people import later
from tests.service.api.client import api, key, propose, refused
from tests.service.cases.test_remind import morning


def test_what_the_api_does_to_a_message_stands_in_the_history(site: Site, elin: httpx.Client) -> None:
    propose(site, elin)
    (message,) = elin.get("messages").json()["items"]
    path = f"messages/{message['id']}"
    assert elin.put(f"{path}/hold").json()["held"] is True
    assert elin.delete(f"{path}/hold").json()["held"] is False
    refused(elin.post(f"{path}/resending", headers=key()), 409, "not-allowed")
    with site.store.read() as session:
        assert [e.kind for e in session.exec(select(Event)) if e.kind.endswith("_message")] == ["hold_message", "release_message"]


def test_a_message_about_no_agreement_is_there_for_its_region_alone(site: Site, elin: httpx.Client) -> None:
    with site.store.write() as session:
        assignment = session.get_one(ContactAssignment, site.cast.joar.assignment)
        email = session.get_one(Person, site.cast.joar.person).email
        purpose = LetterName.problem_digest.value
        outbox.queue(session, later(), key="d", purpose=purpose, subject="s", body="b", recipient=email, assignment=assignment)
    (message,) = elin.get("messages").json()["items"]
    assert elin.get(f"messages/{message['id']}").json()["purpose"] == "problem_digest"
    assert api(site, site.cast.hanna).get(f"messages/{message['id']}").status_code == 403


def test_the_coming_reminders_say_whom_when_and_why(site: Site, elin: httpx.Client) -> None:
    path = propose(site, elin)
    month = elin.get("reminders/plan?days=30").json()["items"]
    assert [one["on"] for one in month] == ["2027-09-16", "2027-09-27", "2027-10-01", "2027-10-11"]
    assert {one["agreement"] for one in month} == {str(site.agreement)}
    assert {one["recipient"] for one in month} == {"Karin Östlund"}
    assert len(elin.get("reminders/plan").json()["items"]) == 1
    refused(elin.get("reminders/plan?days=0"), 422, "invalid")
    assert path


def test_a_reminder_that_was_not_sent_has_its_reason(site: Site, elin: httpx.Client) -> None:
    propose(site, elin)
    with site.store.write() as session:
        assert session.exec(select(Message)).one()
        session.get_one(ContactAssignment, site.cast.karin.assignment).bounced = True
        remind.sweep(session, morning("2027-09-28"))
    skips = elin.get("reminders/skips?limit=1").json()
    assert skips["next"]
    rest = elin.get(site.url + skips["next"]).json()
    items = skips["items"] + rest["items"]
    assert len({one["key"] for one in items}) == 2
    assert {one["reason"] for one in items} <= {"bounced", "collapsed"}
    assert all(one["why"].startswith("Ingen ") for one in items)
    assert elin.get(f"reminders/skips?agreement={site.agreement}&count=capped").json()["count"] == "2"
    assert datetime.fromisoformat(items[0]["at"]).tzinfo == UTC


def test_a_silent_scheduler_is_said_and_a_made_up_schedule_is_not_there(site: Site, elin: httpx.Client) -> None:
    refused(elin.get("schedules"), 503, "scheduler-away")
    refused(elin.get("schedules/reminders"), 503, "scheduler-away")
    refused(elin.post("schedules/reminders/runs"), 503, "scheduler-away")
    for name in ("hittapa", "inbox"):
        refused(elin.get(f"schedules/{name}"), 404, "not-found")
        refused(elin.post(f"schedules/{name}/runs"), 404, "not-found")
    refused(api(site, site.cast.karin).get("schedules"), 403, "not-yours")
