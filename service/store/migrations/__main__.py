"""Write a revision from the tables: `python -m service.store.migrations first`, or `... next "What changed"`.

`first` writes 0001 anew and is for the time before the first release only; from then on every change is a `next`, read before it
is committed. Revisions only go forward: the way back is a restored backup.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script

from service.store.schema import VERSIONS, configuration, migrate
from service.store.session import Store

FIRST = "0001"


def write_first() -> Path:
    """0001 again, from nothing to the tables of now."""
    return _written(VERSIONS / f"{FIRST}_tables.py", "Every table of the first release", FIRST)


def write_next(message: str) -> Path:
    """The step from the newest revision to the tables of now."""
    number = f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04}"
    return _written(VERSIONS / f"{number}_{'_'.join(message.lower().split())}.py", message, number)


def _written(path: Path, message: str, revision: str) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        path.write_text(_generated(Path(folder), message, revision))
    for tidy in (["check", "--fix-only", "-q"], ["format", "-q"]):
        subprocess.run([sys.executable, "-m", "ruff", *tidy, str(path)], check=True)  # noqa: S603 (our own program, our own file)
    return path


def _generated(scratch: Path, message: str, revision: str) -> str:
    """Alembic's comparison of an empty or migrated scratch database with the tables; 0001 must not see itself."""
    store = Store(f"sqlite:///{scratch / 'scratch.sqlite3'}")
    if revision != FIRST:
        migrate(store)
    with store.engine.connect() as connection:
        config = configuration(connection)
        if revision == FIRST:
            config.set_main_option("version_locations", str(scratch))
        made = command.revision(config, message, autogenerate=True, rev_id=revision)
    store.close()
    assert isinstance(made, Script)
    path = Path(made.path)
    text = path.read_text()
    path.unlink()
    return text


if __name__ == "__main__":
    print(write_next(sys.argv[2]) if sys.argv[1] == "next" else write_first())
