# SPDX-License-Identifier: GPL-2.0-only
"""What is being served at this moment, and what is told of requests before and
after their answer: nothing twice, nothing lost."""

import os
import signal
import time

from cases.registry import case
from harness import lasting, wait_until
from services import PeerServer
from tracer import Report, Tracer

SLEEP = lasting(3)


def interim(tracer):
    """The report that SIGUSR1 asks for."""
    if os.path.exists(tracer.json):
        os.truncate(tracer.json, 0)
    tracer.process.signal(signal.SIGUSR1)
    wait_until("reqtrace writes a report",
               lambda: os.path.exists(tracer.json)
               and open(tracer.json, "rb").read().endswith(b"}\n"), 5)
    return Report.load(tracer.json)


def served(report):
    return [(f["pid"], f["role"], f["transport"], f["port"], f["protocol"],
             f["operation"], f["count"]) for f in report.data["in_flight"]]


@case(guests=True)
def five_being_served(test):
    """Five long requests at once: after 2 s all of them are in flight, by
    operation; in the end all are counted, once, with their whole time."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    clients = [server.client("--path", f"/sleep?ms={SLEEP * 1000:.0f}",
                             "--announce") for _ in range(5)]
    for client in clients:
        client.wait_event("sent")
    time.sleep(2)
    report = interim(tracer)
    test.equal("being served",
               [(server.pid, "server", "tcp", server.port, "http",
                 "GET /sleep", 5)], served(report))
    test.equal("in flight", 5, report.coverage["in_flight"])
    test.equal("exchanges so far", 0, report.exchanges())
    for client in clients:
        client.wait_event("end")
    server.quiet()
    report = tracer.stop().complete()
    series = report.one(operation="GET /sleep", status="200", role="server")
    test.equal("exchanges", 5, series["exchanges"])
    test.near("min", SLEEP, series["duration"]["min"])
    test.equal("in flight at the end", [], served(report))


@case()
def served_over_a_unix_socket(test):
    """The same over a UNIX socket, of which the hash is gone through."""
    to = "unix:" + test.path("socket")
    server = PeerServer(test, "--listen", to, to=to)
    tracer = Tracer.of(test, server.pid)
    client = server.client("--path", "/sleep?ms=2500", "--announce")
    client.wait_event("sent")
    time.sleep(1.5)
    report = interim(tracer)
    test.equal("being served",
               [(server.pid, "server", "unix", 0, "http", "GET /sleep", 1)],
               served(report))
    client.wait_event("end")
    time.sleep(0.3)
    report = tracer.stop().complete()
    test.equal("exchanges", 1, report.exchanges(operation="GET /sleep"))
    test.equal("in flight at the end", [], served(report))


@case()
def given_up_while_being_served(test):
    """A request that was known to be in flight, and whose client goes away
    without the answer: one exchange, aborted."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    client = server.client("--path", "/sleep?ms=3000", "--announce")
    client.wait_event("sent")
    time.sleep(1.5)
    test.equal("in flight", 1, interim(tracer).coverage["in_flight"])
    client.signal(signal.SIGKILL)
    client.wait()
    time.sleep(2.5)
    report = tracer.stop().complete()
    series = report.one(role="server")
    test.equal("exchanges", 1, series["exchanges"])
    test.equal("status", "aborted", series["status"])
    test.equal("in flight at the end", [], served(report))
