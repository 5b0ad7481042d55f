#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Put the committed figures into docs/performance.md.

usage: document.py                  write the tables
       document.py --check          say where the document and the figures disagree
       document.py --take RESULTS...  the sections of RESULTS, as `make bench` has
                                    written them into build/bench/results.json, take
                                    the place of these in docs/figures/results.json;
                                    then as without

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

from tables import AIM, FAMILIES, PIVOTS, TABLES

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
RESULTS = os.path.join(TOP, "docs", "figures", "results.json")
DOCUMENT = os.path.join(TOP, "docs", "performance.md")
BLOCK = re.compile(r"(<!-- figures ([\w-]+) -->\n)(.*?)(<!-- /figures -->)", re.S)
NOT_MEASURED = "Not measured in that run.\n"
UNITS = {"us": "µs", "1/s": "a second", "req/s": "a second",
         "": ""}
MEASURED = ("date", "commit", "processor", "processors", "memory-gib", "kernel",
            "kvm", "qemu", "guest-kernel")


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
    if unit == "s" and 0 < value < 0.1:
        value, unit = value * 1000, "ms"
    return f"{number(value)} {UNITS.get(unit, unit)}".strip()


def aimed(row):
    """What was aimed at, and whether it was missed"""
    if row["target"] is None:
        return ""
    target = row["target"]
    unit = "" if row["baseline"] else f" {UNITS.get(row['unit'], row['unit'])}"
    plain = f"{target:,.0f}" if target >= 1000 else f"{target:.4g}"
    sign = "≥" if row["target_is"] == "at least" else "≤"
    text = f"{sign} {plain}{unit}".rstrip()
    return text if row["pass"] else f"{text}: **missed**"


def cells(row, headings):
    """The figure below these headings"""
    found = [quantity(row["value"], row["unit"])]
    if row["baseline"]:
        found += [quantity(row["baseline"], row["unit"]), number(row["ratio"])]
    plain = len(headings) - (AIM in headings)
    found = (found + [""] * plain)[:plain]
    return found + ([aimed(row)] if AIM in headings else [])


def markdown(lines):
    """Lines of cells, the first of them headings"""
    lines = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "".join("| " + " | ".join(line).replace("  ", " ") + " |\n"
                   for line in lines)


def pivot(name, figures):
    """A table whose columns are figures of one thing"""
    corner, pattern = PIVOTS[name]
    found = [(re.fullmatch(pattern, figure), row)
             for figure, row in figures.items()]
    found = [(match["row"], match["column"], row) for match, row in found if match]
    if not found:
        return NOT_MEASURED
    columns = list(dict.fromkeys(column for _, column, _ in found))
    aims = {column: {aimed(dict(row, **{"pass": True})) for _, c, row in found
                     if c == column} - {""} for column in columns}
    lines = [[corner] + [f"{column} ({', '.join(sorted(aims[column]))})"
                         if aims[column] else column for column in columns]]
    for words in dict.fromkeys(row for row, _, _ in found):
        here = {column: row for r, column, row in found if r == words}
        lines.append([words] + [short(here[column]) if column in here else ""
                                for column in columns])
    return markdown(lines)


def short(row):
    """All of a figure in one cell"""
    text = quantity(row["value"], row["unit"])
    if row["baseline"]:
        text = f"{number(row['ratio'])} ({text})"
    return f"{text}: **missed**" if row["pass"] is False else text


def table(name, figures):
    """A table of the document"""
    if name in PIVOTS:
        return pivot(name, figures)
    if name in FAMILIES:
        begin, headings = FAMILIES[name]
        rows = [(figure[len(begin):], figure) for figure in figures
                if figure.startswith(begin)]
    elif name in TABLES:
        headings, rows = TABLES[name]
    else:
        raise Wrong(f"no table '{name}' (there are: "
                    f"{', '.join([*TABLES, *FAMILIES, *PIVOTS, 'measured'])})")
    missing = [figure for _, figure in rows if figure not in figures]
    if len(missing) == len(rows):
        return NOT_MEASURED
    if missing:
        raise Wrong(f"table {name}: the results lack {', '.join(missing)}")
    return markdown([["what"] + headings] + [
        [words] + cells(figures[figure], headings) for words, figure in rows])


def in_some_table(figure):
    return any(figure == name for _, rows in TABLES.values() for _, name in rows) \
        or figure.startswith(tuple(begin for begin, _ in FAMILIES.values())) \
        or any(re.fullmatch(pattern, figure) for _, pattern in PIVOTS.values())


def circumstances(sections):
    """The sentences that say where and of what the figures are"""
    alike = {}
    for name, section in sections.items():
        where = {key: section["measured"][key] for key in MEASURED}
        alike.setdefault(json.dumps(where), []).append(name)
    return "\n".join(
        f"- **{', '.join(names)}**: {where['date']}, commit `{where['commit']}`;\n"
        f"  {where['processors']} processors ({where['processor']}), "
        f"{where['memory-gib']} GiB, Linux {where['kernel']},\n"
        f"  {'KVM' if where['kvm'] else 'no KVM (TCG)'}; QEMU {where['qemu']}, the "
        f"guest's kernel {where['guest-kernel']}."
        for where, names in ((json.loads(w), n) for w, n in alike.items())) + "\n"


def filled(text, results):
    """The document with what the results say"""
    figures = {row["name"]: row for section in results.values()
               for row in section["figures"]}
    shown = []

    def block(found):
        name = found.group(2)
        shown.append(name)
        body = circumstances(results) if name == "measured" else \
            table(name, figures)
        return f"{found.group(1)}{body}{found.group(4)}"
    text = BLOCK.sub(block, text)
    for name in ["measured", *TABLES, *FAMILIES, *PIVOTS]:
        if shown.count(name) != 1:
            raise Wrong(f"the document has {shown.count(name)} blocks "
                        f"<!-- figures {name} -->")
    for figure in figures:
        if not in_some_table(figure):
            raise Wrong(f"the figure '{figure}' stands in no table")
    return text


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def load(path):
    """The sections of a file"""
    results = json.loads(read(path))
    sections = results.get("sections") if isinstance(results, dict) else None
    if not sections:
        raise Wrong(f"{path}: it has no \"sections\": is it of `make bench`?")
    for name, section in sections.items():
        missing = [key for key in MEASURED
                   if section["measured"].get(key) in (None, "")]
        if missing:
            raise Wrong(f"{path}: of {name}, \"measured\" lacks "
                        f"{', '.join(missing)}")
        for row in section["figures"]:
            if row["name"].startswith("section "):
                raise Wrong(f"{path}: '{row['name']}': it did not; measure that "
                            "again")
    return sections


def differences(text, results):
    """Lines that say how the document and the results disagree"""
    return list(difflib.unified_diff(
        text.splitlines(), filled(text, results).splitlines(),
        "docs/performance.md", "what the figures say", "", "", 0, ""))


def main():
    parser = argparse.ArgumentParser(description="See the head of this file.")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--take", metavar="RESULTS", nargs="+")
    options = parser.parse_args()
    try:
        results = load(RESULTS) if os.path.exists(RESULTS) else {}
        for path in options.take or []:
            results.update(load(path))
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
            json.dump({"sections": results}, file, indent=1, ensure_ascii=False)
            file.write("\n")
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
