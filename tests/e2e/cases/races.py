# SPDX-License-Identifier: GPL-2.0-only
"""What happens at the same instant as something else: connections as short as
can be, starts and stops under load, signals at a bad moment. Counts are equal
all the same."""

import os
import re
import signal
import socket
import time

from cases.registry import case, case_for
from harness import SLOW, alive, need, pause, sockets, stop, wait_until
from services import Nginx, PeerServer, Redis
from tracer import Tracer

STORM = 12000


@case(timeout=120)
def unix_storm(test):
    """Two processes accept from one UNIX listener; 12,000 connections of one
    request each, seen from both ends."""
    to = "unix:" + test.path("storm.sock")
    server = PeerServer(test, "--listen", to, "--fork", "2", to=to)
    caller = server.client("--close", "--requests", str(STORM), "--wait")
    caller.wait_event("waiting")
    # Room for all of it: what a full ring does is the matter of other cases.
    tracer = Tracer.of(test, server.pid, caller.pid,
                       args=("--ring", str(1 << 26)))
    caller.signal(signal.SIGUSR1)
    books = caller.wait_event("end", timeout=60)
    caller.wait()
    time.sleep(0.3)  # the server closes last
    served = server.books()
    report = tracer.stop().complete()
    test.equal("connections", STORM, books["connections"], "contract")
    for role, own in (("server", served), ("client", books)):
        test.equal(f"{role} operations", own["responses"],
                   report.operations(role=role, operation="GET /"), role)
        test.equal(f"{role} exchanges", STORM, report.exchanges(role=role))
        for field in ("opened", "closed"):
            test.equal(f"{role} {field}", STORM,
                       report.connections(field, role=role))
    workers = {s["pid"] for s in report.series(role="server")}
    test.equal("both served", set(server.workers), workers, "server")
    test.equal("errors", 0, report.total("errors"))
    test.equal("bytes out", served["bytes_out"],
               report.total("bytes_out", role="server"), "server")


@case(timeout=120)
def unix_storm_between_refreshes(test):
    """40,000 connections, whose 80,000 ends are more than are followed at once,
    with a refresh each minute: those that ended make room all the same."""
    count = 40000
    to = "unix:" + test.path("storm.sock")
    server = PeerServer(test, "--listen", to, to=to)
    caller = server.client("--close", "--requests", str(count), "--wait")
    caller.wait_event("waiting")
    tracer = Tracer.of(test, server.pid, caller.pid,
                       args=("-i", "60", "--no-parts",
                             "--ring", str(1 << 26)))
    caller.signal(signal.SIGUSR1)
    books = caller.wait_event("end", timeout=90)
    caller.wait()
    time.sleep(0.3)  # the server closes last
    report = tracer.stop().complete()
    test.equal("connections", count, books["connections"], "contract")
    test.equal("had no room", 0, report.coverage["unix_full"])
    for role in ("server", "client"):
        test.equal(f"{role} operations", count, report.operations(role=role))
        test.equal(f"{role} opened", count,
                   report.connections("opened", role=role))


@case(timeout=90)
def start_stop_under_load(test):
    """Ten times 0.3 s of a service that never rests: nothing is taken for
    what it is not because hooks come and go one by one."""
    redis = Redis(test)
    load = redis.start_benchmark("-t", "get", "-c", "32", "-n", "100000000")
    wait_until("load", lambda: sockets(redis.port) >= 32)
    operations, wrong = 0, []
    for _ in range(10):
        report = Tracer.of(test, redis.pid, args=("-d", "0.3")).finish()
        wrong += [(name, report.coverage[name]) for name in
                  ("spliced", "reordered", "no_storage", "unsolicited")
                  if report.coverage[name]]
        wrong += [(s["role"], s["protocol"], s["operation"], s["status"])
                  for s in report.series()
                  if s["protocol"] != "redis" or s["operation"] != "GET"
                  or s["status"] or s["errors"] or s["role"] != "server"
                  or s["duration"]["max"] >= 1]
        test.check("nothing in 0.3 s", report.operations() > 0)
        operations += report.operations()
    test.check("the load has ended", load.running())
    test.equal("what is no GET below 1 s", [], wrong, "load")
    test.fact(f"{operations} operations in 10 runs")


QUEUED = 20


def ask_all(to, count, bytes_):
    """Connect, and some ticks of the clock later send; the sockets."""
    family, address = to
    asked = []
    for _ in range(count):
        s = socket.socket(family, socket.SOCK_STREAM)
        s.settimeout(20 * SLOW)
        s.connect(address)
        asked.append(s)
    time.sleep(0.05)
    for s in asked:
        s.sendall(bytes_)
    return asked


def queued(test, server, to):
    """Requests wait in the accept queue while tracing starts."""
    stop(server.pid)
    asked = ask_all(to, QUEUED, b"GET /items/5 HTTP/1.1\r\nHost: x\r\n\r\n")
    begun = time.monotonic()
    tracer = Tracer.of(test, server.pid)
    os.kill(server.pid, signal.SIGCONT)
    answered = sum(s.recv(4096).startswith(b"HTTP/1.1 200") for s in asked)
    done = time.monotonic()
    for s in asked:
        s.close()
    wait_until("the server has served",
               lambda: server.books()["responses"] == QUEUED)
    pause(0.2)
    report = tracer.stop().complete()
    test.equal("answered", QUEUED, answered, "client")
    series = report.one(role="server")
    test.equal("operation", "GET /items/{id} 200",
               f"{series['operation']} {series['status']}", "contract")
    test.equal("exchanges", answered, series["exchanges"])
    test.equal("operations", answered, series["operations"])
    test.equal("errors", 0, report.total("errors"))
    test.equal("joined midway", 0, report.coverage["joined_midway"])
    test.check(f"longest {series['duration']['max']} s of "
               f"{done - begun:.3f} s since the last was sent",
               series["duration"]["max"] <= done - begun + 0.1)
    return report


