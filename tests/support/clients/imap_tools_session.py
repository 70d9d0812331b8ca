"""A session of imap-tools with the server: PORT LOGIN PASSWORD. INBOX has "first", "second" and odd mail."""

import datetime
import ssl
import sys

from imap_tools import AND, NOT, OR, MailBoxStartTls, MailBoxUnencrypted, MailboxFolderCreateError, MailMessageFlags

port, login, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

with MailBoxStartTls("127.0.0.1", port, ssl_context=context).login(login, password) as box:
    every = list(box.fetch(mark_seen=False, bulk=20))
    assert len(every) == len(box.uids()) == box.folder.status("INBOX")["MESSAGES"]
    for message in every:
        # Each is parsed by Python: what is odd in it must not keep it from being read.
        assert message.uid and message.size > 0 and message.size_rfc822 > 0
        message.from_values, message.to, message.attachments, message.text, message.html, message.date
    headers = list(box.fetch("ALL", mark_seen=False, headers_only=True, bulk=True))
    assert len(headers) == len(every)
    newest = next(box.fetch(limit=1, reverse=True, mark_seen=False))
    assert newest.uid == every[-1].uid
    first = box.uids(AND(subject="first", from_="zoe@example.net"))
    assert len(first) == 1, first
    today = datetime.date.today()
    assert len(box.uids(AND(date_gte=today - datetime.timedelta(1)))) > 0
    assert len(box.uids(OR(subject=["first", "second"]))) >= 2
    assert first[0] not in box.uids(NOT(subject="first"))
    assert box.uids(AND(text="Grüße"), charset="utf8") is not None
    assert sorted(box.uids("ALL", sort="REVERSE DATE"), key=int) == box.uids()

    for name in ["Räume", "Räume/Küche", "50%", "R&D", 'say "hi"']:
        if not box.folder.exists(name):
            box.folder.create(name)
        assert box.folder.exists(name), name
        assert name in {folder.name for folder in box.folder.list()}, name
        box.folder.subscribe(name, True)
        assert name in {folder.name for folder in box.folder.list(subscribed_only=True)}, name
    try:
        box.folder.create("50%")
        raise AssertionError("a mailbox was created twice")
    except MailboxFolderCreateError:
        pass
    box.append(b"Subject: appended\r\n\r\nx\r\n", "R&D", dt=None, flag_set=[MailMessageFlags.SEEN])
    box.copy(first, "R&D")
    box.flag(first, [MailMessageFlags.FLAGGED, "$Label1"], True)
    flagged = next(box.fetch(AND(uid=first[0]), mark_seen=False))
    assert set(flagged.flags) >= {MailMessageFlags.FLAGGED, "$Label1"}, flagged.flags
    box.flag(first, MailMessageFlags.FLAGGED, False)
    box.move(first, 'say "hi"')
    box.folder.set('say "hi"')
    moved = box.uids()
    assert len(moved) == 1
    box.move(moved, "INBOX")
    box.folder.set("R&D")
    assert len(box.uids()) == 2
    box.delete(box.uids())
    assert box.uids() == []
    box.folder.rename("Räume/Küche", "Räume/Bad")
    for name in ["Räume/Bad", "Räume", "50%", "R&D", 'say "hi"']:
        box.folder.delete(name)

    box.folder.set("INBOX")
    with box.idle as idle, MailBoxUnencrypted("127.0.0.1", port).login(login, password) as other:
        other.append(b"Subject: pushed\r\n\r\nx\r\n", "INBOX")
        heard = idle.poll(timeout=10)
        assert any(b"EXISTS" in line for line in heard), heard
    deleted = box.folder.list("Deleted Messages/", "*")
    assert "Deleted Messages/R&D" in {folder.name for folder in deleted}, deleted
print("all well")
