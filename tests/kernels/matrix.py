#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the end-to-end cases on other kernels, with every engine of each.

Fed with names of kernels, engines and cases (all, by default); boots a guest
for each pair by scripts/kernels/run.sh, some at a time, and prints a table
and "check-kernels: N passed, N failed, N skipped". Exits with 1 if anything
failed, and in CI also if a kernel could not be had.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time

import plan
import table
import verifier

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
RUN = os.path.join(ROOT, "scripts", "kernels", "run.sh")
FETCH = os.path.join(ROOT, "scripts", "kernels", "fetch.sh")
ARM64 = os.path.join(ROOT, "tests", "kernels", "arm64.py")
GUEST = os.path.join(ROOT, "tests", "kernels", "guest.py")
LOGS = os.path.join(ROOT, "build", "kernels", "log")
LINE = re.compile(r"^(ok|FAIL|SKIP) +([\w.-]+): (.*?)(?: \[[\d.]+ s\])?$")


running = set()  # the guests


def on_end(number, _frame):
    """They end themselves when they are told to; their threads do not."""
    for guest in list(running):
        guest.terminate()
    os._exit(128 + number)


class Result:
    """What came of one cell."""

    def __init__(self, cell):
        self.cell = cell
        self.release = ""
        self.engine = ""
        self.passed, self.failed, self.skipped = [], [], []
        self.programs = {}
        self.said = ""  # last, that is none of these
        self.seconds = 0.0

    def take(self, line):
        """A line that the guest has printed."""
        words = line.split()
        found = LINE.match(line)
        if found:
            kind, name, message = found.groups()
            {"ok": self.passed, "FAIL": self.failed,
             "SKIP": self.skipped}[kind].append((name, message))
        elif len(words) == 2 and words[0] == "kernel":
            self.release = words[1]
        elif len(words) == 2 and words[0] == "engine":
            self.engine = words[1]
        elif len(words) == 5 and words[0] == "verifier":
            self.programs[words[1]] = tuple(map(int, words[2:]))
        elif words:
            self.said = line.strip()

    def compared(self):
        """Are its programs for verifier.txt? Every host has its own kernel,
        and auto the programs of another engine."""
        return (self.programs and self.cell.engine != "auto"
                and self.cell.kernel != plan.HOST)

    def judge(self, status, accept):
        """What no single line says. accept: the verifier's figures, too."""
        cell = self.cell
        if cell.auto and self.engine and self.engine != cell.auto:
            self.failed.append(("auto", f"chose {self.engine}, expected "
                                f"{cell.auto}"))
        if status and not self.failed:
            self.failed.append(("guest", f"ended with status {status}: "
                                f"{self.said or 'it said nothing'}"))
        if self.compared() and not accept:
            for fault in verifier.faults(cell.kernel, cell.engine,
                                         self.programs):
                self.failed.append(("verifier", fault))


def missing(name):
    """None if the kernel is there, else why not."""
    tried = subprocess.run([FETCH, name], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           encoding="utf-8", check=False)
    if tried.returncode == 0:
        return None
    return tried.stderr.strip().splitlines()[-1]


def command(cell, options):
    if cell.kernel == plan.ARM64:
        return [ARM64, cell.engine]
    names = options.cases
    if not names and (cell.engine == "auto" or cell.cases):
        names = ["--exact", *(plan.AUTO_CASES if cell.engine == "auto"
                              else cell.cases)]
    what = "traces" if cell.traces else "refuses"
    return [GUEST, what, cell.engine, *(names if cell.traces else ())]


def run(cell, options):
    """One guest, from boot to end."""
    result = Result(cell)
    began = time.monotonic()
    log = os.path.join(LOGS, cell.name)
    environment = dict(os.environ)
    argv = command(cell, options)
    if cell.kernel not in (plan.HOST, plan.ARM64):
        environment.setdefault("REQTRACE_SLOW", str(options.slow))
        counted = ("--qemu", "-icount", "--qemu", "shift=0")
        argv = [RUN, "--timeout", str(options.limit), "--console",
                log + ".console", *(counted if cell.counted else ()),
                cell.kernel, "--", *argv]
    with open(log + ".log", "w", encoding="utf-8") as out:
        guest = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            env=environment, cwd=ROOT)
        running.add(guest)
        for line in guest.stdout:
            out.write(line)
            out.flush()
            result.take(line.rstrip("\n"))
            if line.startswith("FAIL"):
                print(f"{cell.name}: {line}", end="", flush=True)
    result.judge(guest.wait(), options.accept)
    running.discard(guest)
    if (cell.kernel == plan.HOST and not result.engine
            and cell.engine != "auto"):
        # Nothing is expected of an unknown machine but that it says so.
        result.skipped, result.failed = result.failed, []
    result.seconds = time.monotonic() - began
    print(f"{cell.name}: {table.counts(result)} in {result.seconds:.0f} s",
          flush=True)
    return result


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", default="", metavar="NAMES",
                        help="of: " + " ".join(
                            [k.name for k in plan.KERNELS] + [plan.HOST]))
    parser.add_argument("--engines", default="", metavar="NAMES",
                        help="of: " + " ".join(plan.ENGINES))
    parser.add_argument("--jobs", type=int, default=2, metavar="N",
                        help="guests at a time (%(default)s)")
    parser.add_argument("--slow", type=float, default=10, metavar="N",
                        help="how much slower an emulated machine is taken "
                        "to be (%(default)s)")
    parser.add_argument("--limit", type=int, default=840, metavar="S",
                        help="seconds that one guest may take (%(default)s)")
    parser.add_argument("--update", action="store_true",
                        help="write the table into docs/kernels.md")
    parser.add_argument("--accept", action="store_true",
                        help="take the verifier's figures as they are")
    parser.add_argument("cases", nargs="*", help="parts of names of cases")
    options = parser.parse_args()
    options.kernels = options.kernels.split() or [
        k.name for k in plan.KERNELS]
    options.engines = options.engines.split() or list(plan.ENGINES)
    for name in options.engines:
        if name not in plan.ENGINES:
            parser.error(f"no engine is named {name}")
    for name in options.kernels:
        if name not in [plan.HOST, *(k.name for k in plan.KERNELS)]:
            parser.error(f"no kernel is named {name}")
    return options


def main():
    options = parse()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, on_end)
    os.makedirs(LOGS, exist_ok=True)
    absent = {name: missing(name) for name in options.kernels
              if name != plan.HOST}
    absent = {name: why for name, why in absent.items() if why}
    cells = [c for c in plan.cells(options.kernels, options.engines)
             if c.kernel not in absent]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda c: run(c, options), cells))
    if options.accept:
        verifier.accept({(r.cell.kernel, r.cell.engine): r.programs
                         for r in results
                         if r.compared()})
    results.sort(key=lambda r: (options.kernels.index(r.cell.kernel),
                                options.engines.index(r.cell.engine)))
    table.show(results, absent)
    if options.update:
        table.write(results, absent, os.path.join(ROOT, "docs", "kernels.md"))
    failed = sum(len(r.failed) for r in results)
    skipped = sum(len(r.skipped) for r in results)
    if os.environ.get("CI") == "true":
        failed += len(absent)
    else:
        skipped += len(absent)
    print(f"check-kernels: {sum(len(r.passed) for r in results)} passed, "
          f"{failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
