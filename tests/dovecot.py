"""A real mailbox for tests: Debian's dovecot in a temporary folder, on a port of its own."""

import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.post.inbox import ImapSettings

PROGRAM = "/usr/sbin/dovecot"
USER, PASSWORD = "overens", "a password of these tests"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login}
mail_location = maildir:{folder}/mail
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = static
  args = password={{PLAIN}}{password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@contextmanager
def mailbox() -> Iterator[ImapSettings]:
    """A server that answers until the block ends."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with _served(Path(name)) as settings:
            yield settings


@contextmanager
def _served(folder: Path) -> Iterator[ImapSettings]:
    port = _free_port()
    for name in ("run", "state", "mail", "home"):
        (folder / name).mkdir(parents=True)
    user = getpass.getuser()
    login = "nobody" if os.getuid() == 0 else user  # dovecot lets no root answer the line
    owner = pwd.getpwnam(login)
    if os.getuid() == 0:
        for name in ("mail", "home"):
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
    words = {"login": login, "user": user, "group": grp.getgrgid(os.getgid()).gr_name, "uid": owner.pw_uid, "gid": owner.pw_gid}
    path = folder / "dovecot.conf"
    path.write_text(CONFIG.format(folder=folder, port=port, password=PASSWORD.replace(" ", "_"), **words))
    server = subprocess.Popen([shutil.which("dovecot") or PROGRAM, "-F", "-c", str(path)])
    try:
        _wait(port, server)
        yield ImapSettings("127.0.0.1", port, "none", USER, PASSWORD.replace(" ", "_"))
    finally:
        server.terminate()
        server.wait(10)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert server.poll() is None, "dovecot ended at once; read its log"
            time.sleep(0.1)
    raise AssertionError("dovecot does not answer")
