#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what documents say against the tree.

docs/counters.md has a section for each counter of a report and no other,
docs/metrics.md a row for each metric with its unit and kind, and an example
that uses it by the name that Prometheus gives it, relative links and their anchors lead somewhere, and the man page and the
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


KINDS = {"HISTOGRAM": ("s", "histogram"), "SECONDS": ("s", "counter"),
         "COUNTER": (None, "counter"), "UP_DOWN": (None, "up-down"),
         "GAUGE": (None, "gauge")}


def prometheus_name(name, unit, kind):
    suffix = {"s": "seconds", "By": "bytes"}.get(unit)
    name = name.replace(".", "_")
    if suffix and not name.endswith("_" + suffix):
        name += "_" + suffix
    return name + "_total" if kind == "counter" else name


def metrics():
    source, document = "src/export/metric_table.c", "docs/metrics.md"
    text = read(document)
    rows = {name: (unit, kind) for name, unit, kind in re.findall(
        r"^\| `([\w.]+)` \| `([^`]+)` \| ([\w-]+) \|", text, re.M)}
    examples = "\n".join(re.findall(r"^    .*$", text, re.M))
    found = re.findall(r"\] = (\w+)\(\s*\"([\w.]+)\"(?:,\s*\"([^\"]+)\",\s*\")?",
                       read(source))
    for macro, name, unit in found:
        fixed, kind = KINDS[macro]
        unit = fixed or unit
        if name not in rows:
            yield f"{document}: no row for {name}"
        elif rows[name] != (unit, kind):
            yield f"{document}: {name} is not {unit}, {kind}"
        if not re.search(rf"\b{prometheus_name(name, unit, kind)}(_bucket|"
                         r"_sum|_count)?\b(?!_)", examples):
            yield f"{document}: no example uses {name}"
    for name in sorted(set(rows) - {name for _, name, _ in found}):
        yield f"{document}: {name} is not in {source}"
    if not found:
        yield f"{source}: no metric found"


def links():
    for path in ["README.md", "CHANGELOG.md", *glob.glob("docs/*.md"),
                 *glob.glob("deploy/*.md")]:
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
    problems = [*counters(), *metrics(), *links(), *version()]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"docs: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
