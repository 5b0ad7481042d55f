# SPDX-License-Identifier: GPL-2.0-or-later
"""Do the Debian packages have all that is installed, once, and all it needs?

  packages.py SOURCE BUILD   BUILD is meson's folder
"""

import fnmatch
import glob
import json
import os
import re
import subprocess
import sys

from fmtest import MIB  # noqa: F401  (finds the folder of checks)
from checks import Checks

SOURCE, BUILD = sys.argv[1:3]
DEBIAN = os.path.join(SOURCE, "packaging", "debian")
# Not installed by our meson
NOT_FM = ("ndctl-dcd",)
NOT_OURS = ("usr/bin/qemu-system-cxl-dcd",)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def meson(what):
    return json.loads(read(BUILD, "meson-info", f"intro-{what}.json"))


def installed():
    """Where meson puts its files below a prefix of /usr"""
    prefix = next(o["value"] for o in meson("buildoptions")
                  if o["name"] == "prefix")
    found = {os.path.relpath(path, prefix) for path in
             meson("installed").values()}
    return {"usr/" + re.sub(r"local/lib/python3[^/]*/dist-packages|lib/python3"
                            r"[^/]*/site-packages",
                            "lib/python3/dist-packages", path)
            for path in found if not path.startswith("..")}


def patterns():
    """[(package, pattern of a file, what it comes from or None)]"""
    for path in sorted(glob.glob(f"{DEBIAN}/*.install")):
        package = os.path.basename(path)[:-len(".install")]
        if package not in NOT_FM:
            for line in read(path).splitlines():
                words = line.split()
                if words[0] not in NOT_OURS:
                    yield package, words[0], len(words) > 1


def main():
    checks = Checks()
    files, owner = installed(), {}
    checks.that(len(files) > 20, "meson installs something", files)
    for package, pattern, from_sources in patterns():
        if from_sources:
            path = re.sub("^ours/", "", pattern)
            checks.that(os.path.exists(os.path.join(SOURCE, path)),
                        f"{package}: {path} is there")
            continue
        # A folder is all that is in it.
        found = [path for path in files if fnmatch.fnmatch(path, pattern) or
                 path.startswith(pattern + "/")]
        checks.that(found, f"{package}: {pattern} is installed", files)
        for path in found:
            owner.setdefault(path, []).append(package)
    checks.equal({p: o for p, o in owner.items() if len(o) > 1}, {},
                 "no file is in two packages")
    checks.equal(sorted(files - set(owner)), [], "each is in one")
    control = read(DEBIAN, "control")
    named = set(re.findall(r"^Package: (\S+)", control, re.M))
    checks.that({p for p, _, _ in patterns()} <= named, "each is a package",
                named)
    needed = control.split("Build-Depends:", 1)[1].split("\nStandards", 1)[0]
    needed = {word.split()[0] for word in needed.split(",")}
    for path in glob.glob(f"{SOURCE}/fm/**/meson.build", recursive=True):
        for name in re.findall(r"dependency\('([^']+)'", read(path)):
            checks.that(needed & provider(name), f"{name} is in Build-Depends",
                        provider(name))
    versions = set(re.findall(r"^(LIBCXLFM_\S+) \{", read(
        SOURCE, "fm/lib/libcxlfm.map"), re.M))
    checks.equal(set(re.findall(r"^ \(symver\)(\S+) \d", read(
        DEBIAN, "libcxlfm1.symbols"), re.M)), versions,
        "who needs a new call needs the library that has it")
    named = subprocess.run([f"{SOURCE}/packaging/qemu-options", "--packages"],
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    checks.that(len(named.split()) > 10, "QEMU's features name packages", named)
    checks.equal(set(named.split()) - needed, set(),
                 "what QEMU's features need is in Build-Depends")
    return checks.end()


def provider(name):
    """Debian packages that may bring that pkg-config file"""
    return {"glib-2.0": {"libglib2.0-dev"}, "gio-2.0": {"libglib2.0-dev"},
            "json-c": {"libjson-c-dev"}, "ncursesw": {"libncurses-dev"},
            "libmicrohttpd": {"libmicrohttpd-dev"},
            "gnutls": {"libgnutls28-dev"},
            "libcurl": {"libcurl4-openssl-dev", "libcurl4-gnutls-dev"},
            "sqlite3": {"libsqlite3-dev"}, "libsystemd": {"libsystemd-dev"}
            }.get(name, set())


if __name__ == "__main__":
    sys.exit(main())
