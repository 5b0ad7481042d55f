# SPDX-License-Identifier: GPL-2.0-or-later
"""What QEMU is told, and what of it fits."""

import json
import os
import socket
import subprocess

import world
from world import SMALL, STOPPED


def printed(place, *options):
    return place("--print", *SMALL, *options)


def test_the_guest_reaches_nothing_unless_asked(place):
    assert "'user,id=net0,restrict=on,hostfwd=" in printed(place)
    assert "restrict" not in printed(place, "--network")


def test_a_serial_port_has_two_ends(place):
    """A socket for who looks in, and the log of a container"""
    out = printed(place, "--console", "/tmp/console", "--serial", "-")
    assert "'hub,id=term,chardevs.0=term0,chardevs.1=term1'" in out
    place("--print", "--serial", "-", status=2, says="needs --console")


def test_what_is_printed_can_be_typed(place):
    word = "it's \"$HOME\" `id` \\ *"
    out = printed(place, "--", word)
    again = subprocess.run(["sh", "-c", "set -- " + out.strip() + '; eval "last=\\${$#}"; '
                            'printf %s "$last"'], stdout=subprocess.PIPE,
                           text=True, check=True).stdout
    assert again == word, again


def test_what_fits_starts(place):
    """Windows beyond 2^40, a bridge for each device, memory beyond the host's"""
    for n, options in enumerate((
            ["--dc-size", "975G"], ["--dc-size", "64T"],
            ["--devices", "16", "--bridges", "16"],
            ["--devices", "5", "--static", "512M", "--persistent", "256M"],
            ["--latency", "65534", "--bandwidth", "64M"],
            ["--devices", "9", "--latency", "300", "--bandwidth", "1T"],
            ["--memory", "2T"], ["--cpus", "64"])):
        place("start", f"m{n}", *SMALL, *options, *STOPPED)
        place("delete", f"m{n}", "--force")


def test_what_does_not_fit_is_refused_before_anything_starts(place):
    for options, says in (
            (["--bridges", "2"], "not within 1 to 1"),
            (["--devices", "17"], "not within 1 to 16"),
            (["--latency", "0"], "not within"),
            (["--bandwidth", "100M"], "64 MiB"),
            (["--bandwidth", "2T"], "1T"),
            (["--dc-region", "64T"] + ["--dc-region", "64T"] * 7 +
             ["--devices", "16", "--static", "64T"], "52 bits")):
        place("start", "one", *SMALL, *options, *STOPPED, status=2, says=says)
    assert place.states() == {}


def test_devices_are_spread_over_bridges(place):
    out = printed(place, "--devices", "6")
    assert out.count("pxb-cxl") == 2
    assert "'cxl-rp,id=rp3,bus=cxl.1," in out
    assert "'cxl-rp,id=rp4,bus=cxl.2," in out
    assert f"cxl-fmw.0.size={16 << 30}," in out
    assert f"cxl-fmw.1.size={8 << 30}'" in out
    assert printed(place, "--devices", "6", "--bridges", "1").count(
        "pxb-cxl") == 1


def test_who_may_read_the_key_of_the_guest_hands_it_in(place):
    guest = os.path.join(place.folder, "guest")
    os.mkdir(guest)
    for name in ("vmlinuz", "initrd.img", "root.img"):
        open(os.path.join(guest, name), "wb").close()
    said = "credentials/cxl-dcd.host-key,file="
    assert said not in printed(place, "--guest", guest)
    os.mkdir(os.path.join(guest, "ssh"))
    key = os.path.join(guest, "ssh", "host_ed25519")
    other = os.path.join(guest, "other")
    for path in (key, other):
        with open(path, "w", encoding="ascii") as file:
            file.write("a key\n")
    assert printed(place, "--guest", guest).count(said + key) == 1
    out = printed(place, "--guest", guest, "--credential",
                  f"cxl-dcd.host-key={other}")
    assert out.count(said) == 1 and said + other in out, out


