"""What a strategist must do today, and closing it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.store import desk, history
from service.store.tables import Agreement, Task
from states.access import Operation, Relation, require
from states.calendar import civil
from states.errors import FieldError, Invalid, NotAllowed, NotFound
from states.parties import Actor


@dataclass(frozen=True, slots=True)
class Due:
    """An open task with the agreement it concerns, if it concerns one."""

    task: Task
    agreement: Agreement | None


def open_tasks(session: Session, actor: Actor, now: datetime) -> list[Due]:
    """The open tasks of the person's region that are not put off to a later day, oldest first."""
    require(Operation.view_tasks, actor.role, Relation.region)
    query = (
        select(Task, Agreement)
        .outerjoin(Agreement, col(Agreement.id) == col(Task.agreement_id))
        .where(desk.open_task(actor, now))
        .order_by(col(Task.created_at), col(Task.id))
    )
    return [Due(task, agreement) for task, agreement in session.exec(query)]


def close_task(
    session: Session, actor: Actor, now: datetime, task_id: UUID, note: str = "", *, put_off_to: date | None = None
) -> Task:
    """Tick a task off ("Jag har ringt"), or put it off to a later day."""
    require(Operation.view_tasks, actor.role, Relation.region)
    task = session.get(Task, task_id, with_for_update=True)
    if task is None or task.organisation_id != actor.organisation:
        raise NotFound
    if task.done_at is not None:
        raise NotAllowed("close_task", "done")
    if put_off_to is not None and put_off_to <= civil(now):
        raise Invalid(FieldError("put_off_to", "past", "Välj en dag som inte har passerat."))
    if put_off_to is not None:
        task.not_before = put_off_to
    else:
        task.done_at, task.done_by_id = now, actor.assignment
    task.note, task.version = note.strip(), task.version + 1
    session.add(task)
    history.append(
        session, actor, now, "close_task", agreement=task.agreement_id, task=task.kind, note=task.note, put_off=str(put_off_to)
    )
    return task
