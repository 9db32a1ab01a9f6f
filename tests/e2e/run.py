#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""End-to-end tests: real programs under real loads, counts compared.

Runs all cases, or those whose names contain one of the arguments; prints a
line for each, and at last "e2e: N passed, N failed, N skipped". The exit
status is 1 if any failed, and with --no-skip also if any was skipped.
"""

import argparse
import os
import signal
import sys
import time
import traceback

import cases
import engine
import permission
from harness import REQTRACE, SLOW, Failure, Skip, Test


class TimedOut(Exception):
    pass


def on_alarm(_signal, _frame):
    raise TimedOut


def on_end(number, _frame):
    sys.exit(128 + number)  # and atexit ends what was started


def run_case(case, forbidden):
    """("ok" | "FAIL" | "SKIP", facts or reason, the tracer's last words)."""
    if forbidden and case.traces:
        return "SKIP", forbidden, ""
    lacking = case.needs and engine.lacks(case.needs)
    if lacking:
        return "SKIP", lacking, ""
    test = Test(case.name)
    timeout = int(case.timeout * SLOW)
    signal.alarm(timeout)
    try:
        case.function(test)
        if not test.facts:
            raise Failure("the case compared nothing")
        return "ok", "; ".join(test.facts + test.remarks), ""
    except Skip as e:
        return "SKIP", str(e), ""
    except Failure as e:
        return "FAIL", str(e), last_words(test)
    except TimedOut:
        return "FAIL", f"not done within {timeout} s", last_words(test)
    except Exception:  # a fault of the suite is a failure as well
        return "FAIL", traceback.format_exc(), last_words(test)
    finally:
        signal.alarm(0)
        test.close()


def last_words(test):
    lines = []
    if test.facts:
        lines.append("compared before: "
                     + "; ".join(test.facts + test.remarks))
    for process in test.processes:
        words = process.stderr().strip()
        if process.name == "reqtrace":
            lines.append("command: " + " ".join(process.argv))
            if words:
                lines.append("stderr: " + words[-600:])
    return "\n".join(lines)


def selected(names, exact, guests):
    every = [c for c in cases.ALL if (c.guests if guests else c.host)]
    if not names:
        return every
    of = {name: [c for c in every
                 if (c.name == name if exact else name in c.name)]
          for name in names}
    unknown = [name for name in names if not of[name]]
    if unknown:
        sys.exit("e2e: no such case: " + ", ".join(unknown))
    return [c for c in every if any(c in found for found in of.values())]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="cases, or parts of names")
    parser.add_argument("--exact", action="store_true",
                        help="names are whole")
    parser.add_argument("--guests", action="store_true",
                        help="only those that are for other kernels as well")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("--no-skip", action="store_true",
                        help="a skipped case is a failure")
    parser.add_argument("--repeat", type=int, default=1, metavar="N",
                        help="run each case N times")
    return parser.parse_args()


def main():
    options = parse()
    chosen = selected(options.names, options.exact,
                      options.guests) * options.repeat
    if options.list:
        for case in chosen:
            print(f"{case.name:34} {case.function.__doc__.splitlines()[0]}")
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, on_end)
    signal.signal(signal.SIGALRM, on_alarm)
    forbidden = permission.why_not()
    if not os.access(REQTRACE, os.X_OK):
        sys.exit(f"e2e: {REQTRACE} is not built")
    before = {} if forbidden else permission.programs()
    count = {"ok": 0, "FAIL": 0, "SKIP": 0}
    for case in chosen:
        began = time.monotonic()
        result, message, details = run_case(case, forbidden)
        count[result] += 1
        print(f"{result:4} {case.name}: {message} "
              f"[{time.monotonic() - began:.1f} s]", flush=True)
        if details:
            print("     " + details.replace("\n", "\n     "), flush=True)
    if not forbidden:
        left = permission.left_behind(before)
        result = "FAIL" if left else "ok"
        count[result] += 1
        print(f"{result:4} programs-left-behind: of ours are still loaded: "
              f"{', '.join(left) or 'none'}")
    print(f"e2e: {count['ok']} passed, {count['FAIL']} failed, "
          f"{count['SKIP']} skipped")
    return 1 if count["FAIL"] or options.no_skip and count["SKIP"] else 0


if __name__ == "__main__":
    sys.exit(main())
