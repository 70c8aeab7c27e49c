"""Who may come in: passwords, links, codes, sessions, limits; secrets are hashed, encrypted or not there at all."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from service.store.columns import Instant, Row, new_id


class Credential(Row, table=True):
    """A password (argon2id) and a one-time-code secret (encrypted) for one of the region's own people."""

    person_id: UUID = Field(foreign_key="person.id", primary_key=True)
    password_hash: str
    totp_secret: str
    totp_last_step: int = 0
    changed_at: datetime = Field(sa_type=Instant)


class Link(Row, table=True):
    """A personal link by the SHA-256 of its token, bound to an assignment and its epoch; spent by the first POST."""

    token_sha256: str = Field(primary_key=True, max_length=64)
    assignment_id: UUID = Field(foreign_key="contact_assignment.id", index=True)
    epoch: int
    path: str = "/"
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class Code(Row, table=True):
    """That a code was asked for: ten minutes, five tries, once, same browser; the code itself is derived from its message."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    message_id: UUID | None = Field(default=None, foreign_key="message.id")
    assignment_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id", index=True)
    epoch: int = 0
    purpose: str = Field(max_length=24)
    subject_id: UUID | None = None
    browser_sha256: str = Field(max_length=64)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    tries: int = 0
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class SignIn(Row, table=True):
    """A session of one browser, by the SHA-256 of its cookie; it dies with its assignment's epoch."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    cookie_sha256: str = Field(unique=True, max_length=64)
    assignment_id: UUID = Field(foreign_key="contact_assignment.id", index=True)
    epoch: int
    created_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    browser: str = ""


class Throttle(Row, table=True):
    """How often something was tried within a window; the key is a hash of address or IP and purpose."""

    key: str = Field(primary_key=True, max_length=64)
    count: int = 0
    resets_at: datetime = Field(sa_type=Instant)


class IdempotencyKey(Row, table=True):
    """The stored answer to a request that must take effect once; kept 24 hours."""

    key: str = Field(primary_key=True, max_length=200)
    actor: str = Field(primary_key=True, max_length=64)
    request_sha256: str = Field(max_length=64)
    status: int = 0
    headers: str = ""
    body: str = ""
    at: datetime = Field(sa_type=Instant)
