# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTTP server of cxl-fmd: clients that show a certificate"""

import os
import shutil
import ssl
import time

from certtest import DAY, Authority, show
from fmtest import until
from httptest import ADMIN, READER, USER, main, with_
from webtest import LIMIT, ask, ask_and_close, tls

LONG = "somebody-with-a-long-name"  # enough letters for a token
KNOWN = (f"user ci cert:ci\nreader look cert:look\nadmin boss cert:boss # me\n"
         f"user long cert:{LONG}\nuser j cert:J\xf6rg.M\xfcller@example.org\n")


def started(w, config="", tokens=KNOWN):
    """A CA whose certificates the server takes; None without openssl"""
    if not shutil.which("openssl"):
        w.checks.skip("certificates", "no openssl")
        return None
    ca = Authority(w.dir.name)
    w.start(f"client-ca = {ca.cert}\n{config}", tcp=True)
    w.checks.equal(w.token(READER, "GET", "/slow").status, 200,
                   "without a certificate a token is asked for, as ever")
    w.write_tokens(f"reader r {READER}\nuser u {USER}\nadmin a {ADMIN}\n" +
                   tokens)
    return ca


def says(w, shown, status, code, words, what, path="/slow", token=None):
    """The answer to who shows @shown has that status, code and words."""
    answer = show(w, shown, "GET", path, token=token)
    text = answer.body.decode()
    w.checks.that((answer.status, answer.code()) == (status, code) and
                  words in text, f"{what}: {status} {code} {words}", answer)
    w.checks.that(status != 401 or not answer.code() or
                  answer.json()["error"]["what_to_do"],
                  f"{what}: and what to do", answer)


@with_(start=False)
def good(w):
    """Who shows a good one is who it says, as the tokens file has it."""
    ca = started(w)
    if not ca:
        return
    for name, usage, role in (("ci", "clientAuth", "user"),
                              ("boss", None, "admin"),
                              ("boss", "serverAuth,clientAuth", "admin"),
                              ("ci", "anyExtendedKeyUsage", "user"),
                              (LONG, "clientAuth", "user"),
                              ("J\xf6rg.M\xfcller@example.org", None,
                               "user")):
        answer = show(w, ca.issue(name, usage), "PUT", "/echo/x", {})
        w.checks.equal((answer.status, answer.status == 200 and (
            answer.json()["who"], answer.json()["role"])),
            (200, (f"cert:{name}", role)), f"{name} for {usage}")
    ci, look = ca.issue("ci"), ca.issue("look")
    says(w, look, 200, "", "slow", "a reader reads")
    for shown, path, status in ((look, "/echo/x", 403), (ci, "/echo/x", 200),
                                (ci, "/admin/x", 403)):
        answer = show(w, shown, "PUT", path, {})
        w.checks.equal(answer.status, status, f"{path}")
    w.checks.that("cert:ci is user" in answer.body.decode(),
                  "who may not is named", answer)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        answer = ask_and_close(tls(w.port, w.pair[1], shown=ci,
                                   version=version), "GET", "/slow")
        w.checks.equal(answer.status, 200, f"over {version.name}")
    # One in between that the client brings along
    between = Authority(w.dir.name, "between", issuer=ca)
    says(w, between.issue("ci"), 200, "", "slow", "by a CA in between")


