# SPDX-License-Identifier: GPL-2.0-or-later
"""Talk HTTP to a server on a unix socket or over TLS, well and badly.

Raw talks to the socket with bytes of our choice; ask() is a decent client.
"""

import codecs
import http.client
import json
import os
import random
import socket
import ssl
import subprocess
import time

LIMIT = 20                    # seconds for anything that must come at once


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=LIMIT):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = raw_unix(self.path, self.timeout)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        """Strictly: json.loads() of bytes lets surrogates through."""
        return json.loads(self.body.decode("utf-8"))

    def code(self):
        """The word for programs of an error; "" of other answers"""
        try:
            return self.json()["error"]["code"]
        except (ValueError, KeyError, TypeError):
            return ""

    def __str__(self):
        return f"{self.status} {self.headers}\n{self.body[:2000]!r}"


def ask(connection, method, path, body=None, **headers):
    """One request; names of headers with _ for -."""
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, body=body, headers=headers)
    except BrokenPipeError:
        pass                  # refused before all of it was sent
    answer = connection.getresponse()
    return Answer(answer.status, dict(answer.getheaders()), answer.read())


class Client:
    """Asks at .socket, or over TLS at .port, whose .pair has the certificate"""

    def ask(self, method, path, body=None, **headers):
        return ask_and_close(UnixConnection(self.socket), method, path, body,
                             **headers)

    def token(self, token, method, path, body=None, **headers):
        """With @token, or without when it is None"""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return ask_and_close(tls(self.port, self.pair[1]), method, path, body,
                             **headers)


def ask_and_close(connection, *request, **headers):
    try:
        return ask(connection, *request, **headers)
    finally:
        connection.close()


def raw_unix(path, timeout=LIMIT):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)           # without a timeout it waits for its turn
    s.settimeout(timeout)
    return s


def read_all(s):
    """Until the other end closes; what it said"""
    said = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                return said
            said += part
    except ConnectionError:
        return said


def closed_within(s, limit):
    """Whether the other end closes within @limit seconds; how long it took"""
    began = time.monotonic()
    s.settimeout(limit)
    try:
        read_all(s)
    except TimeoutError:
        return False, limit
    return True, time.monotonic() - began


def certificate(folder):
    """A key and a certificate for localhost, or None without openssl"""
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder,
                                                              "cert.pem")
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                        "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", key, "-out", cert], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return None
    return key, cert


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tls(port, cert, timeout=LIMIT, shown=None, version=None):
    """@shown: (certificate, key) of the client; @version: of TLS, no other"""
    context = ssl.create_default_context(cafile=cert)
    if shown:
        context.load_cert_chain(*shown)
    if version:
        context.minimum_version = context.maximum_version = version
    return http.client.HTTPSConnection("localhost", port, context=context,
                                       timeout=timeout)


WORDS = [b"GET", b"PUT", b"DELETE", b"POST", b"HEAD", b"OPTIONS", b"PATCH",
         b"TRACE", b"CONNECT", b"get", b"\x00", b"\xff\xfe", b"A" * 300]
HEADERS = [b"Host: localhost", b"Host: ", b"Host: evil.example", b"Host",
           b"Content-Length: 5", b"Content-Length: -1",
           b"Content-Length: 99999999999999999999", b"Content-Length: 0x10",
           b"Transfer-Encoding: chunked", b"Transfer-Encoding: nonsense",
           b"Content-Type: application/json", b"Content-Type: \xff",
           b"Origin: null", b"If-Match: \"\xe4\"", b"If-Match: *",
           b"If-Match: \"18446744073709551616\"", b"If-None-Match: *",
           b"Last-Event-ID: -1", b"Last-Event-ID: 99999999999999999999",
           b"Authorization: Bearer x", b"Authorization: Bearer " + b"y" * 9000,
           b"Expect: 100-continue", b"Connection: close", b": nothing",
           b"X-" + b"z" * 70000 + b": 1", b" folded", b"Cookie: a=b"]
NO_TEXT = [b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3",
           b"\xff", b"\x80", b"\xfe\x83\xbf\xbf\xbf\xbf\xbf"]
LONG = "\u00e9".encode() * 60   # whatever is cut at an even place
BODIES = [*(b'{"consumer":"' + t + b'","bytes":"2M","Description":"' + t +
            b'"}' for t in NO_TEXT), b'{"x' + LONG + b'":1}',
          b'{"bytes":"x' + LONG + b'"}', b"", b"{}", b"[]", b"null", b"{", b"\x00" * 40, b"\xff" * 40,
          b"[" * 5000, b'{"a":' * 400, b'{"bytes":1e999}',
          b'{"bytes":"256M"}', b'{"bytes":-1}', b'{"a":"\xc3\x28"}',
          b'{"bytes":18446744073709551616}', b"5\r\nhello\r\n0\r\n\r\n",
          b'{"bytes":1,"bytes":2}', b'"' + b"q" * 200000]


def spoiled_request(dice: random.Random, paths, method=None):
    """Bytes that look more or less like a request; of @method, if it is given"""
    path = dice.choice(paths)
    if dice.random() < .2:
        path += dice.choice([b"/", b"?", b"%00", b"%2e%2e/", b"?a=%zz&&=&a",
                             b"/" * 2000, b"\xff", b" ", b"#x", b"?kind=a,b",
                              b"%ff%fe", b"?%ff=1", b"?x" + b"%c3%a9" * 60,
                              b"x" + b"%c3%a9" * 60])
    lines = [method or (dice.choice(WORDS) if dice.random() < .3 else
                        dice.choice(WORDS[:4])), path,
             dice.choice([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/9", b""])]
    said = b" ".join(lines) + b"\r\n"
    if dice.random() < .8:
        said += b"Host: localhost\r\n"
    body = dice.choice(BODIES)
    if dice.random() < .7:
        said += b"Content-Length: %d\r\n" % len(body)
        said += b"Content-Type: application/json\r\n"
    for _ in range(dice.randrange(4)):
        said += dice.choice(HEADERS) + b"\r\n"
    said += b"\r\n" + body
    if dice.random() < .3:
        said = said[:dice.randrange(len(said) + 1)]
    if dice.random() < .2:
        at = dice.randrange(len(said) + 1)
        said = said[:at] + dice.randbytes(dice.randrange(1, 20)) + said[at:]
    return said


def is_text(said):
    """All that a server says is UTF-8; @said may end within a character."""
    codecs.getincrementaldecoder("utf-8")().decode(said)


def talk_nonsense(path, paths):
    """FUZZ_ROUNDS spoiled requests for @paths to the socket at @path

    FUZZ_SEED, which is printed, has the same ones again.
    """
    seed = int(os.environ.get("FUZZ_SEED", random.randrange(1 << 30)))
    rounds = int(os.environ.get("FUZZ_ROUNDS", 600))
    print(f"# FUZZ_SEED={seed} FUZZ_ROUNDS={rounds}")
    dice = random.Random(seed)
    for n in range(rounds):
        s = raw_unix(path, timeout=.02 if n % 20 else .3)
        try:
            s.sendall(spoiled_request(dice, paths))
            if dice.random() < .5:
                is_text(s.recv(1 << 20))
            if dice.random() < .3:
                s.sendall(spoiled_request(dice, paths))
                is_text(s.recv(1 << 20))
        except OSError:
            pass
        s.close()
