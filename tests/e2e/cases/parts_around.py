# SPDX-License-Identifier: GPL-2.0-only
"""What stands around the parts of requests: the accept queue, slow ones as
they happen, threads outside of requests, and doing without all of it."""

import json
import re
import socket
import subprocess
import time

import permission
from cases.registry import case
from harness import wait_until
from services import PYTHON, PeerServer
from spending import PARTS, Service
from tracer import Tracer

LATE_ACCEPTOR = """
import json, socket, sys, time
listener = socket.create_server(("127.0.0.1", 0), backlog=16)
print(json.dumps({"event": "ready", "port": listener.getsockname()[1]}),
      flush=True)
sys.stdin.readline()
accepted = []
for _ in range(int(sys.argv[1])):
    accepted.append((listener.accept()[0], time.monotonic()))
print(json.dumps({"event": "accepted", "at": [at for _, at in accepted]}),
      flush=True)
sys.stdin.readline()
"""


@case()
def accept_queue(test):
    """Connections that are left in the accept queue: how long, how many, and
    how many there may be."""
    server = test.start([PYTHON, "-c", LATE_ACCEPTOR, "8"], name="acceptor",
                        stdin=subprocess.PIPE)
    port = server.wait_event("ready")["port"]
    tracer = Tracer.of(test, server.pid, interval=True)
    held, connected = [], []
    for _ in range(8):
        held.append(socket.create_connection(("127.0.0.1", port)))
        connected.append(time.monotonic())
        time.sleep(0.02)
    time.sleep(1.2)  # a refresh sees the queue as it is
    server.popen.stdin.write(b"\n")
    server.popen.stdin.flush()
    accepted = server.wait_event("accepted")["at"]
    for connection in held:
        connection.close()
    server.popen.stdin.close()
    server.wait()
    report = tracer.finish_or_stop().complete()
    found = [c for c in report.data["connections"] if c["port"] == port]
    test.equal("rows of the port", 1, len(found), "case")
    queue, backlog = found[0]["accept_queue"], found[0]["backlog"]
    waits = [b - a for a, b in zip(connected, accepted)]
    test.equal("accepted", 8, queue["count"])
    test.near("longest wait", max(waits), queue["max"], 0.01, 0.005)
    test.near("shortest wait", min(waits), queue["min"], 0.01, 0.005)
    test.near("all waits", sum(waits), queue["sum"], 0.01, 0.04)
    test.equal("deepest", 8, backlog["max"])
    test.equal("limit", 16, backlog["limit"], "case")


QUITTER = """
import json, socket, sys, time
listener = socket.create_server(("127.0.0.1", 0), backlog=16)
print(json.dumps({"event": "ready", "port": listener.getsockname()[1]}),
      flush=True)
sys.stdin.readline()
listener.close()
print(json.dumps({"event": "closed"}), flush=True)
sys.stdin.readline()
"""


@case()
def accept_queue_given_up(test):
    """A service closes its listener with connections in the queue: after that
    it holds none, and the most that were in it stay."""
    server = test.start([PYTHON, "-c", QUITTER], name="quitter",
                        stdin=subprocess.PIPE)
    port = server.wait_event("ready")["port"]
    tracer = Tracer.of(test, server.pid, interval=True)
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    time.sleep(1.2)  # a refresh sees the queue as it is
    server.popen.stdin.write(b"\n")
    server.popen.stdin.flush()
    server.wait_event("closed")
    report = tracer.stop()
    for connection in held:
        connection.close()
    server.popen.stdin.close()
    server.wait()
    found = [c for c in report.data["connections"] if c["port"] == port]
    test.equal("rows of the port", 1, len(found), "case")
    test.equal("backlog", {"depth": 0, "max": 5, "limit": 16},
               found[0]["backlog"], "case")


# Maps a C library whose path leads to a pipe.
PIPE_FOR_LIBRARY = """
import json, mmap, os, socket, sys
path = os.path.join(sys.argv[1], "libc.so.6")
with open(path, "w+b") as f:
    f.write(b"\\0" * mmap.PAGESIZE)
    f.flush()
    mapped = mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE,
                       mmap.PROT_READ | mmap.PROT_EXEC)
os.unlink(path)
os.mkfifo(path + " (deleted)")
listener = socket.create_server(("127.0.0.1", 0))
with open("/proc/self/maps") as maps:
    print(json.dumps({"event": "ready", "port": listener.getsockname()[1],
                      "mapped": path in maps.read()}), flush=True)
sys.stdin.readline()
connection = listener.accept()[0]
print(json.dumps({"event": "accepted"}), flush=True)
sys.stdin.readline()
"""


@case()
def accept_of_a_pipe(test):
    """What a process calls its C library is looked at before it is opened,
    and its true one is probed all the same."""
    server = test.start([PYTHON, "-c", PIPE_FOR_LIBRARY, test.path("")],
                        name="piper", stdin=subprocess.PIPE)
    ready = server.wait_event("ready")
    test.check("the pipe is not mapped", ready["mapped"])
    tracer = Tracer.of(test, server.pid)
    server.popen.stdin.write(b"\n")
    server.popen.stdin.flush()
    with socket.create_connection(("127.0.0.1", ready["port"])):
        server.wait_event("accepted")
        report = tracer.stop()
    server.popen.stdin.close()
    server.wait()
    test.equal("accepted", 1,
               sum(c["accept_queue"]["count"]
                   for c in report.data["connections"]))


