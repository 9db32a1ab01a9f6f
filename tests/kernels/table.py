# SPDX-License-Identifier: GPL-2.0-only
"""The results of a run as a table: on the terminal, with all that failed or
was skipped and why, and for docs/kernels.md."""

import collections
import datetime
import subprocess

import plan
import verifier

BEGIN, END = "<!-- matrix -->", "<!-- end of matrix -->"
CODENAMES = {k.name: k.about for k in plan.KERNELS}
CODENAMES[plan.HOST] = "the machine of the run, no emulation"


def counts(result):
    return (f"{len(result.passed)} passed, {len(result.failed)} failed, "
            f"{len(result.skipped)} skipped")


def engine(result):
    if result.cell.engine == "auto" and result.engine:
        return f"auto ({result.engine})"
    return result.cell.engine


def reasons(pairs):
    """Reason: the cases that have it; the first named, the others counted."""
    by_reason = collections.OrderedDict()
    for name, why in pairs:
        by_reason.setdefault(why, []).append(name)
    return by_reason


def verdict(result):
    """What is to be said of a cell besides its counts."""
    if not result.cell.traces and result.passed:
        return "refused: " + result.passed[0][1].removeprefix("reqtrace: ")
    words = []
    if result.failed:
        words.append("failed: " + ", ".join(
            sorted({name for name, _ in result.failed})))
    for why, names in reasons(result.skipped).items():
        words.append(f"skipped {', '.join(names)}: "
                     + why.removeprefix("reqtrace: "))
    return "; ".join(words)


def show(results, absent):
    print()
    print(f"{'KERNEL':8} {'RELEASE':28} {'ENGINE':12} PASSED FAILED SKIPPED  "
          "SECONDS")
    for r in results:
        print(f"{r.cell.kernel:8} {r.release:28} {engine(r):12} "
              f"{len(r.passed):6} {len(r.failed):6} {len(r.skipped):7} "
              f"{r.seconds:8.0f}")
    print()
    for r in results:
        if not r.cell.traces and r.passed:
            print(f"{r.cell.name}: {verdict(r)}")
        for why, names in reasons(r.skipped).items():
            print(f"{r.cell.name}: SKIP {', '.join(names)}: {why}")
    for name, why in absent.items():
        print(f"{name}: SKIP: {why}")
    show_verifier(results)
    show_failed(results)


def show_failed(results):
    """At the end, as an end may be all that is kept of an output."""
    for r in results:
        for name, why in r.failed:
            print(f"FAIL {r.cell.kernel} {r.cell.engine} {name}: {why}")


def show_verifier(results):
    shown = [r for r in results if r.programs and r.cell.engine != "auto"]
    if shown:
        print("\nVerifier: instructions processed, total states, peak states")
    for r in shown:
        print(f"{r.cell.name}: {verifier.summary(r.programs)}")
        for name, figures in sorted(r.programs.items(),
                                    key=lambda p: -p[1][0]):
            print("  {:24} {:9,} {:8,} {:8,}".format(name, *figures))
    print()


def markdown(results, absent):
    today = datetime.date.today().isoformat()
    commit = subprocess.run(["git", "describe", "--always", "--dirty"],
                            stdout=subprocess.PIPE, encoding="utf-8",
                            check=False).stdout.strip()
    yield f"{today}, commit {commit}:"
    yield ""
    yield "| kernel | from | engine | passed | failed | skipped | remarks |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for r in results:
        yield (f"| {r.release} | {CODENAMES[r.cell.kernel]} | {engine(r)} | "
               f"{len(r.passed)} | {len(r.failed)} | {len(r.skipped)} | "
               f"{verdict(r)} |")
    for name, why in absent.items():
        yield f"| {name} | {CODENAMES[name]} | | | | | not checked: {why} |"
    yield ""
    yield "| kernel | engine | verifier |"
    yield "| --- | --- | --- |"
    for r in results:
        if r.programs and r.cell.engine != "auto":
            yield (f"| {r.release} | {r.cell.engine} | "
                   f"{verifier.summary(r.programs)} |")


def write(results, absent, path):
    """Between the marks of the document, which stay."""
    with open(path, encoding="utf-8") as f:
        before, _, rest = f.read().partition(BEGIN)
        after = rest.partition(END)[2]
    lines = "\n".join(markdown(results, absent))
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"{before}{BEGIN}\n{lines}\n{END}{after}")
