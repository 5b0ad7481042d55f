# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTTP server of cxl-fmd: what requests must be, and from whom"""

import os
import resource
import socket
import ssl
import stat

from httptest import ADMIN, READER, USER, main, with_
from webtest import LIMIT, UnixConnection, ask, closed_within, raw_unix, read_all

def answers(w):
    """What a request must be, and what is said of one that is not."""
    json = {"Content_Type": "application/json"}
    answer = w.expect(200, "", "PUT", "/echo/x", {"a": [1]})
    w.checks.equal(answer.json(), {
        "body": {"a": [1]}, "who": f"uid {os.getuid()}", "segment": "x",
        "role": "admin"}, "the route gets all of it")
    for body in ("", "{", "[]", "1", "{} x", "{}\0{}", '{"a":"\xff"}'.encode(
            "latin1"), "[" * 100, '{"a":' * 20 + "1" + "}" * 20):
        w.expect(400, "bad-json", "PUT", "/echo/x", body, **json)
    w.expect(200, "", "PUT", "/echo/x", " {} \n", **json)
    w.expect(415, "not-json", "PUT", "/echo/x", "{}")
    w.expect(415, "not-json", "PUT", "/echo/x", "{}",
             Content_Type="text/plain")
    w.expect(200, "", "PUT", "/echo/x", "{}",
             Content_Type="application/json; charset=utf-8")
    w.expect(404, "no-such-path", "GET", "/")
    w.expect(404, "no-such-path", "GET", "/fast/")
    w.expect(404, "no-such-path", "GET", "/fasx")
    w.expect(404, "no-such-path", "PUT", "/echo/", {})
    w.expect(404, "no-such-path", "PUT", "/echo/a/b", {})
    w.expect(400, "bad-path", "GET", "/fast%00")
    w.expect(400, "no-body", "GET", "/fast", "{}")
    answer = w.expect(405, "bad-method", "DELETE", "/echo/x")
    w.checks.equal(answer.headers.get("Allow"), "PUT", "what it can do")
    answer = w.expect(200, "", "HEAD", "/fast")
    w.checks.equal(answer.body, b"", "HEAD has no body")
    w.checks.equal(answer.headers.get("X-Content-Type-Options"), "nosniff",
                   "browsers are told not to guess")


def twice(w):
    """Of two headers of a kind none is believed; what follows is not read."""
    second = b"GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n"
    put = b"PUT /echo/x HTTP/1.1\r\nHost: localhost\r\n"
    json = b"Content-Type: application/json\r\n"
    get = b"GET /fast HTTP/1.1\r\n"
    host = b"Host: localhost\r\n"
    for name, request in (
            ("lengths", put + json + b"Content-Length: 2\r\nContent-Length: "
             b"%d\r\n\r\n{}" % (2 + len(second))),
            ("lengths, turned", put + json + b"Content-Length: %d\r\n"
             b"content-length: 2\r\n\r\n{}" % (2 + len(second))),
            ("the same length", put + json + b"Content-Length: 2\r\n"
             b"Content-Length: 2\r\n\r\n{}"),
            ("hosts", get + host + b"HOST: evil.example\r\n\r\n"),
            ("hosts, turned", get + b"Host: evil.example\r\n" + host +
             b"\r\n"),
            ("types", put + json + json + b"Content-Length: 2\r\n\r\n{}"),
            ("tokens", get + host + b"Authorization: Bearer x\r\n"
             b"Authorization: Bearer y\r\n\r\n"),
            ("sessions", get + host + b"X-Auth-Token: x\r\n"
             b"X-Auth-Token: y\r\n\r\n")):
        s = raw_unix(w.socket)
        s.sendall(request + second)
        said = read_all(s)
        w.checks.that(said.split()[1] == b"400" and said.count(b"HTTP/1.1") == 1
                      and b"fast\n" not in said,
                      f"two {name}: one answer, and the connection is closed",
                      said)


def kept_connection(w):
    """One connection serves many requests, also after errors."""
    connection = UnixConnection(w.socket)
    for _ in range(20):
        w.checks.equal((ask(connection, "GET", "/fast").status,
                        ask(connection, "GET", "/nope").status,
                        ask(connection, "PUT", "/echo/x", {}).status,
                        ask(connection, "DELETE", "/fast").status),
                       (200, 404, 200, 405), "four requests more")
    w.checks.equal(w.ask("GET", "/count").body.split()[0], b"2",
                   "one connection and this one")
    connection.close()


