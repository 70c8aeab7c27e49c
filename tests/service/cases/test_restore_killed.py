"""A restore killed with -9 at every single change of the disk: the store is empty or whole, and a second try succeeds."""

import os
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest

from service.cases import backup
from service.cases.check import findings
from service.cases.check_files import lost_files
from service.store import archive, dump
from service.store.files import Files
from service.store.session import Store
from tests.service.cases import life
from tests.service.cases.test_backup import KEY, TODAY
from tests.stores import postgres_beside

ROOT = Path(__file__).parents[3]

SWEEP = """
    import os, shutil, sys
    from pathlib import Path
    from service.cases import restore as cases
    from service.store import dump
    from service.store.files import Files
    from service.store.session import Store
    from service.sweeps import sweep_reminders
    from datetime import UTC, datetime

    backup, folder = Path(sys.argv[1]), Path(sys.argv[2])
    NOW, LEFT = datetime(2027, 6, 1, tzinfo=UTC), [10**9]
    CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "tempfile.mkstemp", "tempfile.mkdtemp")

    def watch(event, arguments):
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in CHANGES or event == "sqlite3.connect":
            LEFT[0] -= 1
            if LEFT[0] < 0:
                os.kill(os.getpid(), 9)

    def restore(data):
        data.mkdir(exist_ok=True)
        store = Store(f"sqlite:///{data}/overens.sqlite3")
        cases.restore(backup, store, Files(data / "files"), data, b"k" * 40, NOW, NOW, sweep_reminders)
        store.close()

    sys.addaudithook(watch)
    for steps in range(400):
        data = folder / str(steps)
        if (child := os.fork()) == 0:
            LEFT[0] = steps
            restore(data)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            print("whole", steps)
            break
        store = Store(f"sqlite:///{data}/overens.sqlite3")
        empty = not data.exists() or dump.is_empty(store)
        store.close()
        if empty:
            restore(data)
        print("empty" if empty else "whole", steps, *sorted(p.name for p in data.iterdir() if p.name.startswith(".overens")))
"""


@pytest.mark.crash
def test_on_sqlite_at_every_change_of_the_disk(case: life.Case, tmp_path: Path) -> None:
    life.open_for_signing(case)
    with case.store.write() as session:
        life.scan(session, case, case.cast.registrar)
    path, manifest = backup.make(case.store, case.files, tmp_path / "backups", KEY, TODAY)
    (tmp_path / "runs").mkdir()
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SWEEP), str(path), str(tmp_path / "runs")],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    outcomes = [line.split() for line in said.stdout.splitlines()]
    assert outcomes[0][0] == "empty"
    assert len(outcomes) > 10
    assert [words[0] for words in outcomes] == sorted(words[0] for words in outcomes)  # once whole, always whole
    assert all(not words[2:] for words in outcomes if words[0] == "empty")  # the second try cleared what the first one left
    for run in (tmp_path / "runs").iterdir():
        store = Store(f"sqlite:///{run / 'overens.sqlite3'}")
        assert dump.faults(store) == []
        with store.read() as session:
            assert [*findings(session), *lost_files(session, Files(run / "files"))] == []
        store.close()
    assert archive.manifest(path) == manifest


@pytest.mark.crash
@pytest.mark.postgres
def test_on_postgresql_at_any_moment(pg_store: Store, tmp_path: Path) -> None:
    """Killed with all it started, so that pg_restore dies too; afterwards the same command brings everything back."""
    pg = life.begin(pg_store, Files(tmp_path / "files"))
    path, _ = backup.make(pg.store, pg.files, tmp_path / "backups", KEY, TODAY + timedelta(days=1))
    with postgres_beside() as address:
        command = [sys.executable, "-m", "service", "restore", str(path), "--yes"]
        given = {"OVERENS_DATA_DIR": str(tmp_path / "data"), "OVERENS_DATABASE_URL": address, "PYTHONPATH": str(ROOT)}
        empty, seconds = True, 1.0
        while empty and seconds < 12:
            process = subprocess.Popen(
                command, env=os.environ | given, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            try:
                _, said = process.communicate(timeout=seconds)
                assert process.returncode == 0, said.decode()
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.communicate()
            seconds += 0.4
            target = Store(address)
            empty = dump.is_empty(target)
            if not empty:
                life.Case(target, pg.cast, pg.id, Files(tmp_path / "data" / "files")).sound()
            target.close()
        assert not empty