@with_(start=False)
def bad(w):
    """One that is not good is refused, and it is said why."""
    ca = started(w)
    if not ca:
        return
    other = Authority(w.dir.name)      # of the same name
    lone = Authority(w.dir.name, "ci")
    leaf = Authority(w.dir.name, "look", issuer=ca, ca=False)
    spoiled = ca.issue("ci", spoil=(b"ci", b"ci"))
    says(w, spoiled, 200, "", "slow", "one that the test has signed anew")
    for what, shown, words in (
            ("of another CA", other.issue("ci"), "client-ca has signed"),
            ("by itself", (lone.cert, lone.key), "client-ca has signed"),
            ("by who may not sign", leaf.issue("ci"), "not good"),
            ("expired", ca.issue("ci", start=-DAY, end=-60), "has expired"),
            ("of tomorrow", ca.issue("ci", start=DAY, end=2 * DAY),
             "not valid yet"),
            ("of a server", ca.issue("ci", "serverAuth"), "not for clients"),
            ("for mail", ca.issue("ci", "emailProtection"),
             "not for clients"),
            ("of a stranger", ca.issue("stranger"), "cert:stranger"),
            ("in other letters", ca.issue("CI"), "cert:CI"),
            ("two names", ca.issue("", subject="/CN=ci/CN=boss"),
             "several common names"),
            ("two names in one", ca.issue("", subject="/CN=ci+CN=boss"),
             "several common names"),
            ("the same twice", ca.issue("", subject="/CN=ci/CN=ci"),
             "several common names"),
            ("no name", ca.issue("", subject="/O=ci"), "no common name"),
            ("a blank", ca.issue("c i"), "cannot be in it"),
            ("a comma", ca.issue("ci,boss"), "cannot be in it"),
            ("long", ca.issue("c" * 64), "cert:ccc")):
        says(w, shown, 401, "bad-certificate", words, what)
    for old, new in ((b"boss", b"ci\0s"), (b"ciX", b"ci\0"), (b"ci", b"c\0"),
                     (b"ciX", b"ci\n"), (b"ciX", b"ci\x7f"),
                     (b"Xci", b"\x1bci"),
                     (b"ciXXX", b"ci\xe2\x80\xae"),
                     (b"ciX", b"ci "), (b"ciX", b"ci#"), (b"ciX", b"ci\\")):
        says(w, ca.issue(old.decode(), spoil=(old, new)), 401,
             "bad-certificate", "common name", f"{new!r}")
    stranger = ca.issue("stranger")
    says(w, stranger, 401, "bad-certificate", "", "where nobody may come, too",
         path="/fast")
    cut = ca.issue("ci")
    with open(cut[0], "a", encoding="ascii") as file, \
            open(other.cert, encoding="ascii") as more:
        file.write(more.read() * 8)
    says(w, cut, 200, "", "slow", "with others that do not matter")
    w.others("after all that")


@with_(start=False)
def both(w):
    """A token counts more than a good certificate; nothing mends a bad one."""
    ca = started(w)
    if not ca:
        return
    ci, stranger = ca.issue("ci"), ca.issue("stranger")
    answer = show(w, ci, "PUT", "/admin/x", {}, token=ADMIN)
    w.checks.equal((answer.status, answer.json()["who"]), (200, "token a"),
                   "the token was given for this request")
    answer = show(w, ci, "PUT", "/echo/x", {}, token=READER)
    w.checks.equal(answer.status, 403, "also one that may less")
    says(w, ci, 401, "bad-token", "not known", "a bad token beside a good "
         "certificate", token="x" * 20)
    says(w, stranger, 401, "bad-certificate", "stranger", "a good token "
         "beside a bad certificate", token=ADMIN)
    says(w, None, 401, "no-token", "certificate", "nothing is shown")
    for text in (f"cert:{LONG}", LONG):
        answer = show(w, None, "GET", "/slow", token=text)
        w.checks.equal((answer.status, answer.code()), (401, "bad-token"),
                       f"{text!r} is no token")
    # Taken away: also on a connection that is open
    connection = tls(w.port, w.pair[1], shown=ci)
    before = ask(connection, "GET", "/slow").status
    w.write_tokens(f"admin a {ADMIN}\nreader ci cert:ci\n")
    less = ask(connection, "PUT", "/echo/x", {}).status
    w.write_tokens(f"admin a {ADMIN}\n")
    after = ask(connection, "GET", "/slow")
    connection.close()
    w.checks.equal((before, less, after.status, after.code()),
                   (200, 403, 401, "bad-certificate"), "the line is all")


