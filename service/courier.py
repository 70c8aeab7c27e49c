"""After a commit: makes the signed files that are due and sends the mail a person waits for, in one background thread."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from service import log
from service.cases import documents
from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from service.sweeps import deliver_outbox
from states.errors import OverensError

_log = log.logger("courier")


class Courier:
    """Does at once what the delivery flow would do within a minute; what is due is always asked of the rows."""

    def __init__(self, store: Store, files: Files, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store, self._files, self._settings, self._clock = store, files, settings, clock
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand, within ten seconds."""
        self._ended.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None

    def nudge(self) -> None:
        """Something was committed; without a thread (tests, the command line) the work is done here and now."""
        if self._thread is None:
            self.work()
        else:
            self._wanted.set()

    def work(self) -> None:
        """One round: signed files first, because their letters carry them."""
        with self._store.read() as session:
            due = documents.signed_due(session)
        if due:
            with self._store.write() as session:
                documents.finish_signed(session, self._files, self._clock())
        deliver_outbox(self._store, self._settings, lambda: datetime.now(UTC))

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._ended.is_set():
                return
            try:
                self.work()
            except OverensError as error:  # the delivery flow tries again within a minute
                _log.warning("courier", error=error.code)
