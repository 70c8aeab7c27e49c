"""A commit that fails is told, leaves nothing behind, and does not stand in the way of the next one."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from service.store.session import Store

_NOBODYS = (
    "INSERT INTO contact_assignment (id, person_id, organisation_id, role, title, authority, blocked, bounced, epoch, version)"
    " VALUES ('a', 'b', 'c', 'main', '', '', 0, 0, 1, 1)"
)


def _doomed(session: Session) -> None:
    """A row that only the commit finds fault with."""
    session.connection().execute(text("PRAGMA defer_foreign_keys = ON"))
    session.connection().execute(text(_NOBODYS))


def test_after_a_failed_commit_the_store_reads_and_writes_as_before(store: Store) -> None:
    for _ in range(3):
        with pytest.raises(IntegrityError), store.write() as session:
            _doomed(session)
        with store.read() as session:
            assert session.connection().execute(text("SELECT count(*) FROM contact_assignment")).scalar() == 0
        with store.write() as session:
            session.connection().execute(text("UPDATE throttle SET count = 0"))


def test_another_process_is_not_kept_waiting_by_a_failed_commit(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as session:
        _doomed(session)
    other = Store(f"{store.url}")
    with other.write() as session:
        session.connection().execute(text("UPDATE throttle SET count = 0"))
    other.close()
