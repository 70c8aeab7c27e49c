"""Every table of the product; importing this package fills `METADATA`."""

from service.store.columns import Row
from service.store.tables.access import Code, Credential, IdempotencyKey, Link, SignIn, Throttle
from service.store.tables.agreement import Agreement, AgreementParty, Clause, ClauseVersion, DateRequest, Stance
from service.store.tables.dialogue import (
    ActionItem,
    AgendaItem,
    Attendance,
    ConsultationAnswer,
    DialogueRound,
    DialogueSeries,
    Finding,
    FindingArea,
    Invitation,
    Meeting,
    PopulationFigure,
    RoundComment,
    RoundMessage,
    Substitution,
)
from service.store.tables.history import ChainHead, Event, EventPayload
from service.store.tables.outbox import LetterText, Message, ReceivedFile, ReceivedMail, Reminder, Task
from service.store.tables.parties import Body, BodyMeeting, CaseCounter, ContactAssignment, Organisation, Person
from service.store.tables.programme import AreaVersion, CooperationArea, Programme
from service.store.tables.response import Answer, Response
from service.store.tables.signing import DecisionStep, Document, FrozenText, Publication, Signature, SignatureSlot

METADATA = Row.metadata

__all__ = [
    "METADATA",
    "ActionItem",
    "AgendaItem",
    "Agreement",
    "AgreementParty",
    "Answer",
    "AreaVersion",
    "Attendance",
    "Body",
    "BodyMeeting",
    "CaseCounter",
    "ChainHead",
    "Clause",
    "ClauseVersion",
    "Code",
    "ConsultationAnswer",
    "ContactAssignment",
    "CooperationArea",
    "Credential",
    "DateRequest",
    "DecisionStep",
    "DialogueRound",
    "DialogueSeries",
    "Document",
    "Event",
    "EventPayload",
    "Finding",
    "FindingArea",
    "FrozenText",
    "IdempotencyKey",
    "Invitation",
    "LetterText",
    "Link",
    "Meeting",
    "Message",
    "Organisation",
    "Person",
    "PopulationFigure",
    "Programme",
    "Publication",
    "ReceivedFile",
    "ReceivedMail",
    "Reminder",
    "Response",
    "RoundComment",
    "RoundMessage",
    "SignIn",
    "Signature",
    "SignatureSlot",
    "Stance",
    "Substitution",
    "Task",
    "Throttle",
]
