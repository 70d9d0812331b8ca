"""A session of aioimaplib with the server: PORT LOGIN PASSWORD. INBOX has "first", "second" and odd mail."""

import asyncio
import sys

import aioimaplib

port, login, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def good(answer):
    """The lines of an answer, which must be OK."""
    assert answer.result == "OK", answer
    return answer.lines


async def connect():
    """A connection that is logged in."""
    client = aioimaplib.IMAP4("127.0.0.1", port, timeout=20)
    await client.wait_hello_from_server()
    good(await client.login(login, password))
    return client


async def session():
    """Everything that the library offers."""
    client, other = await connect(), await connect()
    assert client.has_capability("IDLE") and client.has_capability("MOVE") and client.has_capability("UIDPLUS")
    good(await client.id(name="aioimaplib"))
    good(await client.select("INBOX"))
    found = good(await client.uid_search("ALL"))[0].split()
    for start in range(0, len(found), 50):
        some = b",".join(found[start : start + 50]).decode()
        lines = good(await client.uid("fetch", some, "(UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE BODY.PEEK[])"))
        assert sum(isinstance(line, bytearray) for line in lines) >= len(found[start : start + 50])
    first = good(await client.uid_search("SUBJECT first"))[0].decode()
    lines = good(await client.uid("fetch", first, "(BODY.PEEK[TEXT])"))
    assert bytes(lines[1]) == b"The first.\r\n", lines
    good(await client.uid("store", first, "+FLAGS.SILENT (\\Flagged)"))
    good(await client.create("Async"))
    good(await client.subscribe("Async"))
    assert any(b"Async" in line for line in good(await client.list('""', "*")))
    assert any(b"Async" in line for line in good(await client.lsub('""', "*")))
    good(await client.uid("copy", first, "Async"))
    good(await client.uid("move", first, "Async"))
    good(await client.append(b"Subject: x\r\n\r\ny\r\n", mailbox="Async", flags="\\Seen"))
    assert b"MESSAGES 3" in good(await client.status("Async", "(MESSAGES)"))[0]
    idle = await client.idle_start(timeout=20)
    good(await other.append(b"Subject: pushed\r\n\r\ny\r\n", mailbox="INBOX"))
    heard = await client.wait_server_push()
    assert any(b"EXISTS" in line for line in heard), heard
    client.idle_done()
    await asyncio.wait_for(idle, 10)
    good(await client.noop())
    good(await client.close())
    good(await client.select("Async"))
    moved = good(await client.uid_search("SUBJECT first"))[0].split()[0].decode()
    good(await client.uid("move", moved, "INBOX"))
    good(await client.uid("store", "1:*", "+FLAGS (\\Deleted)"))
    good(await client.expunge())
    good(await client.close())
    good(await client.rename("Async", "Async2"))
    good(await client.unsubscribe("Async"))
    good(await client.delete("Async2"))
    good(await client.namespace())
    good(await client.logout())
    good(await other.logout())
    print("all well")


asyncio.run(session())
