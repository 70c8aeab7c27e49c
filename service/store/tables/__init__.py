"""Every table of the product; importing this package fills `METADATA`."""

from service.store.columns import Row
from service.store.tables.access import Code, Credential, IdempotencyKey, Link, SignIn, Throttle
from service.store.tables.agreement import Agreement, AgreementParty, Clause, ClauseVersion, DateRequest, Stance
from service.store.tables.history import ChainHead, Event, EventPayload
from service.store.tables.outbox import Message, ReceivedFile, ReceivedMail, Reminder, Task
from service.store.tables.parties import Body, BodyMeeting, CaseCounter, ContactAssignment, Organisation, Person
from service.store.tables.programme import AreaVersion, CooperationArea, Programme
from service.store.tables.response import Answer, Response
from service.store.tables.signing import DecisionStep, Document, FrozenText, Publication, Signature, SignatureSlot

METADATA = Row.metadata

__all__ = [
    "METADATA",
    "Agreement",
    "AgreementParty",
    "Answer",
    "AreaVersion",
    "Body",
    "BodyMeeting",
    "CaseCounter",
    "ChainHead",
    "Clause",
    "ClauseVersion",
    "Code",
    "ContactAssignment",
    "CooperationArea",
    "Credential",
    "DateRequest",
    "DecisionStep",
    "Document",
    "Event",
    "EventPayload",
    "FrozenText",
    "IdempotencyKey",
    "Link",
    "Message",
    "Organisation",
    "Person",
    "Programme",
    "Publication",
    "ReceivedFile",
    "ReceivedMail",
    "Reminder",
    "Response",
    "SignIn",
    "Signature",
    "SignatureSlot",
    "Stance",
    "Task",
    "Throttle",
]
