# SPDX-License-Identifier: GPL-2.0-only
"""What every case stands on: processes that never outlive it, temporary
directories, free ports, and comparisons that remember both figures.

Fed with commands, yields processes, facts for the result line, or Failure.
"""

import atexit
import ctypes
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
REQTRACE = os.path.abspath(os.environ.get(
    "REQTRACE", os.path.join(ROOT, "build", "reqtrace")))
PEERS = os.path.abspath(os.environ.get(
    "REQTRACE_PEERS", os.path.join(ROOT, "build", "tests", "peers")))
NODE_PEERS = os.path.join(ROOT, "tests", "peers")

# How many times slower than usual the machine is, as an emulated one is: all
# waits are that much longer, and loads that much smaller.
SLOW = max(1.0, float(os.environ.get("REQTRACE_SLOW") or 1))

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_live = {}  # pid: Popen, of every process that this run has started
_given = set()  # ports: none is given twice, whoever is slow to listen on it


class Failure(Exception):
    """What was expected did not happen; the message has the figures."""


class Skip(Exception):
    """The case cannot be run here; the message says why."""


def _before_exec():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _kill(popen):
    """End the process group that popen leads, and reap popen."""
    try:
        os.killpg(popen.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    popen.wait()
    _live.pop(popen.pid, None)


def _kill_all():
    for popen in list(_live.values()):
        _kill(popen)


atexit.register(_kill_all)


def scaled(count, least=1, step=1):
    """How much of a load of that size to make here: a multiple of step."""
    return max(least, int(count / SLOW) // step * step)


def pause(seconds):
    """Time for others to get done what nothing tells of."""
    time.sleep(seconds * SLOW)


def lasting(seconds):
    """For how long to do what others must find still being done, if that is
    how long it takes on a usual machine."""
    return seconds * min(SLOW, 5)


def wait_until(what, condition, timeout=10, step=0.01):
    """Poll until condition() is true, and return its value."""
    timeout *= SLOW
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {timeout} s")
        time.sleep(step)


def alive(pid):
    """True while pid runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def states(pid):
    """Those that the threads of pid are in: {"S"} if all sleep."""
    found = set()
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{tid}/stat") as f:
                found.add(f.read().rsplit(")", 1)[1].split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return found


def stop(pid):
    """SIGSTOP, and wait until no thread of pid runs any more."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(f"{pid} has stopped", lambda: states(pid) == {"T"})


def rest(*pids):
    """Wait until no thread of them runs. Who has an answer has it before the
    send of it returns, which is when the tracer sees it."""
    for pid in pids:
        wait_until(f"{pid} rests", lambda pid=pid: states(pid) == {"S"})


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(c) for c in f.read().split()]


def sockets(port):
    """TCP sockets with that local port that are connected or half closed."""
    states = {"01", "02", "03", "04", "05", "08", "09", "0B"}
    count = 0
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}") as f:
            next(f)
            for line in f:
                fields = line.split()
                if (int(fields[1].rsplit(":", 1)[1], 16) == port
                        and fields[3] in states):
                    count += 1
    return count


