"""The log: one JSON object a line, only fields on the list, and one place where secrets are taken out."""

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_WORDS = """
    event level timestamp logger exception request_id method route status milliseconds version mode
    actor agreement case assignment message_id reason state count planned queued skipped tasks sent failed
    address port pid child exit_code seconds
"""
FIELDS = frozenset(_WORDS.split())
"""What may stand in the log: words, counts and ids, never what people wrote or are called."""

SECRET = re.compile(r"authorization|cookie|token|code|password|secret|_key$", re.IGNORECASE)
"""Field names whose value is a secret; `exit_code` is a number and no secret."""

HIDDEN = "[dolt]"

_PATTERNS = (
    (re.compile(r"(/k/|/avanmal/)(?!kod\b)[^\s\"'?&#]+"), rf"\1{HIDDEN}"),  # the personal link, the address to unsubscribe
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)\b((?:set-)?cookie|authorization)(['\"]?\s*[:=]\s*)[^\r\n]+"), rf"\1\2{HIDDEN}"),
    (re.compile(r"(?i)\b(\w*(?:token|password|secret)\w*|code|kod)(['\"]?\s*[:=]\s*['\"]?)[^\s'\"&,;)}]+"), rf"\1\2{HIDDEN}"),
    (re.compile(r"(\w+://[^\s:/@]+:)[^\s/@]+@"), rf"\1{HIDDEN}@"),  # a password inside an address
)


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send all logging of this process, our own and the libraries', through the same steps to one stream (stderr)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        listed,
        redact,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    handler = logging.StreamHandler(stream) if stream else _Stderr()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # it may have given itself handlers that take nothing out
        own = logging.getLogger(name)
        own.handlers.clear()
        own.setLevel(logging.NOTSET)
        own.propagate = True
    for noisy in ("httpx", "httpcore", "alembic", "transitions", "uvicorn"):  # whole addresses, or a line for every step
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the moment: it may be another one, or closed, since the log was set up."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for one module; to get it is to load this module, so nothing is ever said before the default below holds."""
    made: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return made


def _until_configured() -> None:
    """What is said before the log is set up: the library itself would show the values of variables in tracebacks."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            listed,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def listed(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Drop the fields that are not on the list; say which, so that a forgotten one is found."""
    dropped = sorted(set(entry) - FIELDS)
    kept: EventDict = {name: value for name, value in entry.items() if name in FIELDS}
    return {**kept, "dropped": dropped} if dropped else kept


def redact(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Take the secrets out of every value; the only redaction step there is."""
    return {name: HIDDEN if _is_secret(name, value) else _clean(value) for name, value in entry.items()}


def _is_secret(name: str, value: object) -> bool:
    return isinstance(value, str) and SECRET.search(name) is not None


def _clean(value: object) -> object:
    if isinstance(value, int | float | None):
        return value
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    text = str(value)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


_until_configured()