@with_(start=False)
def ends(w):
    """A certificate is good to its last second, also for what goes on."""
    ca = started(w)
    if not ca:
        return
    ci = ca.issue("ci", end=10)
    connection = tls(w.port, w.pair[1], shown=ci)
    w.checks.equal(ask(connection, "GET", "/slow").status, 200, "good now")
    begun = time.monotonic()
    long = tls(w.port, w.pair[1], shown=ci)
    long.request("GET", "/stream")
    stream = long.getresponse()
    beside = tls(w.port, w.pair[1], shown=ci)
    beside.request("GET", "/stream", headers={"Authorization":
                                              f"Bearer {USER}"})
    stays = beside.getresponse()
    w.checks.equal((stream.status, stays.status), (200, 200), "streams")
    time.sleep(11 - (time.monotonic() - begun))
    answer = ask(connection, "GET", "/slow")
    w.checks.that(answer.status == 401 and b"has expired" in answer.body,
                  "and not any more on the same connection", answer)
    w.checks.equal(stream.read(), b"", "the stream has ended")
    w.checks.that(time.monotonic() - begun < 11 + LIMIT, "soon")
    w.token(USER, "POST", "/tick")
    w.checks.equal(stays.readline(), b"tick 1\n",
                   "that of a token beside it has not")
    for one in (connection, long, beside):
        one.close()


@with_(start=False)
def revoked(w):
    """What its CA has taken back is good for nothing, also what goes on."""
    if not shutil.which("openssl"):
        w.checks.skip("certificates", "no openssl")
        return
    ca, other = Authority(w.dir.name), Authority(w.dir.name, "others")
    lists, both = f"{w.dir.name}/lists", f"{w.dir.name}/both"
    with open(both, "w", encoding="ascii") as file:
        for one in (ca, other):
            file.write(open(one.cert, encoding="ascii").read())
    ca.list(lists)
    w.checks.equal(w.start(f"client-ca = {both}\nclient-crl = {lists}",
                           tcp=True), "ready", "it starts with a list")
    w.write_tokens(f"user u {USER}\n" + KNOWN)
    ci, look = ca.issue("ci"), ca.issue("look")
    says(w, ci, 200, "", "slow", "not on it")
    says(w, other.issue("ci"), 401, "bad-certificate", "no list of the CA",
         "of a CA without a list")
    stream = tls(w.port, w.pair[1], shown=look, timeout=2 * LIMIT)
    stream.request("GET", "/stream")
    stream = stream.getresponse()
    kept = tls(w.port, w.pair[1], shown=look)
    w.checks.equal(ask(kept, "GET", "/slow").status, 200, "one is open")
    ca.revoke(look[0])
    ca.list(lists)
    says(w, look, 401, "bad-certificate", "revoked", "on the new list")
    answer = ask(kept, "GET", "/slow")
    w.checks.equal((answer.status, answer.code()), (401, "bad-certificate"),
                   "nor over a connection that was open")
    kept.close()
    w.checks.equal(stream.read(), b"", "its stream ends")
    says(w, look, 401, "bad-certificate", "revoked", "beside a good token",
         token=USER)
    says(w, ci, 200, "", "slow", "others go on")
    # A list of somebody else, none, an old one: nobody is let in by it.
    other.list(lists)
    says(w, ci, 401, "bad-certificate", "no list of the CA", "another's list")
    os.unlink(lists)
    says(w, ci, 401, "bad-certificate", "cannot be read", "no list")
    says(w, None, 200, "", "slow", "tokens are as ever", token=USER)
    ca.list(lists, 1)
    w.checks.that(until(lambda: b"out of date" in show(
        w, ci, "GET", "/slow").body), "a list that is too old")
    Authority(w.dir.name, "strangers").list(lists)
    says(w, ci, 401, "bad-certificate", "cannot be read",
         "a list that none of ours has signed")
    ca.list(lists)
    says(w, ci, 200, "", "slow", "a good one again")
    code, said = w.stop()
    w.checks.that(code == 0 and said.count("client-crl: ") == 2,
                  "what could not be read was said", said)
    for path, say in (("/nonexistent", "No such file"), (ca.cert, "no list"),
                      (both, "no list")):
        w.checks.equal(w.start(f"client-ca = {both}\nclient-crl = {path}",
                               tcp=True), "", f"not started with {path[-8:]}")
        code, said = w.stop()
        w.checks.that(code == 1 and "client-crl: " in said and say in said,
                      f"it says {say}", f"{code} {said}")
    w.checks.equal(w.start(f"client-crl = {lists}", tcp=True), "", "alone")
    code, said = w.stop()
    w.checks.that("needs client-ca" in said, "it is for client-ca", said)


