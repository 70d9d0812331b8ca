"""A session of Python's imaplib with the server: PORT LOGIN PASSWORD. Prints "all well" at its end."""

import imaplib
import sys

port, login, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def good(answer):
    """The data of an answer, which must be OK."""
    status, data = answer
    assert status == "OK", answer
    return data


client = imaplib.IMAP4("127.0.0.1", port)
good(client.login(login, password))
assert good(client.select("INBOX")) == [b"2"]
assert good(client.search(None, "SUBJECT", "second")) == [b"2"]
body = good(client.fetch("1", "(FLAGS BODY.PEEK[TEXT])"))[0]
assert body[1] == b"The first.\r\n", body
good(client.store("1", "+FLAGS", "(\\Flagged)"))
assert good(client.uid("SEARCH", "FLAGGED")) == [b"1"]
good(client.create("Archive/2026"))
good(client.subscribe("Archive/2026"))
assert any(b"Archive/2026" in line for line in good(client.list()))
assert any(b"Archive/2026" in line for line in good(client.lsub()))
good(client.copy("1:2", "Archive/2026"))
good(client.append("Archive/2026", "(\\Seen)", '"02-Nov-2026 10:00:00 +0000"', b"Subject: third\r\n\r\nx\r\n"))
assert b"MESSAGES 3" in good(client.status("Archive/2026", "(MESSAGES UNSEEN)"))[0]
good(client.store("2", "+FLAGS", "\\Deleted"))
assert good(client.expunge()) == [b"2"]
good(client.noop())
good(client.namespace())
good(client.close())
good(client.rename("Archive/2026", "Archive/2027"))
good(client.delete("Archive/2027"))
client.logout()
again = imaplib.IMAP4("127.0.0.1", port)
good(again.authenticate("PLAIN", lambda _: b"\0" + login.encode() + b"\0" + password.encode()))
assert good(again.select("INBOX", readonly=True)) == [b"1"]
again.logout()
print("all well")
