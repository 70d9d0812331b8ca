"""An authorization server for tests: it issues signed tokens, serves its keys, and answers about tokens (RFC 7662).

The signatures are made by openssl, not by the library that checks them. It prints its port when it is ready.
Beside what such a server has, /issue signs whatever it is told to, /rotate replaces the RSA key, /revoke revokes.
"""

import base64
import hashlib
import hmac
import http.server
import json
import subprocess
import sys
import threading
import urllib.parse

folder = sys.argv[1]
client = "mail server:s3cret:with colon"
symmetric = b"a secret of thirty-two octets and more"
keys, revoked, counts = {}, set(), {}
lock = threading.Lock()


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


def make(name, algorithm, *options):
    path = f"{folder}/{name}.pem"
    openssl("genpkey", "-quiet", "-algorithm", algorithm, *options, "-out", path)
    with open(f"{folder}/{name}.public.pem", "wb") as public:
        public.write(openssl("pkey", "-in", path, "-pubout"))
    keys[name] = path


def jwk(name, path):
    spki = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
    if name.startswith("rsa"):
        modulus = openssl("rsa", "-in", path, "-noout", "-modulus").decode().strip().split("=")[1]
        return {"kty": "RSA", "kid": name, "use": "sig", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}
    if name.startswith("ec"):
        return {"kty": "EC", "crv": "P-256", "kid": name, "x": b64(spki[-64:-32]), "y": b64(spki[-32:])}
    return {"kty": "OKP", "crv": "Ed25519", "kid": name, "x": b64(spki[-32:])}


def raw(der):
    """The two numbers of an ECDSA signature, as RFC 7518 section 3.4 wants them."""
    numbers, at = [], 2
    while at < len(der):
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2 : at + 2 + length], "big").to_bytes(32, "big"))
        at += 2 + length
    return b"".join(numbers)


def sign(algorithm, path, message):
    if algorithm == "HS256":
        return hmac.new(symmetric, message, hashlib.sha256).digest()
    if algorithm == "RS256":
        return openssl("dgst", "-sha256", "-sign", path, data=message)
    if algorithm == "PS256":
        padding = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1"]
        return openssl("dgst", "-sha256", *padding, "-sign", path, data=message)
    if algorithm == "ES256":
        return raw(openssl("dgst", "-sha256", "-sign", path, data=message))
    with open(f"{folder}/message", "wb") as file:
        file.write(message)
    return openssl("pkeyutl", "-sign", "-rawin", "-inkey", path, "-in", f"{folder}/message")


def issue(order):
    header = {"alg": order["alg"], "typ": "JWT", **order.get("header", {})}
    if "kid" in order:
        header.setdefault("kid", order["kid"])
    parts = [b64(json.dumps(part).encode()) for part in (header, order["claims"])]
    message = ".".join(parts)
    return f"{message}.{b64(sign(order['alg'], keys.get(order.get('kid')), message.encode()))}"


def introspect(token):
    if token in revoked or token.count(".") != 2 and not token.startswith("opaque-"):
        return {"active": False}
    if token.startswith("opaque-"):
        return {"active": True, "preferred_username": token[len("opaque-") :], "scope": "mail"}
    payload = token.split(".")[1]
    return {"active": True, **json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with lock:
            counts[self.path] = counts.get(self.path, 0) + 1
            if self.path == "/jwks":
                strangers = [{"kty": "XYZ", "kid": "strange"}, {"kty": "oct", "kid": "oct", "k": b64(symmetric)}]
                self.answer(json.dumps({"keys": strangers + [jwk(*key) for key in keys.items()]}))
            elif self.path == "/counts":
                self.answer(json.dumps(counts))
            else:
                self.send_error(404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        with lock:
            counts[self.path] = counts.get(self.path, 0) + 1
            if self.path == "/issue":
                self.answer(issue(json.loads(body)))
            elif self.path == "/rotate":
                keys.pop("rsa-1", None)
                make("rsa-2", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
                self.answer("done")
            elif self.path == "/revoke":
                revoked.add(body)
                self.answer("done")
            elif self.path == "/introspect":
                given = self.headers.get("authorization", "").partition("Basic ")[2]
                user, _, secret = base64.b64decode(given).decode().partition(":")
                if f"{urllib.parse.unquote_plus(user)}:{urllib.parse.unquote_plus(secret)}" != client:
                    self.send_error(401)
                    return
                self.answer(json.dumps(introspect(urllib.parse.parse_qs(body)["token"][0])))
            else:
                self.send_error(404)

    def answer(self, text):
        octets = text.encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *_):
        pass


make("rsa-1", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
make("ec-1", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
make("ed-1", "ED25519")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
