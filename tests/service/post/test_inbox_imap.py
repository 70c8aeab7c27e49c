"""A real mailbox is read once, and a mail that was not taken is there the next time."""

import pytest
from imap_tools.mailbox import MailBoxUnencrypted

from service.post.inbox import ImapSettings, Letter, read
from tests.dovecot import mailbox
from tests.service.post.test_inbox import _reply

pytestmark = pytest.mark.imap


def put(settings: ImapSettings, data: bytes) -> None:
    with MailBoxUnencrypted(settings.host, settings.port).login(settings.user, settings.password) as box:
        box.append(data)


def test_a_mail_is_read_once_and_again_only_when_taking_it_failed() -> None:
    taken: list[Letter] = []

    def dies(letter: Letter) -> None:
        raise RuntimeError("killed")

    with mailbox() as settings:
        put(settings, _reply().as_bytes())
        with pytest.raises(RuntimeError):
            read(settings, dies)
        assert read(settings, taken.append) == 1
        assert read(settings, taken.append) == 0
    assert [letter.message_id for letter in taken] == ["<r1@kommun.example>"]
    assert taken[0].attachments[0].data == b"%PDF-1.7"