class Process:
    """A started program in a process group of its own; its output is in
    files, so that it never blocks on a pipe that nobody reads."""

    def __init__(self, test, argv, name=None, env=None, cwd=None,
                 stdin=subprocess.DEVNULL, stdout=None):
        self.name = name or os.path.basename(argv[0])
        self.argv = argv
        base = os.path.join(test.tmp, f"{len(test.processes)}-{self.name}")
        self.stdout_path, self.stderr_path = base + ".out", base + ".err"
        with open(self.stdout_path, "wb") as out, \
                open(self.stderr_path, "wb") as err:
            self.popen = subprocess.Popen(
                argv, stdin=stdin, stdout=stdout or out, stderr=err, env=env,
                cwd=cwd or test.tmp, start_new_session=True,
                preexec_fn=_before_exec)
        self.pid = self.popen.pid
        _live[self.pid] = self.popen
        test.processes.append(self)

    def stdout(self):
        with open(self.stdout_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stderr(self):
        with open(self.stderr_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout=30):
        """Exit status, once it ends by itself."""
        timeout *= SLOW
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} still runs after {timeout} s") from None

    def kill(self):
        _kill(self.popen)

    def wait_output(self, text, timeout=10, stream="stdout"):
        """The output, once it contains text."""
        def seen():
            output = getattr(self, stream)()
            if text in output:
                return output
            if not self.running() and text not in getattr(self, stream)():
                raise Failure(f"{self.name} ended with "
                              f"{self.popen.returncode} before it said "
                              f"{text!r}: {self.stderr().strip()[-500:]}")
            return None
        return wait_until(f"{self.name} says {text!r}", seen, timeout)

    def events(self, name):
        """JSON lines of a peer with that event."""
        found = []
        for line in self.stdout().splitlines(keepends=True):
            if line.startswith("{") and line.endswith("\n"):
                value = json.loads(line)
                if value.get("event") == name:
                    found.append(value)
        return found

    def wait_event(self, name, count=1, timeout=20):
        """The count-th event of that name."""
        def seen():
            found = self.events(name)
            if len(found) >= count:
                return found[count - 1]
            if not self.running() and len(self.events(name)) < count:
                raise Failure(f"{self.name} ended with "
                              f"{self.popen.returncode} before event {name}: "
                              f"{self.stderr().strip()[-500:]}")
            return None
        return wait_until(f"{self.name}: event {name}", seen, timeout)


class Test:
    """One running case: what it started, what it compared."""

    def __init__(self, name):
        self.name = name
        self.processes = []
        self.facts = []
        self.remarks = []
        self.last_steps = []
        self.tmp = tempfile.mkdtemp(prefix="reqtrace-e2e-")
        # A program that gave up root must be able to reach its files.
        os.chmod(self.tmp, 0o755)

    def close(self):
        for process in reversed(self.processes):
            if process.pid in _live:
                process.kill()
        for step in self.last_steps:
            step()
        shutil.rmtree(self.tmp, ignore_errors=True)

    def at_close(self, step):
        """Do this when the case is over and its processes have ended."""
        self.last_steps.append(step)

    # Processes

    def start(self, argv, **options):
        return Process(self, [str(a) for a in argv], **options)

    def run(self, argv, timeout=60, ok=(0,), **options):
        """Start, wait, and insist on an exit status."""
        process = self.start(argv, **options)
        status = process.wait(timeout)
        if ok is not None and status not in ok:
            raise Failure(f"{process.name} ended with {status}: "
                          f"{process.stderr().strip()[-500:]}")
        return process

    def path(self, name):
        return os.path.join(self.tmp, name)

    # Comparisons

    def fact(self, text):
        self.facts.append(text)

    def remark(self, text):
        """What the result line says besides, and nothing was compared to."""
        self.remarks.append(text)

    def equal(self, what, truth, reported, source="client"):
        text = f"{what}: {source} {truth} = reqtrace {reported}"
        if truth != reported:
            raise Failure(text.replace(" = ", " ≠ "))
        self.fact(text)

    def near(self, what, truth, reported, share=0.02, slack=0.0,
             source="client"):
        """Seconds; within share of the truth, or slack if that is more."""
        if reported is None:
            raise Failure(f"{what}: reqtrace has no figure")
        allowed = max(truth * share, slack)
        if SLOW > 1:  # it stands still whenever its host does something else
            allowed = max(truth / 2, slack * SLOW)
        text = (f"{what}: {source} {truth * 1e3:.3f} ms ~ "
                f"reqtrace {reported * 1e3:.3f} ms")
        if abs(truth - reported) > allowed:
            raise Failure(f"{text}, allowed {allowed * 1e3:.3f} ms")
        self.fact(text)

    def check(self, what, condition):
        """A claim that is right or wrong; what is said when it is wrong."""
        if not condition:
            raise Failure(what)


def need(*programs):
    for program in programs:
        if not shutil.which(program) and not os.path.exists(program):
            raise Skip(f"{program} is not installed")


def free_port():
    """A port that nobody listens on, from below the range out of which
    connections get their local ports: those could take it meanwhile."""
    for _ in range(100):
        port = random.randint(10240, 32000)
        if port in _given:
            continue
        with socket.socket(socket.AF_INET6) as s:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            try:
                s.bind(("::", port))
            except OSError:
                continue
            _given.add(port)
            return port
    raise Failure("no free port")
