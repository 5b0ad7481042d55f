#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Put the committed figures into docs/performance.md.

usage: document.py                  write the tables
       document.py --check          say where the document and the figures disagree
       document.py --take RESULTS   commit-to-be: RESULTS (build/bench/results.json
                                    of a whole `make bench`) becomes
                                    docs/figures/results.json, then as without

What is between `<!-- figures NAME -->` and `<!-- /figures -->` is made of that
file (tests/bench/tables.py says of what); what is between them is not written by
hand, what is outside is never touched.  Every figure of the file must be in a
table, also one that misses what was aimed at.
"""

import argparse
import difflib
import json
import os
import re
import sys

from tables import AIM, FAMILIES, TABLES

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
RESULTS = os.path.join(TOP, "docs", "figures", "results.json")
DOCUMENT = os.path.join(TOP, "docs", "performance.md")
BLOCK = re.compile(r"(<!-- figures ([\w-]+) -->\n)(.*?)(<!-- /figures -->)", re.S)
UNITS = {"us": "µs", "1/s": "a second", "": ""}
MEASURED = ("date", "commit", "processor", "processors", "memory-gib", "kernel",
            "kvm", "qemu", "guest-kernel", "load-before")


class Wrong(Exception):
    """What does not fit together."""


def number(value):
    """Three digits that count; thousands apart"""
    short = float(f"{value:.3g}")
    if abs(short) >= 1000:
        return f"{short:,.0f}"
    text = f"{short:#.3g}".rstrip(".")
    return f"{short:f}".rstrip("0").rstrip(".") if "e" in text else text


def quantity(value, unit):
    return f"{number(value)} {UNITS.get(unit, unit)}".strip()


def aimed(row):
    """What was aimed at, and whether it was missed"""
    if row["target"] is None:
        return ""
    target = row["target"]
    text = f"{row['target_is']} " + (number(target) if row["baseline"] else
                                     quantity(target, row["unit"]))
    return text if row["pass"] else f"{text}: **missed**"


def cells(row, headings):
    """The figure below these headings"""
    found = [quantity(row["value"], row["unit"])]
    if row["baseline"]:
        found += [quantity(row["baseline"], row["unit"]), number(row["ratio"])]
    plain = len(headings) - (AIM in headings)
    found = (found + [""] * plain)[:plain]
    return found + ([aimed(row)] if AIM in headings else [])


def table(headings, rows):
    """Of (words, figure) a table, as Markdown"""
    lines = [["what"] + headings, ["---"] * (len(headings) + 1)]
    lines += [[words] + cells(row, headings) for words, row in rows]
    return "".join("| " + " | ".join(line).replace("  ", " ") + " |\n"
                   for line in lines)


def rows_of(name, figures):
    """(headings, [(words, figure)]) of a table"""
    if name in FAMILIES:
        begin = FAMILIES[name]
        return ["figure", "beside", "ratio", AIM], [
            (figure[len(begin):], row) for figure, row in figures.items()
            if figure.startswith(begin)]
    if name not in TABLES:
        raise Wrong(f"no table '{name}' (there are: "
                    f"{', '.join([*TABLES, *FAMILIES, 'measured'])})")
    headings, rows = TABLES[name]
    for _, figure in rows:
        if figure not in figures:
            raise Wrong(f"table {name}: the results have no figure '{figure}'")
    return headings, [(words, figures[figure]) for words, figure in rows]


def circumstances(where):
    """The sentence that says where and of what the figures are"""
    return (f"Measured on {where['date']} at commit `{where['commit']}`, by one run "
            f"of `make bench`:\n{where['processors']} processors "
            f"({where['processor']}), {where['memory-gib']} GiB, Linux "
            f"{where['kernel']},\n"
            + ("KVM" if where["kvm"] else "no KVM, so the guest is emulated (TCG)")
            + f"; QEMU {where['qemu']}, the guest's kernel "
            f"{where['guest-kernel']};\nload before it began "
            f"{where['load-before']}.\n")


def filled(text, results):
    """The document with what the results say"""
    figures = {row["name"]: row for row in results["figures"]}
    shown = []

    def block(found):
        name = found.group(2)
        shown.append(name)
        body = circumstances(results["measured"]) if name == "measured" else \
            table(*rows_of(name, figures))
        return f"{found.group(1)}{body}{found.group(4)}"
    text = BLOCK.sub(block, text)
    for name in ["measured", *TABLES, *FAMILIES]:
        if shown.count(name) != 1:
            raise Wrong(f"the document has {shown.count(name)} blocks "
                        f"<!-- figures {name} -->")
    listed = {figure for _, rows in TABLES.values() for _, figure in rows}
    begins = tuple(FAMILIES.values())
    for figure in figures:
        if figure not in listed and not figure.startswith(begins):
            raise Wrong(f"the figure '{figure}' stands in no table")
    return text


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def load(path):
    """Results that are whole"""
    results = json.loads(read(path))
    if not isinstance(results, dict) or \
            not all(results.get(key) for key in ("measured", "figures")):
        raise Wrong(f"{path}: it has no \"measured\" and \"figures\": is it of "
                    "`make bench`?")
    missing = [key for key in MEASURED if results["measured"].get(key) in
               (None, "")]
    if missing:
        raise Wrong(f"{path}: \"measured\" lacks {', '.join(missing)}")
    return results


def differences(text, results):
    """Lines that say how the document and the results disagree"""
    return list(difflib.unified_diff(
        text.splitlines(), filled(text, results).splitlines(),
        "docs/performance.md", "what the figures say", "", "", 0, ""))


def main():
    parser = argparse.ArgumentParser(description="See the head of this file.")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--take", metavar="RESULTS")
    options = parser.parse_args()
    try:
        results = load(options.take or RESULTS)
        text = read(DOCUMENT)
        if options.check:
            found = differences(text, results)
            print("\n".join(found))
            return 1 if found else 0
        text = filled(text, results)
    except (Wrong, OSError, ValueError) as err:
        print(f"document.py: {err}", file=sys.stderr)
        return 1
    if options.take:
        with open(RESULTS, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1, ensure_ascii=False)
            file.write("\n")
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
