# SPDX-License-Identifier: GPL-2.0-only
"""Connections that were there before the tracer was, and the rows of --by
connection."""

import signal
import time

import engine
from cases.registry import case
from services import Held, PeerServer
from tracer import Tracer


@case(guests=True)
def joined_idle(test):
    """Open and idle before the start: traced from the next exchange on."""
    server = PeerServer(test)
    held = Held(server, "--path", "/sleep?ms=50", connections=5)
    tracer = Tracer.of(test, server.pid)
    for _ in range(3):
        held.round()
    server.rest()
    report = tracer.stop().complete()
    series = report.one(role="server", port=server.port)
    # For each connection a thread waits in a read.
    midway = 0 if engine.has("begun_reads") else 5
    test.equal("exchanges", held.books["responses"] - 5 - midway,
               series["exchanges"])
    test.equal("operation", "GET /sleep 200",
               f"{series['operation']} {series['status']}", "contract")
    test.equal("joined", 5, report.coverage["joined"])
    test.equal("joined midway", midway, report.coverage["joined_midway"])
    test.equal("active", 5, report.connections("active"))
    test.equal("opened", 0, report.connections("opened"))
    own = held.books["durations"][5 + midway:]
    test.near("duration", sum(own) / len(own), series["duration"]["mean"],
              slack=0.003)


@case()
def joined_unused(test):
    """Open before the start without a byte: even its first exchange."""
    server = PeerServer(test)
    waiting = server.client("--hold", "1", "--requests", "1", "--idle", "1500",
                            "--path", "/sleep?ms=50")
    time.sleep(0.3)
    tracer = Tracer.of(test, server.pid)
    books = waiting.wait_event("round")
    report = tracer.stop().complete()
    series = report.one(role="server", port=server.port)
    test.equal("exchanges", 1, series["exchanges"])
    test.near("duration", books["durations"][0], series["duration"]["max"],
              slack=0.003)


@case()
def joined_midway(test):
    """In the middle of an exchange at the start: counted as such and not
    guessed; the next one is traced."""
    server = PeerServer(test)
    held = server.client("--hold", "1", "--announce", "--path",
                         "/sleep?ms=1500")
    held.wait_event("sent")
    time.sleep(0.2)
    tracer = Tracer.of(test, server.pid)
    held.wait_event("round")
    held.signal(signal.SIGUSR1)
    books = held.wait_event("round", 2)
    report = tracer.stop().complete()
    test.equal("joined midway", 1, report.coverage["joined_midway"])
    series = report.one(role="server", port=server.port)
    test.equal("exchanges", 1, series["exchanges"])
    test.near("duration", books["durations"][1], series["duration"]["max"],
              slack=0.003)


@case()
def joined_client(test):
    """The same for connections that the traced process opened itself."""
    server = PeerServer(test)
    held = Held(server, "--path", "/sleep?ms=50", connections=3)
    tracer = Tracer.of(test, held.process.pid)
    held.round()
    report = tracer.stop().complete()
    series = report.one(role="client", port=server.port)
    test.equal("exchanges", 3, series["exchanges"])
    own = held.books["durations"][3:]
    test.near("duration", sum(own) / 3, series["duration"]["mean"],
              slack=0.003)


@case()
def by_connection(test):
    """A row for each open connection, with its own figures."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, args=("--by", "connection"))
    held = Held(server, "--path", "/items/3", "--requests", "4",
                connections=6)
    server.rest()
    report = tracer.stop().complete()
    rows = [r for r in report.data["rows"] if r["open"]]
    test.equal("rows", held.books["connections"], len(rows))
    test.equal("exchanges of each", [4] * 6, [r["exchanges"] for r in rows])
    test.equal("peers", 6, len({r["remote"] for r in rows}))
    test.equal("bytes", held.books["bytes_out"],
               sum(r["bytes_in"] for r in rows))


@case()
def by_peer(test):
    """The rows of --by peer add up to the series."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, args=("--by", "peer"))
    books = server.load("--path", "/items/3", "--requests", "40")
    server.quiet()
    report = tracer.stop().complete()
    rows = report.data["rows"]
    test.equal("operations", books["responses"],
               sum(r["operations"] for r in rows))
    test.equal("peers", ["127.0.0.1"], sorted({r["peer"] for r in rows}))


@case()
def by_thread(test):
    """The rows of --by thread: each of four threads has served."""
    server = PeerServer(test, "--acceptors", "4")
    tracer = Tracer.of(test, server.pid, args=("--by", "thread"))
    held = Held(server, "--path", "/items/3", "--requests", "10",
                connections=4)
    server.rest()
    report = tracer.stop().complete()
    rows = report.data["rows"]
    test.equal("operations", held.books["responses"],
               sum(r["operations"] for r in rows))
    test.equal("threads", [10] * 4, [r["operations"] for r in rows])
    test.equal("thread ids", 4, len({r["tid"] for r in rows}))
