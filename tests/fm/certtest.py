# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates of clients, good ones and others, made by openssl"""

import base64
import datetime
import os
import subprocess
import time

from webtest import ask_and_close, tls

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
DAY = 24 * 3600


def openssl(*words, folder=None):
    done = subprocess.run(["openssl", *words], cwd=folder, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(words)}: {done.stdout}")


def stamp(seconds):
    """The time in @seconds as certificates have it"""
    then = datetime.datetime.fromtimestamp(time.time() + seconds,
                                           datetime.timezone.utc)
    return then.strftime("%y%m%d%H%M%SZ")


class Authority:
    """A CA in a folder of its own; .cert is its certificate

    @issuer is the CA that has signed it, which may then not be known to who
    is shown certificates: those of ours bring it along. Without @ca it is one
    that may not sign, and does.
    """

    def __init__(self, folder, name="clients", issuer=None, ca=True):
        self.folder = os.path.join(folder, f"ca-{len(os.listdir(folder))}")
        os.mkdir(self.folder)
        self.count = self.lists = 0
        self.bring = []
        if issuer:
            self.cert, self.key = issuer.issue(name, usage=None, ca=ca)
            self.bring = [self.cert]
        else:
            self.key, self.cert = self.path("ca.key"), self.path("ca.pem")
            openssl("req", "-x509", *EC, "-days", "30", "-subj", f"/CN={name}",
                    "-keyout", self.key, "-out", self.cert)
        open(self.path("index"), "w", encoding="ascii").close()
        with open(self.path("conf"), "w", encoding="ascii") as file:
            file.write(f"[ca]\ndefault_ca = us\n[us]\ndatabase = "
                       f"{self.path('index')}\nunique_subject = no\n"
                       f"new_certs_dir = {self.folder}\ndefault_md = sha256\n"
                       f"crlnumber = {self.path('crlnumber')}\n"
                       "rand_serial = yes\npolicy = any\n[any]\ncommonName = "
                       "optional\norganizationName = optional\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, usage="clientAuth", start=-60, end=DAY, ca=False,
              subject=None, spoil=None):
        """(certificate, key) for @name, or @subject, as files

        Good from @start to @end, in seconds from now. @spoil: (bytes, bytes)
        that are exchanged in its name.
        """
        self.count += 1
        key, request, cert, extra = (self.path(f"{self.count}.{suffix}") for
                                     suffix in ("key", "csr", "pem", "ext"))
        openssl("req", "-new", *EC, "-utf8", "-subj", subject or f"/CN={name}",
                "-keyout", key, "-out", request)
        with open(extra, "w", encoding="ascii") as file:
            file.write(f"basicConstraints = critical,CA:{str(ca).upper()}\n" +
                       (f"extendedKeyUsage = {usage}\n" if usage else ""))
        openssl("ca", "-batch", "-notext", "-utf8", "-config",
                self.path("conf"), "-preserveDN", "-cert", self.cert,
                "-keyfile", self.key, "-extfile", extra, "-startdate",
                stamp(start), "-enddate", stamp(end), "-in", request, "-out",
                cert)
        if spoil:
            self.sign_again(cert, *spoil)
        if self.bring:
            with open(cert, "a", encoding="ascii") as file:
                for other in self.bring:
                    with open(other, encoding="ascii") as more:
                        file.write(more.read())
        return cert, key

    def revoke(self, cert):
        openssl("ca", "-config", self.path("conf"), "-cert", self.cert,
                "-keyfile", self.key, "-revoke", cert)

    def list(self, path, seconds=DAY):
        """The list of what was revoked, to @path; good for @seconds"""
        if not self.lists:
            with open(self.path("crlnumber"), "w", encoding="ascii") as file:
                file.write("01\n")
        self.lists += 1
        openssl("ca", "-config", self.path("conf"), "-cert", self.cert,
                "-keyfile", self.key, "-gencrl", "-crlsec", str(seconds),
                "-out", path + ".new")
        os.rename(path + ".new", path)

    def sign_again(self, cert, old, new):
        """What openssl would not write: @new in the place of @old"""
        with open(cert, encoding="ascii") as file:
            text = "".join(file.read().splitlines()[1:-1])
        der = base64.b64decode(text)
        assert len(old) == len(new) and der[1] == 0x82 and der[5] == 0x82
        length = 4 + int.from_bytes(der[6:8], "big")
        text = bytes([12, len(old)])     # UTF-8, as openssl has made it
        signed = der[4:4 + length]
        assert signed.count(text + old) == 1
        signed = signed.replace(text + old, text + new)
        kind = der[4 + length:][:2 + der[5 + length]]
        with open(self.path("tbs"), "wb") as file:
            file.write(signed)
        openssl("dgst", "-sha256", "-sign", self.key, "-out",
                self.path("sig"), self.path("tbs"))
        with open(self.path("sig"), "rb") as file:
            signature = b"\0" + file.read()
        rest = signed + kind + bytes([3, len(signature)]) + signature
        der = b"\x30\x82" + len(rest).to_bytes(2, "big") + rest
        with open(cert, "w", encoding="ascii") as file:
            file.write("-----BEGIN CERTIFICATE-----\n" +
                       base64.encodebytes(der).decode() +
                       "-----END CERTIFICATE-----\n")


def show(server, shown, method, path, body=None, token=None, **headers):
    """Ask @server, a Client, with a certificate (None: without)"""
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return ask_and_close(tls(server.port, server.pair[1], shown=shown), method,
                         path, body, **headers)
