# SPDX-License-Identifier: GPL-2.0-or-later
"""A door for browsers to a daemon in namespaces of its own

The outside has a port of this machine, and the inside a socket in a folder that
both see; each passes on what comes. They end with their processes.
"""

import os
import socket
import sys
import tempfile
import threading
import time
import webbrowser

DOOR = "DEMO_PAGE"            # "PORT FOLDER", from the outside to the inside


def _copy(source, to):
    try:
        while data := source.recv(65536):
            to.sendall(data)
    except OSError:
        pass
    for one in (source, to):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _pass_on(door, connect):
    """Each that comes to @door, to what @connect gives"""
    while True:
        client = door.accept()[0]
        try:
            server = connect()
        except OSError:
            client.close()
            continue
        for pair in ((client, server), (server, client)):
            threading.Thread(target=_copy, args=pair, daemon=True).start()


def _to(path):
    def connect():
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        return server
    return connect


def outside():
    """Open the port; to be called before the namespaces are made. The folder,
    to be kept until the end"""
    if DOOR in os.environ:
        return None
    folder = tempfile.TemporaryDirectory(prefix="demo-page-")
    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]
    os.environ[DOOR] = f"{port} {folder.name}"
    threading.Thread(target=_pass_on, daemon=True, args=(
        door, _to(f"{folder.name}/page"))).start()
    if wanted():
        threading.Thread(target=_open, args=(port, folder.name),
                         daemon=True).start()
    return folder


def wanted():
    return "--page" in sys.argv[1:]


def _open(port, folder):
    while not os.path.exists(f"{folder}/page"):
        time.sleep(.2)
    webbrowser.open(f"http://localhost:{port}/")


def inside(api):
    """Lead to the daemon whose socket is @api; the page's address"""
    port, folder = os.environ[DOOR].split(" ", 1)
    door = socket.socket(socket.AF_UNIX)
    door.bind(f"{folder}/page")
    door.listen(64)
    threading.Thread(target=_pass_on, daemon=True,
                     args=(door, _to(api))).start()
    return f"http://localhost:{port}/"
