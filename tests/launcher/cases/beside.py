# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines side by side: starts at the same time, ports, lists."""

import json
import os
import socket
import subprocess

from world import SMALL, STOPPED, TOP, Skip, greeting, qemus, wait_for


def test_machines_run_side_by_side_without_options(place):
    known = []
    for name in ("one", "two", "three"):
        place.start(name)
        known.append(place.known(name))
    assert [m["ssh-port"] for m in known] == [2222, 2223, 2224], known
    for machine in known:
        assert machine["state"] == "running"
        assert greeting(machine["qmp"]) and greeting(machine["fm-qmp"])
    assert len({m["pid"] for m in known}) == 3
    assert len(qemus()) == 3


def test_both_monitors_and_the_fm_endpoint_serve_at_once(place):
    tool = os.path.join(TOP, "build", "meson", "fm", "cxl-fm")
    if not os.path.exists(tool):
        raise Skip("cxl-fm is not built")
    place.start("one", "--devices", "2")
    known = place.known("one")
    with socket.socket(socket.AF_UNIX) as people:
        people.connect(known["qmp"])
        assert b"QMP" in people.recv(4096)
        for address in ("qmp:" + known["fm-qmp"], "fm:" + known["fm"]):
            done = subprocess.run([tool, "-a", address, "list", "--json"],
                                  stdout=subprocess.PIPE, timeout=30, text=True,
                                  stderr=subprocess.STDOUT, check=False)
            assert done.returncode == 0, done.stdout
            assert len(json.loads(done.stdout)["devices"]) == 2, done.stdout


def test_names_for_cxl_fm_are_printed(place):
    place.start("one")
    place.start("two")
    place("stop", "two")
    out = place("list", "--cxl-fm")
    assert out == f"[machines]\none = qmp:{place.base}/one/fm-qmp\n", out


def test_of_starts_at_the_same_time_one_wins(place):
    tries = [place.popen("start", "one", *SMALL, *STOPPED) for _ in range(4)]
    said = [(t.communicate(timeout=90)[0], t.returncode) for t in tries]
    assert sorted(status for _, status in said) == [0, 1, 1, 1], said
    for out, status in said:
        assert ("running already" in out) == (status == 1), out
    assert len(qemus()) == 1
    assert place.known("one")["pid"] == qemus()[0]


def test_starts_of_different_names_at_the_same_time_all_win(place):
    tries = [place.popen("start", f"m{n}", *SMALL, *STOPPED) for n in range(4)]
    said = [(t.communicate(timeout=90)[0], t.returncode) for t in tries]
    assert all(status == 0 for _, status in said), said
    ports = {place.known(f"m{n}")["ssh-port"] for n in range(4)}
    assert ports == {2222, 2223, 2224, 2225}, ports


def test_stop_and_delete_while_others_start(place):
    place.start("one")
    tries = [place.popen("stop", "one"), place.popen("start", "two", *SMALL,
                                                     *STOPPED),
             place.popen("delete", "one", "--force")]
    said = [(t.communicate(timeout=90)[0], t.returncode) for t in tries]
    assert "Traceback" not in str(said), said
    wait_for(lambda: len(qemus()) == 1, "only one runs")
    assert place.states().get("two") == "running", said


def test_a_port_that_others_have_is_passed_over(place):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 2222))
        other.listen()
        place.start("one")
        assert place.known("one")["ssh-port"] == 2223
        place.start("two", "--ssh-port", "2222", status=1,
                    says="port 2222 is in use")
    assert place.states() == {"one": "running"}
