# SPDX-License-Identifier: GPL-2.0-or-later
"""The code blocks of the documents, and how each of them is tested.

A block is indented by four blanks or fenced.  If its lines begin with a prompt
(`host>`, `guest>`) or are QMP (`{`), it is typed into a running machine by
tests/guest/test_documents.py.  Any other one has a comment in the line above it
that says how it is tested:

  <!-- host -->            typed on the host, beside the running machine
  <!-- fresh -->           run by tests/docs/run as it stands, in a copy of the
                           sources in which nothing is built, and not as root
  <!-- built -->           run by tests/docs/run as it stands, where make build has
                           been
  <!-- machines -->        typed by tests/machines/run as it stands, on the host,
                           all of a document into one home: it starts machines
  <!-- elsewhere FILE -->  the test FILE runs what stands here, because it takes
                           a machine of its own, long, or changes the system
  <!-- output FILE -->     what the test FILE sees printed
  <!-- policy FILE -->     a policy for the commands of the same document that
                           the test FILE runs
  <!-- part FILE -->       no command: a piece of a program or file, which the
                           test FILE uses
  <!-- untried -->         no test can run it, and the reader is told so
  <!-- picture -->         nothing that a reader types or a program prints

A test that takes blocks out of the documents says which kinds of those that name
it, TAKES = ("output",).  Any other says in comments which lines it stands for,
each once, as they are in the document: `#> virsh start cxl-dcd`.

Behind a block, `<!-- expect TEXT -->` says what it must print; the reader must
be told so too.  A document that needs another machine than dcd-vm's usual one
names it in its head, `<!-- machine NAME -->`, by tests/guest/run.py's names.
"""

import glob
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
MARK = re.compile(r"<!-- (host|fresh|built|machines|elsewhere|output|part|policy"
                  r"|picture|untried)"
                  r"(?: (\S+))? -->\s*$")
EXPECT = re.compile(r"<!-- expect (.*?) -->\s*$")
PROMPT = re.compile(r"(host|guest)>#?\s+(.*)")


class Block:
    """One block: its lines, how it is tested, by whom, what it must print."""

    def __init__(self, path, number, lines, mark):
        self.path, self.number, self.lines = path, number, lines
        self.how, self.test = mark if mark else (None, None)
        if not self.how and (PROMPT.match(lines[0]) or lines[0][:1] == "{"):
            self.how = "session"
        self.expect = []

    @property
    def where(self):
        return f"{self.path}:{self.number}"

    def steps(self):
        """("guest" | "host" | "qmp", text) of everything that is typed."""
        qmp = ""
        for line in self.lines:
            prompt = PROMPT.match(line)
            if prompt:
                yield prompt.groups()
            elif self.how == "host":
                yield "host", line
            elif line.strip():
                qmp += line + "\n"
                if qmp.count("{") == qmp.count("}"):
                    yield "qmp", qmp
                    qmp = ""
        if qmp:
            raise ValueError(f"{self.where}: QMP without an end: {qmp}")


def documents():
    found = [os.path.relpath(p, TOP) for pattern in
             ("*.md", "docs/*.md", "fm/*.md", "linux/*.md", "ndctl/*.md",
              "tests/*/*.md")
             for p in glob.glob(os.path.join(TOP, pattern))]
    return sorted(found)


def text_of(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def machine_of(path):
    found = re.search(r"^<!-- machine (\S+) -->$", text_of(path), re.M)
    return found.group(1) if found else "plain"


def blocks_of(path):
    """All blocks of a document, in order."""
    lines = text_of(path).splitlines()
    found, i, mark = [], 0, None
    while i < len(lines):
        line = lines[i]
        if line.startswith("```"):
            end = next(k for k in range(i + 1, len(lines))
                       if lines[k].startswith("```"))
            found.append(Block(path, i + 1, lines[i + 1:end], mark))
            i, mark = end + 1, None
        elif line.startswith("    ") and (not i or not lines[i - 1].startswith(
                ("- ", "* ", "  "))):
            end = i
            while end < len(lines) and (lines[end].startswith("    ") or
                                        not lines[end] and
                                        lines[end + 1:end + 2] and
                                        lines[end + 1].startswith("    ")):
                end += 1
            found.append(Block(path, i + 1, [x[4:] for x in lines[i:end]],
                               mark))
            i, mark = end, None
        else:
            expect = EXPECT.match(line)
            if expect and found:
                found[-1].expect.append(expect.group(1))
            if line.strip():
                known = MARK.match(line)
                mark = known.groups() if known else None
            i += 1
    return found
