#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What is done with one engine on one kernel, by the kernel's own machine.

  guest.py traces ENGINE [CASE...]   it must trace: what the verifier made of
                                     its programs, then the end-to-end cases
  guest.py refuses ENGINE            it must not, and say why in one sentence

Prints for matrix.py, besides what tests/e2e/run.py prints:
  kernel RELEASE
  engine NAME
  verifier PROGRAM INSTRUCTIONS TOTAL_STATES PEAK_STATES
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
REQTRACE = os.path.abspath(os.environ.get(
    "REQTRACE", os.path.join(ROOT, "build", "reqtrace")))
ATTACHED = re.compile(r"^reqtrace: attached in .*\(engine (\w+)", re.M)
LOADED = re.compile(r"prog '(\w+)': -- BEGIN PROG LOAD LOG --(.*?)-- END", re.S)
FIGURES = re.compile(r"processed (\d+) insns .*total_states (\d+) "
                     r"peak_states (\d+)")


def traced(engine, **variables):
    """A short run on this process; CompletedProcess."""
    return subprocess.run(
        [REQTRACE, "--engine", engine, "-p", str(os.getpid()), "-d", "0.1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8", check=False,
        env=dict(os.environ, **variables))


def traces(engine, names):
    run = traced(engine, REQTRACE_LIBBPF_LOG="verifier")
    attached = ATTACHED.search(run.stderr)
    if run.returncode or not attached:
        words = traced(engine).stderr.strip()
        print(f"FAIL attach: exit status {run.returncode}: {words}")
        return 1
    print(f"engine {attached.group(1)}")
    for name, log in LOADED.findall(run.stderr):
        figures = FIGURES.search(log)
        if figures:
            print("verifier", name, *figures.groups())
    sys.stdout.flush()
    os.environ["REQTRACE_ENGINE"] = engine
    return subprocess.call(
        ["/usr/bin/python3", os.path.join(ROOT, "tests", "e2e", "run.py"),
         "--guests", *names])


def refuses(engine):
    run = traced(engine)
    words = run.stderr.strip()
    fault = None
    if ATTACHED.search(run.stderr):
        fault = "it traces, which nobody expected: give it cases"
    elif run.returncode != 1:
        fault = f"exit status {run.returncode}, expected 1"
    elif run.stdout:
        fault = "it has printed a report"
    elif "\n" in words or not words.startswith("reqtrace: "):
        fault = "not one sentence"
    elif "fault of reqtrace" in words:
        fault = "it takes the kernel's lack for its own fault"
    print(f"{'FAIL' if fault else 'ok  '} refuses: "
          f"{fault + ': ' if fault else ''}{words} [0 s]")
    return 1 if fault else 0


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("traces", "refuses"):
        sys.exit(__doc__)
    print(f"kernel {os.uname().release}", flush=True)
    if sys.argv[1] == "refuses":
        return refuses(sys.argv[2])
    return traces(sys.argv[2], sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
