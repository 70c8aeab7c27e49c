"""The calendar file of one meeting for one person: a request that calendars keep up to date, or its cancellation."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from icalendar import Alarm, Calendar, Event, Timezone, vCalAddress
from icalendar.prop import vText

from states.calendar import TZ

PRODUCER = "-//Överens//SV"
ALARM_BEFORE = timedelta(days=1)
_ZONE = f"""BEGIN:VTIMEZONE
TZID:{TZ.key}
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
"""Stands in the file, so that a calendar that has never heard of Stockholm is right on both sides of a change of clocks."""


class Method(StrEnum):
    """What a calendar shall do with the file."""

    request = "REQUEST"
    cancel = "CANCEL"


@dataclass(frozen=True, slots=True)
class Appointment:
    """A meeting as one invited person's calendar shall know it; `uid` stays, `sequence` grows with each change."""

    uid: str
    sequence: int
    written_at: datetime
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str
    description: str
    organiser: tuple[str, str]
    attendee: tuple[str, str] = field(repr=False)


def write(appointment: Appointment, method: Method) -> str:
    """The file as text; the same appointment always gives the same text."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCER)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method.value)
    calendar.add_component(Timezone.from_ical(_ZONE))
    calendar.add_component(_event(appointment, method))
    text: str = calendar.to_ical().decode()
    return text


def _event(appointment: Appointment, method: Method) -> Event:
    event = Event()
    event.add("uid", appointment.uid)
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", appointment.written_at)
    event.add("dtstart", appointment.starts_at.astimezone(TZ))
    event.add("dtend", appointment.ends_at.astimezone(TZ))
    event.add("summary", appointment.title)
    event.add("location", appointment.place)
    event.add("description", appointment.description)
    event.add("status", "CANCELLED" if method is Method.cancel else "CONFIRMED")
    event.add("organizer", _address(*appointment.organiser))
    event.add("attendee", _address(*appointment.attendee, asked=True))
    if method is Method.request:
        event.add_component(_alarm(appointment))
    return event


def _address(name: str, email: str, *, asked: bool = False) -> vCalAddress:
    """Nobody is asked to answer by the calendar: the answer is given on the page, where a substitute can be named too."""
    address = vCalAddress(f"mailto:{email}")
    address.params["cn"] = vText(name)
    if asked:
        address.params |= {"role": vText("REQ-PARTICIPANT"), "partstat": vText("NEEDS-ACTION"), "rsvp": vText("FALSE")}
    return address


def _alarm(appointment: Appointment) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", appointment.title)
    alarm.add("trigger", -ALARM_BEFORE)
    return alarm
