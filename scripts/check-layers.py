#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks the layering of docs/design.md over the #include lines.

A folder may include its own files and what LAYERS gives it; system headers
are free but for LIBRARIES, which belong to some folders only. Prints one line
a violation and exits with 1 if there was any.
"""
import fnmatch
import os
import re
import sys

CONTRACT = "reqtrace/*"

# folder: patterns of quoted includes beside its own files. The request is
# what statistics and views see of the model; the snapshot what views see of
# the statistics, with the histogram that it is made of.
LAYERS = {
    "include/reqtrace": [],
    "bpf": [CONTRACT, "vmlinux.h"],
    "src/base": [],
    "src/source": [CONTRACT, "base/*", "reqtrace.skel.h"],
    "src/decode": [CONTRACT, "base/*"],
    "src/proto": ["base/*"],
    "src/model": [CONTRACT, "decode/*", "proto/*", "base/*"],
    "src/stats": [CONTRACT, "model/request.h", "model/part.h", "model/sink.h",
                  "base/*"],
    "src/view": ["model/request.h", "model/part.h", "stats/snapshot.h",
                 "stats/histogram.h", "stats/breakdown.h", "base/*"],
    "src/export": ["model/request.h", "model/part.h", "stats/snapshot.h",
                   "stats/histogram.h", "stats/breakdown.h", "base/*"],
    # main.c and app.c wire the stages together.
    "src": [CONTRACT, "base/*", "source/*", "decode/*", "proto/*", "model/*",
            "stats/*", "view/*", "export/*", "*.h"],
}

# system header: the folders that may know it.
LIBRARIES = [
    ("bpf/*", {"bpf", "src/source"}),
    ("linux/bpf*.h", {"src/source"}),
    ("*curses*.h", {"src/base", "src/view"}),
    ("curl/*", {"src/export"}),
    ("microhttpd.h", {"src/export"}),
    ("jansson.h", {"src/base", "src/view", "src/export"}),
]

# The contract stands alone: it is compiled on both sides.
CONTRACT_SYSTEM = {"stdint.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def is_own(folder, path, name):
    """A sibling by bare name, or by the folder's own prefix."""
    if folder.startswith("src/") and name.startswith(folder[4:] + "/"):
        return True
    return "/" not in name and os.path.exists(
        os.path.join(os.path.dirname(path), name))


def reason(folder, path, kind, name):
    """Why this include is wrong, or None."""
    if ".." in name.split("/"):
        return "leaves its folder by a relative path"
    if name.endswith(".skel.h") and folder != "src/source":
        return "only src/source knows the skeleton"
    for pattern, owners in LIBRARIES:
        if matches(name, [pattern]) and folder not in owners:
            return "only " + ", ".join(sorted(owners)) + " may include it"
    if kind == "<":
        if folder == "include/reqtrace" and name not in CONTRACT_SYSTEM:
            return "the contract includes nothing but <stdint.h>"
        if folder == "bpf" and not name.startswith("bpf/"):
            return "BPF programs have no system headers"
        return None
    if is_own(folder, path, name) or matches(name, LAYERS[folder]):
        return None
    return f"{folder} may not include it"


def check(folder, path):
    with open(path, encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            why = reason(folder, path, *found.groups())
            if why:
                yield f"{path}:{number}: {line.strip()}: {why}"


def sources():
    """(folder, path) of every source; folder is None where unknown."""
    for top in ("include", "bpf", "src"):
        for where, _, files in sorted(os.walk(top)):
            folder = where
            while folder and folder not in LAYERS:
                folder = os.path.dirname(folder)
            if folder == "src" and where != "src":
                folder = None
            for name in sorted(files):
                if name.endswith((".c", ".h")):
                    yield folder or None, os.path.join(where, name)


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    problems, files = [], 0
    for folder, path in sources():
        files += 1
        if folder is None:
            problems.append(f"{path}: its folder is not in the layer table")
        else:
            problems.extend(check(folder, path))
    for problem in problems:
        print(problem, file=sys.stderr)
    if not files:
        print("layers: no sources found", file=sys.stderr)
        return 1
    print(f"layers: {files} files, {len(problems)} violations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
