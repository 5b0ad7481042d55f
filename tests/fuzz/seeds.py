#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""seeds - the inputs that the fuzz targets begin with, as text

usage: seeds.py unpack FILE FOLDER    one file for each line of FILE
       seeds.py pack FOLDER FILE      one line for each file of FOLDER

A target has hundreds of inputs of some bytes each.  They are kept as one file of
base64, a line each, the short ones first: a change of some is a change of some
lines.
"""

import base64
import hashlib
import os
import sys


def unpack(file, folder):
    os.makedirs(folder, exist_ok=True)
    with open(file, encoding="ascii") as lines:
        for line in lines:
            data = base64.b64decode(line, validate=False)
            with open(os.path.join(folder, hashlib.sha1(data).hexdigest()),
                      "wb") as out:
                out.write(data)


def pack(folder, file):
    found = set()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as data:
            found.add(data.read())
    with open(file + ".new", "w", encoding="ascii") as out:
        for data in sorted(found, key=lambda d: (len(d), d)):
            out.write(base64.b64encode(data).decode("ascii") + "\n")
    os.rename(file + ".new", file)


def main():
    does = {"unpack": unpack, "pack": pack}
    if len(sys.argv) != 4 or sys.argv[1] not in does:
        sys.exit(__doc__)
    does[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
