# SPDX-License-Identifier: GPL-2.0-or-later
"""A line to a server on which an answer is lost: it was asked, and it did"""

import base64
import socket
import threading


def coded(text):
    """As etcd's JSON has it"""
    return base64.b64encode(text.encode())


class LossyLine:
    """Relays to @port; connections end in place of the first answers.

    @loses: bytes of a request whose answer is lost, @times times.
    """

    def __init__(self, port, loses, times=1):
        self.port, self.lost = port, 0
        self.lose(loses, times)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def lose(self, loses, times=1):
        self.loses, self.left = loses, times

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                client.close()
                continue
            line = {"asked": b"", "client": client, "server": server}
            for side in ("client", "server"):
                threading.Thread(target=self._relay, args=(line, side),
                                 daemon=True).start()

    def _relay(self, line, side):
        other = line["server" if side == "client" else "client"]
        try:
            while True:
                data = line[side].recv(65536)
                if side == "client":
                    line["asked"] += data
                elif data and self.left and self.loses in line["asked"]:
                    self.left -= 1
                    self.lost += 1
                    break
                elif data:
                    line["asked"] = b""
                if not data:
                    break
                other.sendall(data)
        except OSError:
            pass
        for end in (line["client"], line["server"]):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
