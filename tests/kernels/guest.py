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

import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
REQTRACE = os.path.abspath(os.environ.get(
    "REQTRACE", os.path.join(ROOT, "build", "reqtrace")))
ATTACHED = re.compile(r"^reqtrace: attached in .*\(engine (\w+)", re.M)
LOADED = re.compile(r"prog '(\w+)': -- BEGIN PROG LOAD LOG --(.*?)-- END", re.S)
FIGURES = re.compile(r"processed (\d+) insns .*total_states (\d+) "
                     r"peak_states (\d+)")


def stacks(pid):
    """Where in the kernel its threads are, for a run that does not end."""
    return "".join(f"{path}:\n{open(path, encoding='ascii').read()}"
                   for path in glob.glob(f"/proc/{pid}/task/*/stack"))


def traced(engine, **variables):
    """A short run on this process: exit status, stdout, stderr. Trampolines
    take emulated machines half a minute, on a bad day."""
    with tempfile.TemporaryFile("w+") as out, \
            tempfile.TemporaryFile("w+") as err:
        run = subprocess.Popen(
            [REQTRACE, "--engine", engine, "-p", str(os.getpid()), "-d",
             "0.1"], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            env=dict(os.environ, **variables))
        try:
            run.wait(180)
        except subprocess.TimeoutExpired:
            print(f"FAIL hangs: {REQTRACE} --engine {engine} does not end\n"
                  + stacks(run.pid), flush=True)
            run.kill()
        out.seek(0)
        err.seek(0)
        return run.returncode, out.read(), err.read()


def print_verifier(log):
    for name, lines in LOADED.findall(log):
        figures = FIGURES.search(lines)
        if figures:
            print("verifier", name, *figures.groups())


def traces(engine, names):
    status, _, log = traced(engine, REQTRACE_LIBBPF_LOG="verifier")
    attached = ATTACHED.search(log)
    if status or not attached:
        words = traced(engine)[2].strip()
        print(f"FAIL attach: exit status {status}: {words}")
        return 1
    print(f"engine {attached.group(1)}")
    print_verifier(log)
    sys.stdout.flush()
    os.environ["REQTRACE_ENGINE"] = engine
    return subprocess.call(
        ["/usr/bin/python3", os.path.join(ROOT, "tests", "e2e", "run.py"),
         "--guests", *names])


def refuses(engine):
    status, report, words = traced(engine)
    words = words.strip()
    fault = None
    if ATTACHED.search(words):
        fault = "it traces, which nobody expected: give it cases"
    elif status != 1:
        fault = f"exit status {status}, expected 1"
    elif report:
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
