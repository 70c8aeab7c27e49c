"""Reporting a flaw in accessibility: anybody may, without signing in; it becomes a task for the regions' strategists."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from service.cases.wording import line
from service.cases.wording import reason as longer
from service.store import history, outbox
from service.store.columns import new_id
from service.store.tables import Organisation, Task
from states.errors import TooMany
from states.parties import FLOW, OrganisationKind

KIND = "accessibility_flaw"
MOST_AN_HOUR = 20
"""More than this is a machine; people are asked to wait."""


def report_flaw(session: Session, now: datetime, what: str, where: str = "", email: str = "") -> str:
    """Keep the report as a task of every region here; returns the short receipt to refer to."""
    what = longer(what, missing="Skriv vad som inte fungerar.", field="what")
    where, email = line(where, "where"), line(email, "email")
    recent = select(func.count()).select_from(Task).where(col(Task.kind) == KIND, col(Task.created_at) > now - timedelta(hours=1))
    if session.exec(recent).one() >= MOST_AN_HOUR:
        raise TooMany(3600)
    receipt = new_id().hex[-8:].upper()
    detail = "\n".join(filter(None, (what, f"Sida: {where}" if where else "", f"Svara till: {email}" if email else "")))
    regions = select(Organisation.id).where(col(Organisation.kind) == OrganisationKind.region)
    for region in session.exec(regions).all():
        key = f"{KIND}:{receipt}:{region}"
        title = f"Brist i tillgängligheten, ärende {receipt}"
        outbox.task(session, now, key=key, kind=KIND, organisation_id=region, title=title, detail=detail)
    history.append(session, FLOW, now, "report_flaw", receipt=receipt)
    return receipt