def browsers(w):
    """No page of others makes a browser ask for it."""
    for host in ("evil.example", "evil.example:80", "", "localhost.evil",
                 "[::1", "[::1]x", "localhost:80x"):
        w.expect(421, "bad-host", "GET", "/fast", Host=host)
    for host in ("localhost", "LOCALHOST:8443", "127.0.0.1", "[::1]:1",
                 "192.0.2.7:8443", socket.gethostname()):
        w.expect(200, "", "GET", "/fast", Host=host)
    w.expect(403, "bad-origin", "GET", "/fast", Origin="http://evil.example")
    w.expect(403, "bad-origin", "GET", "/fast", Origin="null")
    w.expect(403, "bad-origin", "PUT", "/echo/x", {},
             Origin="https://localhost")
    w.expect(403, "bad-origin", "PUT", "/echo/x", {},
             Sec_Fetch_Site="cross-site")
    w.expect(200, "", "PUT", "/echo/x", {}, Origin="http://localhost",
             Sec_Fetch_Site="same-origin")


@with_(start=False)
def socket_rights(w):
    """The socket is its group's; nobody takes it from a server that runs."""
    w.checks.equal(w.start(), "ready", "it starts")
    mode = stat.S_IMODE(os.stat(w.socket).st_mode)
    w.checks.equal(oct(mode), "0o660", "mode of the socket")
    first = w.server
    w.checks.equal(w.start(), "", "a second one does not start")
    code, said = w.stop()
    w.checks.that(code == 1 and "another daemon serves there" in said,
                  "and says why", said)
    w.server = first
    w.others("by the first one")
    first.kill()
    first.wait()
    first.stdin.close(), first.stdout.close(), first.stderr.close()
    w.checks.that(os.path.exists(w.socket), "a socket that was left behind")
    w.checks.equal(w.start("socket-mode = 0600\nsocket-role = reader"),
                   "ready", "is no obstacle")
    mode = stat.S_IMODE(os.stat(w.socket).st_mode)
    w.checks.equal(oct(mode), "0o600", "the mode that was configured")
    w.expect(403, "forbidden", "PUT", "/echo/x", {})


@with_(start=False)
def bad_configs(w):
    """What is configured wrong is said, and nothing is served."""
    for config, say in (
            ("conections = 7", "conections: there is no such key"),
            ("connections = many", "connections: a number from 8 to 65536"),
            ("connections = 0", "a number from 8"),
            ("connections = -1", "a number from 8"),
            ("socket-mode = 999", "octal"),
            ("socket-role = god", "one of reader, user, admin"),
            ("listen = 127.0.0.1:1", "needs certificate, key and tokens"),
            ("tokens = /x", "are for TCP"),
            ("socket-group = no-such-group", "socket-group"),
            ("socket = /nonexistent/x/y", "cannot listen"),
            (f"socket = /tmp/{'x' * 200}", "too long")):
        w.checks.equal(w.start(config), "", f"{config[:40]}: not started")
        code, said = w.stop()
        w.checks.that(code == 1 and say in said, f"it says {say}",
                      f"{code} {said}")


