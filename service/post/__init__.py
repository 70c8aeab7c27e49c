"""Mail: the letters as words, and the wire they go out on."""

from service.post.compose import Attachment, Outgoing, Unaddressable, compose
from service.post.smtp import Outcome, Post, Result, SmtpSettings

__all__ = ["Attachment", "Outcome", "Outgoing", "Post", "Result", "SmtpSettings", "Unaddressable", "compose"]
