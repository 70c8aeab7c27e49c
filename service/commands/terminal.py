"""How a command speaks: facts on stdout, one a line or one JSON object a line; what is meant for a person on stderr."""

import json
import sys
from contextvars import ContextVar

_as_json: ContextVar[bool] = ContextVar("as_json", default=False)


def speak_json(*, on: bool) -> None:
    _as_json.set(on)


def fact(line: str, **values: object) -> None:
    """One plain fact; `values` are the same with the API's names."""
    print(json.dumps(values or {"result": line}, ensure_ascii=False, default=str) if _as_json.get() else line, flush=True)


def say(line: str) -> None:
    """Progress or a warning."""
    print(line, file=sys.stderr, flush=True)
