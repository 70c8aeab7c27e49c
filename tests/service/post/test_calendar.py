"""Calendar files say the same to two readers that share no code, on both sides of each change of clocks."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from io import StringIO
from typing import Any

import pytest
from dateutil.tz import tzical  # type: ignore[import-untyped]
from icalendar import Calendar

from service.post.calendar import Appointment, Method, write
from service.post.compose import CalendarFile, Outgoing, compose

WRITTEN = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)

TIMES = [
    pytest.param(datetime(2027, 3, 27, 9, 0, tzinfo=UTC), "20270327T100000", id="the day before summer time"),
    pytest.param(datetime(2027, 3, 28, 9, 0, tzinfo=UTC), "20270328T110000", id="the day of summer time"),
    pytest.param(datetime(2027, 3, 28, 0, 30, tzinfo=UTC), "20270328T013000", id="over the lost hour"),
    pytest.param(datetime(2027, 10, 30, 9, 0, tzinfo=UTC), "20271030T110000", id="the day before winter time"),
    pytest.param(datetime(2027, 10, 31, 9, 0, tzinfo=UTC), "20271031T100000", id="the day of winter time"),
    pytest.param(datetime(2038, 7, 1, 9, 0, tzinfo=UTC), "20380701T110000", id="a summer far away"),
]


def appointment(starts_at: datetime = WRITTEN, sequence: int = 0) -> Appointment:
    return Appointment(
        uid="0190f3@overens.invalid",
        sequence=sequence,
        written_at=WRITTEN,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        title="Regional kulturdialog 3: förväntningar; mål, medel",
        place="Folkets hus, Borlänge eller på distans",
        description="09.30 Kaffe (30 min)\n10.00 Välkommen (15 min)",
        organiser=("Elin Åsberg, Region Dalarna", "elin@region.example"),
        attendee=("Karin Östlund", "karin@kommun.example"),
    )


def unfolded(text: str) -> dict[str, str]:
    """The lines of the event by name with parameters, read by hand: the second reader, with dateutil for the time zone."""
    lines = re.sub("\r?\n[ \t]", "", text).splitlines()
    event = lines[lines.index("BEGIN:VEVENT") + 1 : lines.index("BEGIN:VALARM") if "BEGIN:VALARM" in lines else -1]
    return dict(line.split(":", 1) for line in event if not line.startswith("END"))


def event_of(text: str) -> Any:
    """The one event, as the library that wrote it reads it."""
    return Calendar.from_ical(text).walk("VEVENT")[0]


@pytest.mark.parametrize(("starts_at", "wall"), TIMES)
def test_two_readers_find_the_same_instants(starts_at: datetime, wall: str) -> None:
    text = write(appointment(starts_at), Method.request)
    event = event_of(text)
    assert event["dtstart"].dt.astimezone(UTC) == starts_at
    assert event["dtend"].dt.astimezone(UTC) == starts_at + timedelta(hours=2)
    zone = tzical(StringIO(text)).get("Europe/Stockholm")
    values = unfolded(text)
    assert values["DTSTART;TZID=Europe/Stockholm"] == wall
    for name, instant in (("DTSTART", starts_at), ("DTEND", starts_at + timedelta(hours=2))):
        naive = datetime.strptime(values[f"{name};TZID=Europe/Stockholm"], "%Y%m%dT%H%M%S")  # noqa: DTZ007
        assert naive.replace(tzinfo=zone).astimezone(UTC) == instant


def test_a_request_and_its_cancellation_are_about_the_same_meeting() -> None:
    request, cancellation = write(appointment(), Method.request), write(appointment(sequence=1), Method.cancel)
    asked, off = Calendar.from_ical(request), Calendar.from_ical(cancellation)
    first, second = event_of(request), event_of(cancellation)
    assert (asked["method"], off["method"]) == ("REQUEST", "CANCEL")
    assert first["uid"] == second["uid"]
    assert (first["sequence"], second["sequence"]) == (0, 1)
    assert (first["status"], second["status"]) == ("CONFIRMED", "CANCELLED")
    assert len(first.walk("VALARM")) == 1
    assert second.walk("VALARM") == []


def test_the_text_survives_what_calendars_take_for_signs() -> None:
    event = event_of(write(appointment(), Method.request))
    assert event["summary"] == "Regional kulturdialog 3: förväntningar; mål, medel"
    assert event["description"] == "09.30 Kaffe (30 min)\n10.00 Välkommen (15 min)"
    assert event["organizer"].params["cn"] == "Elin Åsberg, Region Dalarna"
    assert event["attendee"] == "mailto:karin@kommun.example"


def test_no_line_is_longer_than_calendars_must_take() -> None:
    assert all(len(line) <= 75 for line in write(appointment(), Method.request).encode().split(b"\r\n"))


def test_the_mail_carries_the_appointment_beside_its_words_and_is_the_same_at_every_try() -> None:
    text = write(appointment(), Method.request)
    out = Outgoing(
        message_id="<1@overens.invalid>",
        written_at=WRITTEN,
        recipient="karin@kommun.example",
        recipient_name="Karin Östlund",
        subject="Inbjudan",
        body="Hej Karin!\n",
        sender="overens@region.example",
        calendar=CalendarFile("REQUEST", text),
    )
    sent = compose(out).as_bytes(policy=policy.SMTP)
    assert sent == compose(out).as_bytes(policy=policy.SMTP)
    mail = message_from_bytes(sent, policy=policy.default)
    parts = {part.get_content_type(): part for part in mail.walk()}
    assert list(parts) == ["multipart/alternative", "text/plain", "text/html", "text/calendar"]
    calendar = parts["text/calendar"]
    assert calendar.get_param("method") == "REQUEST"
    read = event_of(calendar.get_content())
    assert read["summary"] == "Regional kulturdialog 3: förväntningar; mål, medel"
