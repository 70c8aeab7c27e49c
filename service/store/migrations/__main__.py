"""Write a revision from the tables: `python -m service.store.migrations "What changed"`; read it before it is committed.

Revisions only go forward: the way back is a restored backup. One that has landed never changes again; its hash stands in the
tests.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script

from service.store.schema import VERSIONS, configuration, migrate
from service.store.session import Store


def write_next(message: str) -> Path:
    """The step from the newest revision to the tables of now."""
    number = f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04}"
    path = VERSIONS / f"{number}_{'_'.join(message.lower().split())}.py"
    with tempfile.TemporaryDirectory() as folder:
        path.write_text(_generated(Path(folder), message, number))
    for tidy in (["check", "--fix-only", "-q"], ["format", "-q"]):
        subprocess.run([sys.executable, "-m", "ruff", *tidy, str(path)], check=True)  # noqa: S603 (our own program, our own file)
    return path


def _generated(scratch: Path, message: str, revision: str) -> str:
    """Alembic's comparison of a migrated scratch database with the tables."""
    store = Store(f"sqlite:///{scratch / 'scratch.sqlite3'}")
    migrate(store)
    with store.engine.connect() as connection:
        made = command.revision(configuration(connection), message, autogenerate=True, rev_id=revision)
    store.close()
    assert isinstance(made, Script)
    path = Path(made.path)
    text = path.read_text()
    path.unlink()
    return text


if __name__ == "__main__":
    print(write_next(sys.argv[1]))