@case()
def slow_ones(test):
    """--slow 100ms prints those above it as they happen, and no others; all
    are counted all the same."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, args=("--slow", "100ms"))
    server.load("--path", "/quick", "--requests", "50")
    books = server.load("--path", "/sleep?ms=150", "--requests", "3")
    server.load("--path", "/sleep?ms=10", "--requests", "3")

    def lines():
        return [line for line in tracer.text().splitlines() if line.strip()]

    wait_until("three lines", lambda: sum("GET /sleep" in line
                                          for line in lines()) >= 3, 3)
    time.sleep(0.5)
    shown = [line for line in lines() if "GET " in line]
    server.quiet()
    report = tracer.stop().complete()
    test.equal("slow ones", 3, len(shown), "case")
    for line in shown:
        test.check(f"not of a slow one: {line}", "GET /sleep" in line)
        test.check(f"no sleep in it: {line}", re.search(r"\bsleep 1\d\d", line)
                   or re.search(r"1\d\d[.\d]* ms sleep", line))
    test.equal("counted", 56, report.operations(role="server"), "case")
    slowest = report.data["slowest"]
    test.near("the slowest", books["max"], slowest[0]["duration"], 0.15)
    test.equal("listed", 10, len(slowest), "case")
    for entry in slowest:
        parts = sum(entry["parts"].values())
        test.check(f"parts of {parts} s, duration {entry['duration']} s",
                   abs(parts - entry["duration"]) < 1e-6)


@case()
def without_parts(test):
    """--no-parts loads no program of the scheduler, and says of no request
    where its time went."""
    def scheduler():
        return sum("switch" in name for number, name
                   in permission.programs().items() if number not in before)

    before = permission.programs()
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, args=("--no-parts",))
    test.equal("programs", 0, scheduler(), "case")
    books = server.load("--path", "/sleep?ms=20", "--requests", "10")
    server.quiet()
    report = tracer.stop().complete()
    series = report.one(operation="GET /sleep")
    test.near("durations", books["sum"], series["duration"]["sum"], 0.15)
    known = [name for name in PARTS
             if name not in ("receive_queue", "unattributed")
             and series["parts"].get(name, {"sum": 0})["sum"]]
    test.equal("parts", [], known, "case")
    test.equal("threads", [], report.data["threads"], "case")
    tracer = Tracer.of(test, server.pid)
    test.check("with parts there is no program of the scheduler either",
               scheduler() > 0)
    tracer.stop()


def threads(report, **keys):
    return [t for t in report.data["threads"]
            if all(t[k] == v for k, v in keys.items())]


@case()
def thread_of_each_request(test):
    """10,000 threads that come and go: all are counted, none is left."""
    server = PeerServer(test, "--acceptors", "2")
    tracer = Tracer.of(test, server.pid)
    books = server.load("--path", "/handoff", "--requests", "10000",
                        "--threads", "2", timeout=50)
    server.quiet()
    report = tracer.stop().complete()
    test.equal("requests", books["responses"],
               report.operations(operation="GET /handoff"))
    mine = threads(report, pid=server.pid)
    test.equal("ended", 10000, sum(t["ended"] for t in mine))
    test.equal("living", 3, sum(t["living"] for t in mine), "server")
    test.equal("without room", 0, report.coverage["threads_full"], "case")


@case()
def threads_outside_requests(test):
    """A thread that never makes a system call, one that sleeps, and those of
    an idle service: each for the whole time, no second too many."""
    spin = test.start(["sh", "-c", "while :; do :; done"], name="spin")
    sleep = test.start(["sleep", "100"])
    service = Service(test, "pool")
    tracer = Tracer.of(test, spin.pid, sleep.pid, service.pid)
    time.sleep(1.5)
    report = tracer.stop().complete()
    window = report.data["window"]["seconds"]
    for t in report.data["threads"]:  # found a little after its beginning
        test.near(f"{t['name']}", window * t["living"],
                  sum(t["seconds"].values()), 0.15, 0.05, "window")

    def seconds(process, *names):
        return sum(t["seconds"][n] for n in names
                   for t in threads(report, pid=process.pid))
    test.near("spinning", window, seconds(spin, "cpu", "run_queue"), 0.15,
              0.05, "window")
    test.near("sleeping", window, seconds(sleep, "sleep"), 0.15, 0.05,
              "window")
    test.near("idle workers", 4 * window, seconds(service, "lock"), 0.15, 0.1,
              "window")


@case()
def threads_through_exec(test):
    """A program that forks, and one that becomes another: what each of them
    did is under its own name, and their time adds up."""
    script = ("sleep 0.2; (sleep 0.3; exit) & wait; exec sleep 0.4")
    tracer = Tracer(test, command=("sh", "-c", script), wait=False)
    report = tracer.finish()
    mine = threads(report)
    slept = sum(t["seconds"]["sleep"] for t in mine)
    test.near("slept", 0.9, slept, 0.05, 0.02, "script")
    test.equal("living", 0, sum(t["living"] for t in mine), "script")
    # sh, its two children, the subshell's child: exec goes on with a thread.
    test.check(f"threads that ended: {json.dumps(mine)[:300]}",
               sum(t["ended"] for t in mine) in (3, 4))


@case()
def slow_percentile(test):
    """--slow p99 follows what is usual for an operation: of requests that are
    all alike but a few, those few are shown."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, args=("--slow", "p99"))
    server.load("--path", "/sleep?ms=1", "--requests", "1500", "--threads",
                "4")
    time.sleep(1.2)  # the percentile is that of the latest refresh
    before = tracer.text().count("GET /sleep")
    server.load("--path", "/sleep?ms=100", "--requests", "3")
    wait_until("three lines", lambda: tracer.text().count(
        "GET /sleep") >= before + 3, 3)
    test.equal("shown of three slow ones", 3,
               tracer.text().count("GET /sleep") - before, "case")
    test.check(f"{before} of 1500 that are alike were shown", before < 300)
    test.fact(f"and {before} of 1500 that are alike")
    server.quiet()
    tracer.stop().complete()
