"""Content-addressed files: a file's name is its SHA-256, written whole or not at all, never changed."""

import hashlib
import os
import tempfile
from pathlib import Path

from states.errors import NotFound, StoreFull, StoreUnavailable


class Files:
    """A folder of immutable files, two levels deep."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their SHA-256; the same bytes are kept once."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        if not path.exists():
            try:
                _write(path, data)
            except OSError as error:
                raise (StoreFull if error.errno == 28 else StoreUnavailable)() from error
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of a kept file; NotFound when it was never kept, StoreUnavailable when it has been damaged."""
        try:
            data = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise StoreUnavailable("Filen i lagret är skadad. Kontakta den som sköter driften.")
        return data

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest


def _write(path: Path, data: bytes) -> None:
    """Write beside, force to disk, rename, force the folder: a crash leaves the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
