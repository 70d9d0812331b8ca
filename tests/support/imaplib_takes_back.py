"""Takes deleted mail back by Python's imaplib: PORT LOGIN PASSWORD. INBOX has three messages. Prints "all well"."""

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
assert b'"Deleted Messages/"' in good(client.namespace())[0]
good(client.select("INBOX"))
good(client.store("1:3", "+FLAGS", "(\\Deleted \\Flagged)"))
good(client.expunge())
names = good(client.list('"Deleted Messages/"', "*"))
assert any(b"Deleted Messages/INBOX" in name for name in names), names
assert not any(b"Deleted Messages" in name for name in good(client.list()) if name)
assert good(client.select('"Deleted Messages/INBOX"', readonly=True)) == [b"3"]
assert good(client.search(None, "SUBJECT", "bicycles")) == [b"3"]
assert b"noon" in good(client.fetch("1", "(BODY.PEEK[TEXT])"))[0][1]
good(client.copy("3", "INBOX"))
good(client.close())
assert good(client.select('"Deleted Messages/INBOX"', readonly=True)) == [b"3"]
good(client.unselect())
good(client._simple_command("SELECT", '"Deleted Messages/INBOX"'))
client.state = "SELECTED"
good(client.uid("MOVE", "1:2", "INBOX"))
good(client.unselect())
assert good(client.select("INBOX")) == [b"3"]
flags = good(client.fetch("1:3", "(FLAGS)"))
assert all(b"\\Flagged" in line and b"\\Deleted" not in line for line in flags), flags
client.logout()
print("all well")
