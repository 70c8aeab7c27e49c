"""A round of dialogue through the API: planned, sent out, answered, held, summed up; others hear nothing of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import vobject
from icalendar import Calendar

from tests.pages.site import Site
from tests.service.api.client import Served, api, key, refused

ROUND = {
    "title": "Regional kulturdialog",
    "rsvp_due": "2027-10-20",
    "questions": ["Vad fungerar bra?"],
    "meetings": [
        {"starts_at": "2027-10-28T09:30:00+02:00", "ends_at": "2027-10-28T11:30:00+02:00", "place": "Falun", "remote": True}
    ],
}
POINTS = {"points": [{"title": "Välkommen", "minutes": 30}, {"title": "Samtal", "minutes": 90, "output": "behov"}]}


def sent(site: Site, elin: httpx.Client) -> tuple[str, str]:
    """The addresses of a round that Falun is invited to, and of its meeting."""
    made = elin.post("dialogue-rounds", json=ROUND, headers=key())
    assert made.status_code == 201, made.text
    path = f"dialogue-rounds/{made.json()['id']}"
    meeting = elin.get("meetings", params={"round": made.json()["id"]}).json()["items"][0]
    place = f"meetings/{meeting['id']}"
    asked = {"organisations": [str(site.cast.falun)]}
    early = refused(elin.post(f"{path}/dispatch", json=asked, headers=key(made.headers["etag"])), 409, "blocked")
    assert [r["code"] for r in early["reasons"]] == ["no-agenda"]
    written = elin.put(f"{place}/agenda", json=POINTS, headers={"If-Match": elin.get(place).headers["etag"]})
    assert [p["minutes"] for p in written.json()["agenda"]] == [30, 90]
    out = elin.post(f"{path}/dispatch", json=asked, headers=key(elin.get(path).headers["etag"]))
    assert (out.status_code, len(out.json()["invitations"])) == (200, 1)
    assert out.json()["round"]["state"] == "invited"
    return path, place


def test_a_round_is_planned_sent_answered_held_and_summed_up(
    served: Served, site: Site, elin: httpx.Client, karin: httpx.Client
) -> None:
    path, place = sent(site, elin)
    mine = karin.get(f"{place}/invitations").json()["items"][0]
    refused(karin.patch(f"invitations/{mine['id']}", json={"reply": "yes"}), 428, "if-match-missing")
    said = karin.patch(f"invitations/{mine['id']}", json={"reply": "remote"}, headers={"If-Match": str(mine["version"])})
    assert said.json()["reply"] == "remote"
    assert [r["id"] for r in karin.get("dialogue-rounds").json()["items"]] == [path.rpartition("/")[2]]
    refused(karin.get(f"{path}/findings"), 404, "not-found")

    later = datetime(2027, 10, 28, 10, tzinfo=UTC)
    served.app.state.house = replace(served.app.state.house, clock=lambda: later)
    present = {"present": [{"invitation": mine["id"], "remote": True}]}
    held = elin.put(f"{place}/attendance", json=present, headers={"If-Match": elin.get(place).headers["etag"]})
    assert (held.json()["coverage"], held.json()["absent"]) == ("1 av 1", [])
    assert elin.post(f"{path}/holding", headers=key(elin.get(path).headers["etag"])).json()["state"] == "held"
    point = elin.post(f"{path}/findings", json={"kind": "need", "text": "Fler scener.", "organisation": str(site.cast.falun)})
    aside = {"set_aside_reason": "Tas upp nästa gång."}
    settled = elin.patch(f"findings/{point.json()['id']}", json=aside, headers={"If-Match": point.headers["etag"]})
    assert settled.json()["set_aside_reason"] == "Tas upp nästa gång."
    owner = {"text": "Räkna scenerna.", "owner": str(site.cast.karin.assignment), "due": "2027-12-01"}
    action = elin.post(f"{path}/actions", json=owner, headers=key())
    elin.post(f"{path}/summary", json={"notes": "Vi börjar räkna."}, headers=key(elin.get(path).headers["etag"]))
    assert karin.get(path).json()["notes"] == "Vi börjar räkna."
    assert karin.post(f"{path}/comments", json={"text": "Bra."}, headers=key()).status_code == 201
    why = refused(elin.post(f"{path}/closure", headers=key(elin.get(path).headers["etag"])), 409, "blocked")
    assert [r["code"] for r in why["reasons"]] == ["comments-open"]
    done = {"done": True, "outcome": "Femton."}
    address = f"actions/{action.json()['id']}"
    assert karin.patch(address, json=done, headers={"If-Match": action.headers["etag"]}).json()["outcome"] == "Femton."
    served.app.state.house = replace(served.app.state.house, clock=lambda: later + timedelta(days=15))
    assert elin.post(f"{path}/closure", headers=key(elin.get(path).headers["etag"])).json()["state"] == "closed"


def test_who_is_not_invited_hears_nothing(site: Site, elin: httpx.Client) -> None:
    path, place = sent(site, elin)
    hanna = api(site, site.cast.hanna)
    assert hanna.get("dialogue-rounds").json()["items"] == []
    for address in (path, place, f"{place}/calendar", f"{place}/invitations", f"{place}/attendance", f"{path}/findings"):
        refused(hanna.get(address), 404, "not-found")
    refused(hanna.post(f"{path}/comments", json={"bad": 1}), 404, "not-found")


def test_two_libraries_read_the_same_calendar_file_over_the_change_of_clocks(
    site: Site, elin: httpx.Client, karin: httpx.Client
) -> None:
    """A meeting moves from summer time into winter time, and is called off."""
    path, place = sent(site, elin)
    moved = {
        "meeting": place.rpartition("/")[2],
        "starts_at": "2027-11-02T09:30:00+01:00",
        "ends_at": "2027-11-02T11:30:00+01:00",
        "rsvp_due": "2027-10-25",
        "reason": "Lokalen är upptagen.",
    }
    files = [karin.get(f"{place}/calendar").text]
    again = elin.post(f"{path}/rescheduling", json=moved, headers=key(elin.get(place).headers["etag"]))
    assert again.json()["state"] == "invited"
    files.append(karin.get(f"{place}/calendar").text)
    off = elin.post(f"{path}/cancellation", json={"reason": "Snöstorm."}, headers=key(elin.get(path).headers["etag"]))
    assert off.json()["state"] == "cancelled"
    files.append(karin.get(f"{place}/calendar").text)
    summer, winter = datetime(2027, 10, 28, 7, 30, tzinfo=UTC), datetime(2027, 11, 2, 8, 30, tzinfo=UTC)
    expected = [("REQUEST", 0, summer), ("REQUEST", 1, winter), ("CANCEL", 2, winter)]
    first, second = [_by_icalendar(text) for text in files], [_by_vobject(text) for text in files]
    assert [one[:3] for one in first] == expected
    assert first == second
    assert len({uid for *_rest, uid in first}) == 1


def _by_icalendar(text: str) -> tuple[str, int, datetime, str]:
    calendar = Calendar.from_ical(text)
    found = calendar.walk("VEVENT")[0]
    return str(calendar["method"]), int(str(found["sequence"])), found.decoded("dtstart").astimezone(UTC), str(found["uid"])


def _by_vobject(text: str) -> tuple[str, int, datetime, str]:
    calendar = vobject.readOne(text)
    found = calendar.vevent
    return calendar.method.value, int(found.sequence.value), found.dtstart.value.astimezone(UTC), found.uid.value
