# SPDX-License-Identifier: GPL-2.0-or-later
"""Where and of what figures are: machine, commit, date."""

import datetime
import os
import platform
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def first(path, pattern):
    """What the first match of the pattern in a file has in its group"""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.search(pattern, file.read(), re.M)
    except OSError:
        return ""
    return found.group(1).strip() if found else ""


def commit():
    """Of this tree, and whether something was changed since"""
    def git(*words):
        return subprocess.run(["git", "-C", TOP, *words], check=True, text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.strip()
    try:
        return git("rev-parse", "--short=12", "HEAD") + (
            " and changes" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return "no commit, version " + first(os.path.join(TOP, "VERSION"), "(.+)")


def measured(build):
    """What a figure is worth nothing without"""
    versions = os.path.join(build, "versions.sh")
    memory = first("/proc/meminfo", r"^MemTotal: *(\d+) kB") or "0"
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "processor": first("/proc/cpuinfo", r"^model name\s*: (.*)$"),
        "processors": os.cpu_count(),
        "memory-gib": round(int(memory) / (1 << 20)),
        "kernel": platform.release(),
        "kvm": bool(first("/proc/cpuinfo", r"^flags.* (vmx|svm)( |$)")),
        "qemu": first(versions, r"^QEMU_VERSION='(?:\d+:)?([\d.]+)"),
        "guest-kernel": first(versions, r"^KERNEL_RELEASE='(.*)'"),
        "load-before": round(os.getloadavg()[0], 1),
    }
