# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of a benchmark run: a table, a JSON file, plots."""

import json
import os
import re
import shutil
import subprocess

from measured import measured


class Report:
    """Figures with their baselines.  A ratio is always of one run."""

    def __init__(self, directory):
        self.dir, self.rows, self.curves = directory, [], []
        self.sections = {}
        os.makedirs(directory, exist_ok=True)

    def section(self, name):
        """What is added from now on is of this section."""
        self.sections[name] = {
            "measured": measured(os.path.dirname(self.dir)), "figures": []}

    def add(self, name, value, unit, baseline=None, target=None,
            at_least=True):
        """One figure.  target is what value / baseline must reach (or, with
        at_least=False, stay below); without a baseline it is a plain
        figure, or target is compared with the value itself."""
        ratio = value / baseline if baseline else None
        judged = ratio if baseline else value
        good = None
        if target is not None:
            good = judged >= target if at_least else judged <= target
        self.rows.append({
            "name": name, "value": value, "unit": unit, "baseline": baseline,
            "ratio": ratio, "target": target,
            "target_is": "at least" if at_least else "at most", "pass": good})
        *_, section = self.sections.values()
        section["figures"].append(self.rows[-1])
        print("  " + self.line(self.rows[-1]), flush=True)

    def series(self, name, x, y, values):
        """A curve: {x: y}.  Those with the same axes share a plot."""
        self.curves.append((name, x, y, values))

    @staticmethod
    def line(row):
        text = f"{row['name']:<52} {row['value']:>12.4g} {row['unit']:<7}"
        if row["baseline"]:
            text += f" / {row['baseline']:>10.4g} = {row['ratio']:>8.3g}"
        if row["target"] is not None:
            sign = ">=" if row["target_is"] == "at least" else "<="
            text += (f"  ({sign} {row['target']:g}: "
                     f"{'reached' if row['pass'] else 'MISSED'})")
        return text

    def write(self):
        path = os.path.join(self.dir, "results.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"sections": self.sections}, file, indent=1)
        self.plot()
        return path

    def plot(self):
        """Bars of all ratios against their targets, as SVG."""
        rows = [r for r in self.rows if r["ratio"] and r["target"]]
        if not rows or not shutil.which("gnuplot"):
            return
        data = os.path.join(self.dir, "ratios.dat")
        with open(data, "w") as file:
            for row in rows:
                file.write(f"\"{row['name']}\" {row['ratio']} "
                           f"{row['target']}\n")
        script = f"""
set terminal svg size 900,{80 + 44 * len(rows)} font "sans,11"
set output "{self.dir}/ratios.svg"
set title "Measured ratio (bar) and target (mark), one run"
set logscale x
set yrange [-0.7:{len(rows) - 0.3}] reverse
set ytics out nomirror
set xlabel "ratio, logarithmic"
set grid x
set lmargin 46
unset key
set style fill solid 0.7
plot "{data}" using (0.001):0:(0.001):2:($0-0.3):($0+0.3):ytic(1) \
  with boxxyerror lc rgb "#4477aa", \
  "{data}" using 3:0 with points pt 13 ps 1.2 lc rgb "#cc3311"
"""
        subprocess.run(["gnuplot"], input=script, text=True, check=True)
        self.plot_curves()

    def plot_curves(self):
        """One SVG for each pair of axes, both logarithmic."""
        axes = {}
        for name, x, y, values in self.curves:
            axes.setdefault((x, y), []).append((name, values))
        for (x, y), curves in axes.items():
            file = re.sub(r"[^a-z]+", "-", f"{y} {x}".lower()).strip("-")
            y = "µs each" if y == "us" else y
            data = "".join(f"$d{i} << EOD\n" + "".join(
                f"{a} {b}\n" for a, b in sorted(values.items())) + "EOD\n"
                for i, (_, values) in enumerate(curves))
            plots = ", ".join(f'$d{i} with linespoints lw 2 pt 7 title "{name}"'
                              for i, (name, _) in enumerate(curves))
            script = (f"{data}set terminal svg size 720,400 font 'sans,12'\n"
                      f"set output '{self.dir}/{file}.svg'\n"
                      "set logscale xy\nset grid\nset key below\n"
                      f"set xlabel '{x}'\nset ylabel '{y}'\n"
                      f"plot {plots}\n")
            subprocess.run(["gnuplot"], input=script, text=True, check=True)

    def end(self):
        missed = [r["name"] for r in self.rows if r["pass"] is False]
        print(f"\n{len(self.rows)} figures, "
              f"{sum(r['pass'] is True for r in self.rows)} targets reached, "
              f"{len(missed)} missed")
        for name in missed:
            print(f"  missed: {name}")
        return 1 if missed else 0
