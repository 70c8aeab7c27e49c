"""Mail: the letters as words, and the wire they go out on."""

from service.post.compose import Attachment, CalendarFile, Outgoing, Unaddressable, compose
from service.post.smtp import Outcome, Post, Result, SmtpSettings

__all__ = ["Attachment", "CalendarFile", "Outcome", "Outgoing", "Post", "Result", "SmtpSettings", "Unaddressable", "compose"]
