"""The store a command works on: that of the settings, closed when the command is done."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError

from service import log
from service.settings import Settings
from service.store.session import Store
from states.errors import StoreUnavailable


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """Raises StoreUnavailable when the data folder cannot be used."""
    log.configure(settings.log_level)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreUnavailable(f"Mappen {settings.data_dir} kan inte användas ({error.strerror}).") from error
    store = Store(settings.database_url)
    try:
        _answers(store)
        yield store
    finally:
        store.close()


def _answers(store: Store) -> None:
    try:
        store.answers()
    except (StoreUnavailable, DatabaseError) as error:
        place = store.engine.url.render_as_string(hide_password=True)
        raise StoreUnavailable(f"Databasen {place} kan inte nås eller läsas. Är den igång, och stämmer adressen?") from error
