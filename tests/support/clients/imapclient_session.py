"""A session of IMAPClient with the server: PORT LOGIN PASSWORD. INBOX has "first", "second" and odd mail."""

import email
import ssl
import sys
from datetime import date, datetime, timedelta, timezone

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

port, login, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
ODD = ["Grüße & Küsse", "日本語/子", 'with "quotes"', "100% sure", "back\\slash", "a & b", "[x] (y) {3}", "~tilde", "&"]


def connect():
    """A connection that has begun TLS and is logged in."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    made = IMAPClient("127.0.0.1", port, ssl=False)
    made.starttls(context)
    made.plain_login(login, password)
    return made


plain = IMAPClient("127.0.0.1", port, ssl=False)
try:
    plain.login(login, "wrong")
    raise AssertionError("a wrong password was taken")
except LoginError:
    pass
plain.shutdown()
client = connect()
client.id_({"name": "IMAPClient"})
for name in ODD:
    client.create_folder(name)
    client.subscribe_folder(name)
listed = {name for _, _, name in client.list_folders()}
assert set(ODD) <= listed, set(ODD) - listed
assert set(ODD) <= {name for _, _, name in client.list_sub_folders()}
assert client.find_special_folder(b"\\Sent") == "Sent"
for name in ODD:
    added = client.append(name, b"Subject: here\r\n\r\nx\r\n", ["\\Seen"], datetime(2026, 1, 2, 3, 4, 5))
    assert b"APPENDUID" in added, added
    assert client.folder_status(name, ["MESSAGES"]) == {b"MESSAGES": 1}
    assert client.select_folder(name)[b"EXISTS"] == 1
    client.rename_folder(name, name + "2")
    client.unsubscribe_folder(name)
    client.delete_folder(name + "2")

selected = client.select_folder("INBOX")
uids = client.search("ALL")
assert len(uids) == selected[b"EXISTS"] and selected[b"UIDNEXT"] > uids[-1]
parts = ["ENVELOPE", "BODYSTRUCTURE", "BODY", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "MODSEQ", "BODY.PEEK[HEADER]"]
for start in range(0, len(uids), 50):
    for uid, got in client.fetch(uids[start : start + 50], parts + ["BODY.PEEK[]"]).items():
        assert len(got[b"BODY[]"]) == got[b"RFC822.SIZE"], uid
        assert got[b"BODY[]"].startswith(got[b"BODY[HEADER]"].rstrip(b"\r\n")), uid
        assert got[b"ENVELOPE"] and got[b"BODYSTRUCTURE"] and got[b"INTERNALDATE"], uid
        email.message_from_bytes(got[b"BODY[]"])
first = client.search(["SUBJECT", "first", "FROM", "zoe"])[0]
assert client.fetch(first, "BODY.PEEK[TEXT]")[first][b"BODY[TEXT]"] == b"The first.\r\n"
assert client.fetch(first, "BODY.PEEK[TEXT]<4.5>")[first][b"BODY[TEXT]<4>"] == b"first"
assert client.search(["SUBJECT", "Grüße"], charset="UTF-8") is not None
assert client.search(["SINCE", date.today() - timedelta(1), "NOT", "DELETED"]) == uids
assert client.search("UID 1:* UNSEEN")
assert sorted(client.sort(["REVERSE", "DATE"])) == uids
assert sorted(client.sort("ARRIVAL", "ALL")) == uids
assert sum(len(thread) for thread in client.thread("REFERENCES")) > 0

assert b"\\Flagged" in client.add_flags(first, ["\\Flagged", "$Important", "NonJunk"])[first]
assert set(client.get_flags(first)[first]) >= {b"$Important", b"NonJunk"}
client.remove_flags(first, ["NonJunk"])
client.set_flags(first, ["\\Seen"])
assert set(client.get_flags(first)[first]) - {b"\\Recent"} == {b"\\Seen"}
client.create_folder("Elsewhere")
client.copy(first, "Elsewhere")
client.move(first, "Elsewhere")
assert first not in client.search()
client.select_folder("Elsewhere")
both = client.search()
assert len(both) == 2
client.move(both[1:], "INBOX")
client.delete_messages(both[0])
client.uid_expunge(both[0])
assert client.search() == []
client.close_folder()
client.delete_folder("Elsewhere")

other = connect()
client.select_folder("INBOX")
client.idle()
other.append("INBOX", b"Subject: pushed\r\n\r\nx\r\n", msg_time=datetime.now(timezone.utc))
heard = client.idle_check(timeout=10)
assert any(len(line) > 1 and line[1] == b"EXISTS" for line in heard), heard
client.idle_done()
client.noop()
assert any(prefix == "Deleted Messages/" for prefix, _ in client.namespace().shared + client.namespace().other)
client.unselect_folder()
assert client.enable("CONDSTORE") == [b"CONDSTORE"]
client.select_folder("INBOX")
modseq = client.folder_status("INBOX", ["HIGHESTMODSEQ"])[b"HIGHESTMODSEQ"]
other.select_folder("INBOX")
other.add_flags(uids[-1], [b"\\Answered"])
changed = client.fetch(uids, ["FLAGS"], [f"CHANGEDSINCE {modseq}"])
assert list(changed) == [uids[-1]], changed
assert client.get_quota() is not None
try:
    client.select_folder("no such")
    raise AssertionError("a mailbox that is not there was selected")
except IMAPClientError:
    pass
other.logout()
client.logout()
print("all well")