@with_(tcp=True)
def tokens(w):
    """Over TCP a token says who may do what."""
    if not w.pair:
        w.checks.skip("tokens", "no openssl")
        return
    for token, path, status, code in (
            (None, "/slow", 401, "no-token"), ("x" * 20, "/slow", 401,
                                               "bad-token"),
            (READER[:-1], "/slow", 401, "bad-token"),
            (READER + "r", "/slow", 401, "bad-token"),
            ("z" * 20000, "/slow", 401, "bad-token"),
            (READER, "/slow", 200, ""), (ADMIN, "/slow", 200, ""),
            (None, "/fast", 200, ""), ("x" * 20, "/fast", 401, "bad-token")):
        answer = w.token(token, "GET", path)
        w.checks.equal((answer.status, answer.code()), (status, code),
                       f"{path} with {str(token)[:24]}")
    for token, path, status in ((READER, "/echo/x", 403), (USER, "/echo/x",
                                                           200),
                                (USER, "/admin/x", 403), (ADMIN, "/admin/x",
                                                          200)):
        answer = w.token(token, "PUT", path, {})
        w.checks.equal(answer.status, status, f"{path} with {token[:4]}")
    w.checks.equal(w.token(USER, "PUT", "/echo/x", {}).json()["who"],
                   "token u", "who it was")
    answer = w.token(None, "GET", "/slow", Authorization="Basic eHg6eHg=")
    w.checks.equal(answer.status, 401, "passwords are no tokens")
    # Taken away, replaced, spoiled
    w.write_tokens("reader r sha256:" + __import__("hashlib").sha256(
        b"n" * 20).hexdigest())
    w.checks.equal((w.token(ADMIN, "GET", "/slow").status,
                    w.token("n" * 20, "GET", "/slow").status), (401, 200),
                   "tokens of a new file, one as its digest")
    os.chmod(w.tokens, 0o644)
    w.checks.equal(w.token("n" * 20, "GET", "/slow").status, 401,
                   "a file that everybody may read lets nobody in")
    code, said = w.stop()
    w.checks.that(code == 0 and "chmod 0640" in said and "n" * 20 not in said,
                  "and it is said once, without the token", said)


@with_(tcp=True, config="header-seconds = 2")
def tls_only(w):
    """What is no TLS, or half of it, harms nobody."""
    if not w.pair:
        w.checks.skip("tls", "no openssl")
        return
    plain = socket.create_connection(("127.0.0.1", w.port), timeout=LIMIT)
    plain.sendall(b"GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n")
    w.checks.that(b"fast" not in read_all(plain), "no answer without TLS")
    plain.close()
    hello = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello,
                                                   server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = hello.read()
    half = []
    for size in (1, 5, 40, len(hello) - 1, len(hello)):
        s = socket.create_connection(("127.0.0.1", w.port), timeout=LIMIT)
        s.sendall(hello[:size])
        half.append(s)
    w.checks.equal(w.token(READER, "GET", "/slow").status, 200,
                   "others are served beside handshakes that stopped")
    closed = [closed_within(s, 6)[0] for s in half]
    w.checks.equal(closed, [True] * 5, "those are closed at the deadline")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", w.port)) as s:
        try:
            old.wrap_socket(s)
            w.checks.that(False, "TLS 1.1 is refused")
        except (ssl.SSLError, OSError):
            w.checks.that(True, "TLS 1.1 is refused")


def sizes(w):
    """No body is larger than the limit, and none is read in vain."""
    w.expect(200, "", "PUT", "/echo/x", '{"a":"' + "x" * 65000 + '"}',
             Content_Type="application/json")
    for length in (65537, 1 << 30, 1 << 63, 10 ** 30):
        s = raw_unix(w.socket)
        s.sendall(b"PUT /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                  b"application/json\r\nContent-Length: %d\r\n\r\n" % length)
        said = read_all(s)
        w.checks.that(b" 413 " in said[:20] or b" 400 " in said[:20],
                      f"{length} bytes are refused before they come", said)
    s = raw_unix(w.socket)
    s.sendall(b"PUT /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
              b"application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    w.checks.that(b" 411 " in read_all(s)[:20], "chunks are refused")
    began = resource.getrusage(resource.RUSAGE_SELF)
    s = raw_unix(w.socket)
    sent = 0
    try:
        s.sendall(b"PUT /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                  b"application/json\r\nContent-Length: 1073741824\r\n\r\n")
        while sent < 1 << 30:
            sent += s.send(b"x" * 65536)
    except OSError:
        pass
    w.checks.that(sent < 64 << 20, "a gigabyte is not taken",
                  f"{sent} {began}")
    header = raw_unix(w.socket)
    try:
        header.sendall(b"GET /fast HTTP/1.1\r\nHost: localhost\r\nX: " +
                       b"x" * (1 << 20) + b"\r\n\r\n")
    except OSError:
        pass
    said = read_all(header)
    w.checks.that(not said or said.split()[1] in (b"431", b"414", b"400",
                                                  b"413"),
                  "a header of a megabyte is refused", said[:80])
    w.others("after all that")


if __name__ == "__main__":
    main(answers, twice, kept_connection, browsers, socket_rights, bad_configs, tokens,
         tls_only, sizes)
