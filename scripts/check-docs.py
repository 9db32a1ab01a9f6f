#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what documents say against the tree.

docs/counters.md has a section for each counter of a report and no other,
relative links and their anchors lead somewhere, and the man page and the
changelog name the version. Prints one line a problem; exits with 1 if any.
"""
import glob
import os
import re
import sys


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def sections(path):
    found = re.findall(r"^#+ (.*)$", read(path), re.M)
    return {re.sub(r"[^\w\- ]", "", s.lower()).replace(" ", "-")
            for s in found}


def counters():
    names = re.findall(r'\.name = "(\w+)"', read("src/stats/counters.c"))
    have = re.findall(r"^## (\w+)$", read("docs/counters.md"), re.M)
    for name in sorted(set(names) - set(have)):
        yield f"docs/counters.md: no section for {name}"
    for name in sorted(set(have) - set(names)):
        yield f"docs/counters.md: {name} is not in src/stats/counters.c"
    if not names:
        yield "src/stats/counters.c: no counter found"


def links():
    for path in ["README.md", "CHANGELOG.md", *glob.glob("docs/*.md")]:
        for link in re.findall(r"\]\(([^)\s]+)\)", read(path)):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = os.path.join(os.path.dirname(path), name) if name else path
            if not os.path.exists(target):
                yield f"{path}: link to {link}: no such file"
            elif anchor and anchor not in sections(target):
                yield f"{path}: link to {link}: no such section"


def version():
    number = read("VERSION").strip()
    if f'"reqtrace {number}"' not in read("man/reqtrace.8"):
        yield f"man/reqtrace.8: does not name version {number}"
    if f"## [{number}]" not in read("CHANGELOG.md"):
        yield f"CHANGELOG.md: no section for version {number}"


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    problems = [*counters(), *links(), *version()]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"docs: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
