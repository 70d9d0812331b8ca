"""COMPRESS over TLS with zlib: IMAPS (port) LOGIN PASSWORD CERTIFICATE. Prints "all well" at its end."""

import socket
import ssl
import sys
import zlib

port = int(sys.argv[1])
login, password, certificate = sys.argv[2:5]


class Client:
    """Lines over a socket, compressed or not."""

    def __init__(self):
        context = ssl.create_default_context(cafile=certificate)
        plain = socket.create_connection(("localhost", port), timeout=60)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self.heard, self.down, self.up = b"", None, None
        assert self.line().startswith(b"* OK")

    def compress(self):
        assert self.command(b"COMPRESS DEFLATE").startswith(b"OK")
        assert self.heard == b""
        self.down = zlib.decompressobj(-15)
        self.up = zlib.compressobj(9, zlib.DEFLATED, -15)

    def receive(self):
        octets = self.socket.recv(65536)
        assert octets or self.down, "the server has closed the connection"
        if self.down:
            compressed, octets = octets, self.down.decompress(octets)
            if self.down.eof:
                octets, self.down = octets + self.down.unused_data, None
            elif not compressed:
                raise EOFError
        self.heard += octets

    def line(self):
        while b"\r\n" not in self.heard:
            self.receive()
        line, self.heard = self.heard.split(b"\r\n", 1)
        return line

    def send(self, octets, flush=zlib.Z_SYNC_FLUSH):
        self.socket.sendall(self.up.compress(octets) + self.up.flush(flush) if self.up else octets)

    def answer(self, tag):
        while not (line := self.line()).startswith(tag + b" "):
            pass
        return line[len(tag) + 1 :]

    def command(self, command, tag=b"t"):
        self.send(tag + b" " + command + b"\r\n")
        return self.answer(tag)

    def log_in(self):
        assert self.command(f"LOGIN {login} {password}".encode()).startswith(b"OK")


client = Client()
client.log_in()
client.compress()
assert client.command(b"COMPRESS DEFLATE").startswith(b"BAD [COMPRESSIONACTIVE]")

# It does not matter how well a message can be compressed.
import random

noise = bytes(random.Random(1).choices(b"abcdefghijklmnopqrstuvwxyz0123456789", k=76 * 4000))
for text in (b"x" * 3_000_000, noise):
    lines = b"\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    message = b"Subject: compressed\r\n\r\n" + lines + b"\r\n"
    client.send(b"a APPEND INBOX {%d+}\r\n%b\r\n" % (len(message), message))
    assert client.answer(b"a").startswith(b"OK")
    assert client.command(b"SELECT INBOX").startswith(b"OK")
    client.send(b"f FETCH * BODY.PEEK[]\r\n")
    while not (line := client.line()).endswith(b"{%d}" % len(message)):
        pass
    while len(client.heard) < len(message):
        client.receive()
    assert client.heard[: len(message)] == message
    assert client.answer(b"f").startswith(b"OK")

# Little that becomes much is too much.
client.send(b"b NOOP " + b"x" * 50_000_000 + b"\r\n")
assert client.answer(b"b").startswith(b"BAD")
assert client.command(b"NOOP").startswith(b"OK")

# UNAUTHENTICATE ends both streams; what is said behind that comes as it is (RFC 8437).
client.send(b"u UNAUTHENTICATE\r\n", zlib.Z_FINISH)
client.up = None
client.log_in()
assert client.down is None
client.compress()
client.send(b"l LOGOUT\r\n", zlib.Z_FINISH)
assert client.answer(b"l").startswith(b"OK")

# Who does not compress after all is not understood.
client = Client()
client.log_in()
client.compress()
client.socket.sendall(b"t NOOP\r\n" * 10)
try:
    client.line()
    raise AssertionError("this is not compressed")
except (EOFError, ConnectionError):
    pass

print("all well")
