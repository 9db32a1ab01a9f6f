#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark: what tracing costs, measured against the same server without
it in paired runs. docs/bench.md says what is measured and how to read it.

Prints a table and the budgets, and writes the figures as JSON.
"""

import argparse
import os
import signal
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "e2e"))

import kernel
import measure
import output
import permission
import scaling
import states
import workloads
from harness import REQTRACE, ROOT, Failure, Skip, Test


class Bench:
    """What all parts share: options, processes, temporary files."""

    def __init__(self, options):
        self.options = options
        self.place = kernel.Place(options.place)
        self.test = Test("bench")

    def client(self, argv, timeout=120):
        """The output of a load generator that must end well."""
        process = self.start(argv, name=argv[0])
        kernel.pin(process.pid, self.place.load)
        status = process.wait(timeout)
        process.kill()  # and forget it
        out, err = process.stdout(), process.stderr()
        self.forget(process)
        if status:
            raise Failure(f"{argv[0]} ended with {status}: {err[-300:]}")
        return out

    def forget(self, process):
        """One of many that have ended: its output, too."""
        for path in (process.stdout_path, process.stderr_path):
            os.unlink(path)
        self.test.processes.remove(process)

    def end_all(self):
        for process in reversed(list(self.test.processes)):
            if process.running():
                process.kill()
            self.forget(process)

    def start(self, argv, **options):
        process = self.test.start(argv, **options)
        self.favour(process.pid)
        return process

    def favour(self, pid):
        """Before other programs of the machine: each of ours is a session,
        and the scheduler weighs sessions first, then what is in them."""
        os.setpriority(os.PRIO_PROCESS, pid, self.options.nice)
        try:
            with open(f"/proc/{pid}/autogroup", "w") as f:
                f.write(str(self.options.nice))
        except FileNotFoundError:  # not of this kernel
            pass

    @staticmethod
    def progress(workload, state, number, count):
        if sys.stderr.isatty():
            print(f"\r\x1b[K{workload.name}: {state.name}, round "
                  f"{number + 1} of {count}\r", end="", file=sys.stderr,
                  flush=True)


def chosen_states(options):
    names = options.states.split(",") if options.states else None
    unknown = set(names or ()) - {s.name for s in states.ALL}
    if unknown:
        sys.exit("bench: no such state: " + ", ".join(sorted(unknown)))
    return [s for s in states.ALL if not names or s.name in names
            or s is states.NONE]


def chosen_workloads(options):
    """Workloads and checks."""
    names = options.only.split(",") if options.only else None
    known = {w.name for w in workloads.ALL} | set(scaling.CHECKS)
    unknown = set(names or ()) - known
    if unknown:
        sys.exit("bench: no such workload: " + ", ".join(sorted(unknown)))
    return ([w for w in workloads.ALL if not names or w.name in names],
            [c for c in scaling.CHECKS if not names or c in names])


def of_workload(bench, workload, wanted, result):
    """All states on one server: the timed pairs, then what they cost."""
    workload.start(bench)
    ours = [s for s in wanted if not s.only or workload.name in s.only]
    count = bench.options.rounds or workload.rounds
    if bench.options.quick:
        count = min(count, 2)
    pairs, untraced = measure.rounds(bench, workload, ours, count)
    costs = {s.name: measure.cost(bench, workload, s) for s in ours if s.bpf}
    result.add(workload, untraced, {s: (pairs[s.name], costs.get(s.name))
                                    for s in ours})


def of_check(bench, name, result):
    rounds = bench.options.rounds or scaling.ROUNDS
    result.check(name, scaling.CHECKS[name](
        bench, 1 if bench.options.quick else rounds))


def everything(bench, result):
    wanted = []
    for state in chosen_states(bench.options):
        why = state.refused(bench)
        if why:
            result.skip(state.name, why)
        else:
            wanted.append(state)
    chosen, checks = chosen_workloads(bench.options)
    for workload in chosen:
        attempt(bench, result, workload.name,
                lambda w=workload: of_workload(bench, w, wanted, result))
    for name in checks:
        attempt(bench, result, name,
                lambda n=name: of_check(bench, n, result))
    result.finish()


def attempt(bench, result, name, function):
    """One that fails is told, and keeps no other from being measured."""
    try:
        function()
    except Skip as e:
        result.skip(name, str(e))
    except Failure as e:
        result.fail(name, str(e))
    finally:
        bench.end_all()


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, metavar="N",
                        help="pairs per state (default: by workload)")
    parser.add_argument("--only", metavar="WORKLOAD,...",
                        help=", ".join([w.name for w in workloads.ALL]
                                       + list(scaling.CHECKS)))
    parser.add_argument("--states", metavar="STATE,...",
                        help=", ".join(s.name for s in states.ALL))
    parser.add_argument("--quick", action="store_true",
                        help="short runs, few rounds: to see that it works")
    parser.add_argument("--place", choices=kernel.PLACES, default="one",
                        help="server and load on one CPU (default), apart on "
                        "two, or free; see docs/bench.md")
    parser.add_argument("--nice", type=int, default=-15, metavar="N",
                        help="niceness of server, load and tracer (default "
                        "-15: other programs disturb less)")
    parser.add_argument("--json", metavar="FILE", default=os.path.join(
        os.path.dirname(REQTRACE), "bench.json"))
    return parser.parse_args()


def on_end(number, _frame):
    sys.exit(128 + number)  # and atexit ends what was started


def main():
    options = parse()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, on_end)
    forbidden = permission.why_not()
    if forbidden:
        sys.exit(f"bench: cannot measure: {forbidden}"
                 + ("; run it as root" if forbidden == "not root" else ""))
    bench = Bench(options)
    result = output.Result(options)
    try:
        everything(bench, result)
    finally:
        bench.test.close()
    return 1 if result.data["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
