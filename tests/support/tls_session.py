"""Python's clients over TLS: IMAP IMAPS LMTP (ports) LOGIN PASSWORD CERTIFICATE. Prints "all well" at its end."""

import imaplib
import smtplib
import ssl
import sys

imap_port, imaps_port, lmtp_port = map(int, sys.argv[1:4])
login, password, certificate = sys.argv[4:7]

# It checks the name and the chain.
context = ssl.create_default_context(cafile=certificate)

lmtp = smtplib.LMTP("localhost", lmtp_port)
lmtp.starttls(context=context)
lmtp.sendmail("a@example.net", [login + "@example.org"], b"Subject: by STARTTLS\r\n\r\nx\r\n")
lmtp.quit()

by_starttls = imaplib.IMAP4("localhost", imap_port)
assert "STARTTLS" in by_starttls.capabilities
assert by_starttls.starttls(ssl_context=context)[0] == "OK"
assert "STARTTLS" not in by_starttls.capabilities
at_once = imaplib.IMAP4_SSL("localhost", imaps_port, ssl_context=context)

for client in (by_starttls, at_once):
    assert client.login(login, password)[0] == "OK"
    assert client.select("INBOX") == ("OK", [b"1"])
    status, data = client.fetch("1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    assert data[0][1] == b"Subject: by STARTTLS\r\n\r\n", data
    client.logout()

print("all well")