@with_(start=False)
def not_wanted(w):
    """Without client-ca a certificate says nothing, and harms nobody."""
    if not shutil.which("openssl"):
        w.checks.skip("certificates", "no openssl")
        return
    ci = Authority(w.dir.name).issue("ci")
    w.start(tcp=True)
    w.write_tokens(f"user u {USER}\n" + KNOWN)
    says(w, ci, 401, "no-token", "role", "it is not asked for")
    says(w, ci, 200, "", "slow", "with a token", token=USER)


@with_(start=False)
def bad_configs(w):
    """What is configured wrong is said, with what to do."""
    if not shutil.which("openssl"):
        w.checks.skip("certificates", "no openssl")
        return
    folder = w.dir.name
    ca = Authority(folder)
    cert, key = ca.issue("ci")
    for name, text in (("none", "nothing\n"), ("empty", ""),
                       ("half", open(ca.cert, encoding="ascii").read()[:200]),
                       ("spoiled", "-----BEGIN CERTIFICATE-----\nAAAA\n"
                        "-----END CERTIFICATE-----\n"),
                       ("with-key", open(ca.cert, encoding="ascii").read() +
                        open(ca.key, encoding="ascii").read()),
                       ("two", open(ca.cert, encoding="ascii").read() +
                        open(cert, encoding="ascii").read())):
        with open(f"{folder}/{name}", "w", encoding="ascii") as file:
            file.write(text)
    for path, say in (
            (f"{folder}/nowhere", "No such file"), (folder, "directory"),
            ("", "a PEM file"), (f"{folder}/none", "no certificate"),
            (f"{folder}/empty", "no certificate"),
            (f"{folder}/half", "no certificate"),
            (f"{folder}/spoiled", "no certificate"),
            (key, "private key"), (f"{folder}/with-key", "private key"),
            (cert, "no CA's"), (f"{folder}/two", "no CA's")):
        w.checks.equal(w.start(f"client-ca = {path}", tcp=True), "",
                       f"{os.path.basename(path)}: not started")
        code, said = w.stop()
        w.checks.that(code == 1 and "[http] client-ca: " in said and
                      say in said, f"it says {say}", f"{code} {said}")
    w.start(f"client-ca = {ca.cert}")
    code, said = w.stop()
    w.checks.that(code == 1 and "client-ca are for TCP" in said,
                  "without TCP it would do nothing", f"{code} {said}")
    # The other file that it takes
    w.start(f"client-ca = {ca.cert}", tcp=True)
    for line in ("user x cert:", "user x cert:a,b", 'user x cert:a"b',
                 "reader x cert:a host=vm1", "user x cert:a\udcff",
                 f"user x cert:{'x' * 300}"):
        w.write_tokens(f"{line}\n")
        w.checks.equal(w.token(READER, "GET", "/slow").status, 401, line[:30])
    code, said = w.stop()
    w.checks.that(code == 0 and said.count("cert:NAME") == 6,
                  "lines that cannot be are said", said)


if __name__ == "__main__":
    main(good, bad, both, ends, revoked, not_wanted, bad_configs)
