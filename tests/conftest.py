"""What a machine lacks is said, not hidden: a kind of test that cannot run is left out with one line on how to get it."""

import gc
import logging
import os
import shutil
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog
from sqlalchemy.engine import make_url

from tests.stores import SERVER

EVERYTHING = os.environ.get("OVERENS_TEST_EVERYTHING") == "1"


class Kind(NamedTuple):
    """A kind of test by its marker: whether this machine has its component, and how to get it run."""

    present: Callable[[], bool]
    how: str


@cache
def postgres_answers() -> bool:
    address = make_url(SERVER)
    try:
        socket.create_connection((address.host or "127.0.0.1", address.port or 5432), timeout=1).close()
    except OSError:
        return False
    return True


def _has(*programs: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(program) for program in programs)


SWITCHED_ON = "OVERENS_TEST_EVERYTHING=1 make test"
KINDS = {
    "postgres": Kind(postgres_answers, "start PostgreSQL and name it in OVERENS_TEST_POSTGRES"),
    "browser": Kind(_has("chromium"), f"apt-get install chromium, then {SWITCHED_ON}"),
    "libreoffice": Kind(_has("soffice", "pdftoppm"), f"apt-get install libreoffice-writer poppler-utils, then {SWITCHED_ON}"),
    "scheduler": Kind(lambda: True, SWITCHED_ON),
    "crash": Kind(lambda: True, SWITCHED_ON),
    "imap": Kind(lambda: Path("/usr/sbin/dovecot").exists(), f"apt-get install dovecot-imapd, then {SWITCHED_ON}"),
    "long": Kind(lambda: True, SWITCHED_ON),
    "soak": Kind(lambda: True, "make soak"),
    "bench": Kind(lambda: True, "make bench"),
}


@contextmanager
def _log_as_it_was() -> Iterator[None]:
    """A command run in a test sets up the log of its process, and here that is the process of all tests."""
    root, ours = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**ours)


@pytest.fixture(autouse=True, scope="module")
def _log_of_the_module() -> Iterator[None]:
    with _log_as_it_was():
        yield


@pytest.fixture(autouse=True)
def _log_of_the_test(_log_of_the_module: None) -> Iterator[None]:
    with _log_as_it_was():
        yield


_left_out: Counter[str] = Counter()


# tryfirst: before the -m expression, so that a missing component is told from a kind nobody asked for
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here; with everything switched on, a missing component is a failure instead."""
    missing = [name for name, kind in KINDS.items() if name in _kinds(items) and not kind.present()]
    if EVERYTHING and missing:
        raise pytest.UsageError("\n".join(f"{name} tests cannot run here: {KINDS[name].how}" for name in missing))
    out = {item for item in items if _kinds([item]) & set(missing)}
    items[:] = [item for item in items if item not in out]
    config.hook.pytest_deselected(items=list(out))


def pytest_collection_finish() -> None:
    """Everything imported by now stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        _left_out.update(_kinds([item]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, said in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(str(said))
    for name, count in sorted(_left_out.items()):
        terminalreporter.write_line(f"left out: {count} {name}. To run them: {KINDS[name].how}")


def _kinds(items: Sequence[pytest.Item]) -> set[str]:
    return {mark.name for item in items for mark in item.iter_markers()} & KINDS.keys()
