"""A session of Python's poplib with the server: plain|stls|tls PORT LOGIN PASSWORD. Prints "all well" at its end."""

import base64
import hashlib
import hmac
import poplib
import ssl
import sys

mode, port, login, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
# The server has made its certificate by itself.
tls = ssl.create_default_context()
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE


def connect():
    """A client that has logged in."""
    if mode == "tls":
        client = poplib.POP3_SSL("127.0.0.1", port, context=tls)
    else:
        client = poplib.POP3("127.0.0.1", port)
    if mode == "stls":
        assert "STLS" in client.capa()
        client.stls(tls)
    if mode != "plain":
        assert "STLS" not in client.capa()
    client.user(login)
    client.pass_(password)
    return client


def scram(client):
    """Logs in by SCRAM-SHA-256 (RFC 7677), which poplib does not know."""

    def say(words):
        client._putcmd(base64.b64encode(words.encode()).decode())
        line = client._getline()[0]
        assert line.startswith(b"+ "), line
        return base64.b64decode(line[2:]).decode()

    def mac(key, words):
        return hmac.new(key, words.encode(), "sha256").digest()

    client._putcmd("AUTH SCRAM-SHA-256")
    assert client._getline()[0] == b"+ "
    first = f"n={login},r=fyko"
    challenge = say("n,," + first)
    fields = dict(field.split("=", 1) for field in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
    final = "c=biws,r=" + fields["r"]
    words = ",".join([first, challenge, final])
    client_key = mac(salted, "Client Key")
    signature = mac(hashlib.sha256(client_key).digest(), words)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
    verifier = base64.b64encode(mac(mac(salted, "Server Key"), words)).decode()
    assert say(f"{final},p={proof}") == "v=" + verifier
    client._shortcmd("")


client = poplib.POP3("127.0.0.1", port) if mode != "tls" else poplib.POP3_SSL("127.0.0.1", port, context=tls)
scram(client)
assert client.stat()[0] == 2
client.quit()
client = connect()
assert client.stat()[0] == 2
assert len(client.list()[1]) == 2
capabilities = client.capa()
assert {"TOP", "UIDL", "PIPELINING"} <= set(capabilities), capabilities
ids = client.uidl()[1]
assert len(set(ids)) == 2
lines = client.retr(1)[1]
assert lines[-2:] == [b"", b"The first."], lines
assert client.top(2, 0)[1][-2:] == [b"Subject: second", b""]
client.dele(1)
assert client.stat()[0] == 1
client.rset()
assert client.stat()[0] == 2
client.noop()
client.dele(1)
client.quit()
client = connect()
assert client.uidl()[1] == [b"1 " + ids[1].split()[1]]
try:
    client.retr(2)
    raise AssertionError("there is no such message")
except poplib.error_proto as error:
    assert b"-ERR" in error.args[0]
client.quit()
print("all well")