@case_for(("peer_server", "peer_epoll"), guests=("peer_server",))
def queued_tcp(test, program):
    """TCP connections with a request that nobody has accepted yet."""
    server = PeerServer(test, program=program)
    report = queued(test, server,
                       (socket.AF_INET, ("127.0.0.1", server.port)))
    test.equal("no arrival", QUEUED, report.coverage["no_arrival"])
    test.equal("closed", QUEUED, report.connections("closed"))


@case(guests=True)
def queued_unix(test):
    """The same of a UNIX listener."""
    path = test.path("queue.sock")
    to = "unix:" + path
    server = PeerServer(test, "--listen", to, to=to)
    queued(test, server, (socket.AF_UNIX, path))


@case(timeout=90)
def tiny_ring_connections(test):
    """A ring of 4096 bytes and a connection for each request: openings and
    closings are of the same processes, and none is missing."""
    need("ab")
    nginx = Nginx(test)
    accepted = nginx.accepts()
    nginx.quiet()
    tracer = Tracer.of(test, nginx.pid, args=("--ring", "4096"))
    load = test.start(["ab", "-q", "-n", "20000", "-c", "20", nginx.url()])
    wait_until("load", lambda: len(nginx.log()) > 2000)
    tracer.process.signal(signal.SIGSTOP)
    time.sleep(0.5)
    tracer.process.signal(signal.SIGCONT)
    test.equal("ab ended with", 0, load.wait(60), "contract")
    nginx.quiet()
    report = tracer.stop()
    accepted = nginx.accepts() - accepted - 1
    test.check("the ring was never full",
               report.coverage["connections_summarised"] > 0)
    test.equal("opened", accepted,
               report.connections("opened", port=nginx.port), "nginx")
    test.equal("closed", accepted,
               report.connections("closed", port=nginx.port), "nginx")
    rows = [r for r in report.data["connections"] if r["port"] == nginx.port]
    test.equal("closed, active of each process",
               [(r["pid"], r["opened"], 0) for r in rows],
               [(r["pid"], r["closed"], r["active"]) for r in rows], "opened")
    test.equal("exchanges", len(nginx.log()),
               report.exchanges(port=nginx.port), "access log")
    test.equal("lost", 0, report.coverage["lost"]
               + report.coverage["connections_lost"], "contract")


# Signals

def catches(pid, number):
    """Has it said what is to happen on that signal?"""
    try:
        with open(f"/proc/{pid}/status") as f:
            masks = re.findall(r"^Sig(?:Blk|Cgt):\s+(\w+)", f.read(), re.M)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(int(mask, 16) >> number - 1 & 1 for mask in masks)


def signalled_early(test, server, number, delay_ms):
    """A tracer that has got a signal so long after it began to catch Ctrl-C.
    What comes before, while the program is being loaded, nobody can catch."""
    tracer = Tracer.of(test, server.pid, wait=False)
    wait_until("Ctrl-C is caught", lambda: catches(tracer.pid, signal.SIGINT),
               step=0.0002)
    # All are set up one after the other, in some 10 us.
    time.sleep((delay_ms + 0.5) / 1000)
    tracer.process.signal(number)
    return tracer


@case(timeout=120)
def early_sigusr1(test):
    """A report asked for while tracing is being set up: the run goes on."""
    server = PeerServer(test)
    delays = (0, 1, 2, 4, 7, 10, 15, 20, 30, 40, 50, 60)
    counted = 0
    for delay in delays:
        tracer = signalled_early(test, server, signal.SIGUSR1, delay)
        tracer.wait_attached()
        server.load("--requests", "3")
        server.quiet()
        counted += tracer.stop().complete().exchanges()
    test.equal("exchanges after it", 3 * len(delays), counted)


@case(timeout=120)
def early_sighup(test):
    """A terminal that goes away ends the run with a report, from the start."""
    server = PeerServer(test)
    delays = (0, 5, 20, 60)
    reports = 0
    for delay in delays:
        tracer = signalled_early(test, server, signal.SIGHUP, delay)
        tracer.finish()
        reports += 1
    test.equal("reports", len(delays), reports, "signals")
    tracer = Tracer.of(test, server.pid)
    books = server.load("--requests", "5")
    server.quiet()
    tracer.process.signal(signal.SIGHUP)
    test.equal("exchanges", books["responses"],
               tracer.finish().complete().exchanges())


def has_bytes(path):
    return os.path.exists(path) and os.path.getsize(path) > 0


@case(timeout=120)
def sigint_while_finishing(test):
    """The traced process ends, and with it the run; Ctrl-C comes just then."""
    server = PeerServer(test)
    counted = 0
    for i in range(10):
        caller = server.client("--requests", "5", "--wait")
        caller.wait_event("waiting")
        tracer = Tracer.of(test, caller.pid)
        caller.signal(signal.SIGUSR1)
        wait_until("the client ends", lambda: not alive(caller.pid),
                   step=0.0005)
        if i % 2:
            time.sleep(0.004 * i)  # reqtrace notices within 32 ms
        else:
            wait_until("the report", lambda: has_bytes(tracer.json), step=0)
        tracer.process.signal(signal.SIGINT)
        counted += tracer.finish().complete().exchanges(role="client")
    test.equal("exchanges", 50, counted)
