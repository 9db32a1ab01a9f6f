# SPDX-License-Identifier: GPL-2.0-only
"""How exchanges and connections end: by either side, in order or not. Aborts
are errors by kind, and nothing else is."""

import os
import signal
import socket
import struct
import time

from cases.registry import case, case_for
from harness import stop, wait_until
from services import Held, PeerServer
from tracer import Tracer

KINDS = ("status", "peer_abort", "local_abort", "reset")


def serve(test, *options):
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    books = server.load(*options)
    server.quiet()
    return tracer.stop().complete(), books, server


def errors(report):
    return {kind: report.errors_by(kind) for kind in KINDS
            if report.errors_by(kind)}


@case(guests=True)
def half_close(test):
    """A client that ends its sending side and waits has not aborted."""
    report, books, _ = serve(test, "--path", "/sleep?ms=30", "--half-close",
                             "--requests", "20")
    series = report.one(role="server")
    test.equal("exchanges", books["responses"], series["exchanges"])
    test.equal("status", "200", series["status"], "contract")
    test.equal("errors", {}, errors(report))
    test.near("duration", books["sum"], series["duration"]["sum"], slack=0.03)


@case()
def server_closes_after_answer(test):
    """Connection: close is an ordinary end."""
    report, books, _ = serve(test, "--path", "/close", "--requests", "50")
    test.equal("answered 200", books["responses"],
               report.operations(status="200"))
    test.equal("errors", {}, errors(report))
    test.equal("connections", 50, report.connections("closed"))


@case(guests=True)
def server_aborts(test):
    """The server closes without an answer: a local abort."""
    report, books, _ = serve(test, "--path", "/abort?ms=50", "--requests", "3")
    test.equal("unanswered", books["failed"], report.exchanges())
    test.equal("errors", {"local_abort": 3}, errors(report))
    test.equal("status", ["aborted"],
               [s["status"] for s in report.series()], "contract")


@case()
def server_aborts_midway(test):
    """Nine bytes of a response of a thousand, then a close."""
    report, books, _ = serve(test, "--path", "/partial?ms=50", "--requests",
                             "3")
    test.equal("unfinished", books["failed"], report.exchanges())
    test.equal("errors", {"local_abort": 3}, errors(report))
    test.equal("answered 200", 0, report.operations(status="200"))


@case()
def server_resets(test):
    """The server resets the connection instead of an answer."""
    report, books, _ = serve(test, "--path", "/reset?ms=50", "--requests", "3")
    test.equal("unanswered", books["failed"], report.exchanges())
    kinds = errors(report)
    test.equal("local aborts and resets", 3,
               kinds.get("local_abort", 0) + kinds.get("reset", 0))
    test.equal("errors", 3, report.total("errors"))


@case(guests=True)
def read_after_reset(test):
    """The client resets before the server has read its request, which is
    still there to be read: an exchange that its asker gave up."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    asker = socket.create_connection(("127.0.0.1", server.port))
    request = b"GET /items/1 HTTP/1.1\r\nHost: test\r\n\r\n"
    asker.sendall(request)
    test.check("no answer", asker.recv(4096).startswith(b"HTTP/1.1 200"))
    stop(server.pid)
    asker.sendall(request)
    asker.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
    asker.close()
    time.sleep(1.2)  # a sweep finds it closed
    os.kill(server.pid, signal.SIGCONT)
    # The connection is gone since the reset: no sign that it has been read.
    wait_until("the server has read what was left",
               lambda: server.books()["requests"] == 2, step=0.05)
    report = tracer.stop()
    test.equal("asked", 2, report.exchanges(), "client")
    test.equal("answered 200", 1, report.operations(status="200"), "client")
    test.equal("errors", 1, report.total("errors"), "client")


@case(guests=True)
def client_sees_server_abort(test):
    """From the client's side the same is the peer's abort."""
    server = PeerServer(test)
    caller = server.client("--path", "/abort?ms=50", "--requests", "3",
                           "--wait")
    caller.wait_event("waiting")
    tracer = Tracer.of(test, caller.pid)
    caller.signal(signal.SIGUSR1)
    books = caller.wait_event("end")
    caller.wait()
    report = tracer.finish_or_stop()
    test.equal("unanswered", books["failed"], report.exchanges(role="client"))
    test.equal("errors", {"peer_abort": 3}, errors(report))


@case()
def connections_without_request(test):
    """Opened and closed without a byte: connections, and no exchange."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    books = server.load("--requests", "0", "--hold", "0", "--path", "/")
    idle = server.client("--hold", "20", "--requests", "0")
    idle.wait_event("round")
    idle.signal(signal.SIGTERM)
    idle.wait()
    server.quiet()
    report = tracer.stop().complete()
    test.equal("exchanges", books["requests"], report.exchanges())
    test.equal("opened", 20, report.connections("opened"))
    test.equal("closed", 20, report.connections("closed"))
    test.equal("in flight", 0, report.coverage["in_flight"])


@case()
def status_5xx(test):
    """5xx are errors by status."""
    report, books, _ = serve(test, "--path", "/?code=503", "--requests", "7")
    test.equal("503", books["status"]["503"], report.operations(status="503"))
    test.equal("errors", {"status": 7}, errors(report))


@case_for(("server", "client"))
def goodbye(test, role):
    """A last message that nobody answers, before an orderly close, is no
    aborted request: counted on its own, and in no other figure."""
    server = PeerServer(test, "--echo")
    caller = server.client("--echo", "32", "--requests", "60", "--threads",
                           "20", "--goodbye", "--wait")
    caller.wait_event("waiting")
    tracer = Tracer.of(test, server.pid if role == "server" else caller.pid)
    caller.signal(signal.SIGUSR1)
    books = caller.wait_event("end")
    caller.wait()
    server.quiet()
    report = tracer.finish_or_stop().complete()
    test.equal("failed", 0, books["failed"], "contract")
    series = report.one(role=role, port=server.port)
    test.equal("protocol", "tcp", series["protocol"], "contract")
    test.equal("exchanges", books["responses"], series["exchanges"])
    test.equal("operations", books["responses"], report.operations())
    test.equal("goodbyes", books["connections"], report.coverage["unanswered"])
    test.equal("errors", {}, errors(report))
    test.equal("in flight", 0, report.coverage["in_flight"])
    test.equal("closed", books["connections"], report.connections("closed"))


@case()
def late_push(test):
    """What a server sends unasked, long after its whole answer, belongs to no
    exchange: the answer has ended when it was whole."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, args=("-i", "0.2"))
    held = Held(server, "--path", "/late?ms=600", connections=5)
    wait_until("the server has pushed",
               lambda: server.books()["responses"] == 5, step=0.05)
    held.end()
    server.quiet()
    report = tracer.stop().complete()
    series = report.one(role="server")
    test.equal("operation", "GET /late 200",
               f"{series['operation']} {series['status']}", "contract")
    test.equal("exchanges", held.books["responses"], series["exchanges"])
    test.equal("operations", held.books["responses"], series["operations"])
    test.equal("errors", {}, errors(report))
    longest = series["duration"]["max"]
    test.check(f"longest {longest} s", longest < 0.3)
    test.near("duration", max(held.books["durations"]), longest, slack=0.05)