def test_how_to_log_in_is_told_to_who_may(place):
    guest = os.path.join(place.folder, "guest")
    os.makedirs(os.path.join(guest, "ssh"))
    for name in ("vmlinuz", "initrd.img", "root.img"):
        open(os.path.join(guest, name), "wb").close()
    by_hand = ["--qemu", "/bin/true", "--guest", guest, "--qmp",
               os.path.join(place.folder, "qmp"), "--ssh-port", "2399"]
    assert "ssh: ssh -p 2399 root@localhost" in place(*by_hand)
    config = os.path.join(guest, "ssh", "config")
    open(config, "wb").close()
    assert f"ssh -F {config} -p 2399 guest" in place(*by_hand)


def test_who_may_read_the_image_has_nobodys_key(_place):
    """A private key; programs have the words that one begins with, too."""
    image = os.path.join(world.TOP, "build", "guest", "root.img")
    if not os.path.exists(image):
        raise world.Skip("nothing is built")
    begin = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE"
    with open(image, "rb") as file:
        before = b""
        while part := file.read(16 << 20):
            assert begin not in before + part, "there is a key"
            before = part[-len(begin):]


def asked(place, name, *requests):
    """What the monitor answers, the last of them"""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        sock.connect(place.known(name)["qmp"])
        lines = sock.makefile("rw")
        lines.readline()
        for request in ({"execute": "qmp_capabilities"}, *requests):
            lines.write(json.dumps(request) + "\n")
            lines.flush()
            answer = {"event": 1}
            while "event" in answer:
                answer = json.loads(lines.readline())
    return answer


def test_capacity_in_files_is_there_or_is_refused(place):
    folder = os.path.join(place.folder, "memory")
    os.mkdir(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64M", "none", folder],
                      check=False).returncode:
        raise world.Skip("nothing can be mounted here")
    place("--print", "--dc-memory", folder + "/none", status=1,
          says="no such folder")
    place("--print", "--dc-memory", folder, "--pool", "pool", status=2,
          says="--dc-memory")

    def add(size):
        return asked(place, "one", {
            "execute": "cxl-add-dynamic-capacity", "arguments": {
                "path": "/machine/peripheral/cxl-mem0", "host-id": 0,
                "selection-policy": "prescriptive", "region": 0,
                "extents": [{"offset": 0, "len": size}]}})
    try:
        place.start("one", "--dc-size", "256M", "--dc-memory", folder)
        assert os.statvfs(folder).f_bfree << 12 >= 60 << 20, "taken at once"
        assert "make room" in add(128 << 20)["error"]["desc"]
        assert "return" in add(32 << 20)
        assert os.statvfs(folder).f_bfree << 12 <= 32 << 20, "nothing is taken"
        place("delete", "one", "--force")
        assert os.statvfs(folder).f_bfree << 12 >= 60 << 20, "it stays"
        assert os.listdir(folder) == []
    finally:
        place.end_all()
        subprocess.run(["umount", folder], check=False)


def windows_of(place, name):
    """Where the windows begin"""
    answer = asked(place, name, {
        "execute": "human-monitor-command",
        "arguments": {"command-line": "info mtree"}})
    return sorted({int(x.strip().split("-")[0], 16) for x in
                   answer["return"].splitlines()
                   if "cxl-fixed-memory-region" in x})


def test_windows_begin_at_a_memory_block_of_the_guest(place):
    for memory, block in (("2G", 128 << 20), ("62G", 2 << 30), ("64G", 2 << 30),
                          ("65G", 2 << 30), ("66304M", 2 << 30),
                          ("1100G", 2 << 30)):
        name = "m" + memory
        place("start", name, "--accel", "tcg", "--memory", memory, "--devices",
              "9", "--dc-size", "256M", *STOPPED)
        begins = windows_of(place, name)
        assert len(begins) == 3, begins
        assert not any(begin % block for begin in begins), \
            f"{memory}: {[hex(x) for x in begins]}"
        place("delete", name, "--force")


def test_who_asks_for_more_processors_than_boot_is_told(place):
    many = str(8 * os.cpu_count() + 1)
    assert "warning" in place("start", "many", *SMALL, "--cpus", many, *STOPPED)
    assert "warning" not in place("start", "some", *SMALL, "--cpus", "4",
                                  *STOPPED)
