# SPDX-License-Identifier: GPL-2.0-only
"""Durations against the truth of a server with known delays and of clients
that stamp their own times. Tools of this kind are wrong on each of these."""

import socket
import threading
import time

import engine
from cases.registry import case
from harness import SLOW, lasting, pause, scaled, wait_until
from services import Held, PeerServer, Redis, command_bytes, read_reply
from tracer import Tracer

# Beyond 2 %: what two processes on a busy machine may differ in a wake-up.
SLACK = 0.003
REUSED = scaled(10000, step=4)


def serve(test, path, *options, server_options=()):
    """Trace a server during one run of a client: report, both sides' books."""
    server = PeerServer(test, *server_options)
    tracer = Tracer.of(test, server.pid)
    books = server.load("--path", path, *options)
    server.quiet()
    report = tracer.stop().complete()
    return report, books, server.end()


def queue(series):
    """Receive queue of a series of one exchange: what the server's own books
    do not have."""
    if not engine.has("arrival"):
        return 0
    return series["parts"]["receive_queue"]["max"]


def handling(series):
    return series["duration"]["max"] - queue(series)


def mean(values):
    return sum(values) / len(values)


@case(guests=True)
def sleep_200_ms(test):
    """The handler sleeps 200 ms: within 2 % of the client's own figure."""
    report, books, _ = serve(test, "/sleep?ms=200", "--requests", "10")
    series = report.one(operation="GET /sleep", status="200", role="server")
    test.equal("requests", books["responses"], series["operations"])
    test.near("mean", mean(books["durations"]), series["duration"]["mean"])
    test.near("min", min(books["durations"]), series["duration"]["min"])
    test.equal("starts at", "arrival" if engine.has("arrival") else "read",
               series["starts_at"], "contract")


@case()
def idle_then_request(test):
    """1 s of idleness is in no duration."""
    report, books, _ = serve(test, "/sleep?ms=50", "--requests", "3",
                             "--idle", "1000")
    series = report.one(operation="GET /sleep")
    test.equal("requests", 3, series["exchanges"])
    test.equal("connections", 1, report.connections("opened"))
    test.near("max", books["max"], series["duration"]["max"], slack=SLACK)
    test.near("sum", books["sum"], series["duration"]["sum"], slack=3 * SLACK)


@case()
def chunked_parts(test):
    """Five chunks 200 ms apart, the first after 100 ms: time to first byte
    and duration."""
    report, books, _ = serve(test, "/chunked?parts=5&gap=200&delay=100")
    series = report.one(operation="GET /chunked", status="200")
    test.equal("exchanges", 1, series["exchanges"])
    test.near("first byte", books["first_bytes"][0],
              series["time_to_first_byte"]["max"], slack=SLACK)
    test.near("duration", books["durations"][0], series["duration"]["max"],
              slack=SLACK)


@case()
def http_pipeline(test):
    """Three pipelined requests are 3 operations; times of the exchange."""
    report, books, _ = serve(test, "/sleep?ms=50", "--pipeline", "3",
                             "--requests", "3")
    series = report.one(operation="GET /sleep")
    test.equal("operations", 3, series["operations"])
    test.equal("exchanges", 1, series["exchanges"])
    test.near("duration", books["durations"][0], series["duration"]["mean"],
              slack=SLACK)


@case()
def http_pipeline_long(test):
    """32 requests that are longer than what is kept of one."""
    report, books, _ = serve(test, "/items/1", "--pipeline", "32",
                             "--requests", "320", "--header",
                             "X-Filler: " + 300 * "f")
    test.equal("operations", books["responses"], report.operations())
    test.equal("of GET /items/{id}", 320,
               report.operations(operation="GET /items/{id}"))


@case()
def slow_reader_4_mib(test):
    """The duration ends with the last send, not with the first."""
    report, books, truth = serve(
        test, "/body?bytes=4194304", "--slow", "10", "--slow-bytes", "65536",
        "--rcvbuf", "65536", server_options=("--sndbuf", "65536"))
    series = report.one(operation="GET /body", status="200")
    test.equal("bytes", books["bytes_in"], series["bytes_out"])
    test.near("from the read", truth["durations"][0], handling(series),
              slack=SLACK, source="server")
    test.check("the reader was not slow", truth["durations"][0] > 0.3)
    test.near("first byte", truth["first_bytes"][0],
              series["time_to_first_byte"]["max"] - queue(series),
              slack=SLACK, source="server")


@case(guests=True)
def sendfile_100_mb(test):
    """100 MB by sendfile to a reader that takes its time."""
    report, books, truth = serve(
        test, f"/sendfile?bytes={scaled(100000000)}", "--slow", "1",
        "--rcvbuf", "1000000")
    series = report.one(operation="GET /sendfile", status="200")
    test.equal("bytes", books["bytes_in"], series["bytes_out"])
    test.equal("exchanges", 1, series["exchanges"])
    test.near("from the read", truth["durations"][0], handling(series),
              slack=SLACK, source="server")


@case(guests=True)
def splice_10_mb(test):
    """The same by splice from a pipe."""
    report, books, truth = serve(test, "/splice?bytes=10000000", "--slow",
                                 "1", "--rcvbuf", "200000")
    series = report.one(operation="GET /splice", status="200")
    test.equal("bytes", books["bytes_in"], series["bytes_out"])
    test.near("from the read", truth["durations"][0], handling(series),
              slack=SLACK, source="server")


def aborted(test, *options):
    """A client that gives up after 200 of 1000 ms; its series."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    books = server.load("--path", "/sleep?ms=1000", "--abort", "200", *options)
    time.sleep(1)
    pause(0.2)  # the server answers to nobody, and notices
    report = tracer.stop()
    test.equal("aborted", books["aborted"], report.exchanges(role="server"))
    test.equal("answered 200", 0, report.operations(status="200"))
    test.equal("errors", 1, report.total("errors"))
    test.equal("in flight", 0, report.coverage["in_flight"])
    return report, report.one(role="server")


@case(guests=True)
def client_aborts(test):
    """One aborted exchange, not a 200."""
    report, series = aborted(test)
    test.equal("peer aborts", 1, series["errors_by"]["peer_abort"])
    test.equal("status", "aborted", series["status"], "contract")
    test.equal("operation", "GET /sleep", series["operation"], "contract")


@case()
def client_resets(test):
    """The same with a reset."""
    _, series = aborted(test, "--rst")
    kinds = series["errors_by"]
    test.equal("peer aborts and resets", 1,
               kinds["peer_abort"] + kinds["reset"])


def redis_timed(port, *words, sent=None):
    """Seconds that one command takes on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port)) as s, \
            s.makefile("rb") as reader:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.monotonic()
        s.sendall(command_bytes(*words))
        if sent:
            sent.set()
        read_reply(reader)
        return time.monotonic() - begin


@case(guests=True, needs=("arrival",))
def waits_behind_slow_command(test):
    """A GET that waits in its socket while redis sleeps: the wait is in its
    duration and in its receive queue; the slow command has none."""
    redis = Redis(test, "--enable-debug-command", "yes")
    tracer = Tracer.of(test, redis.pid)
    slow, sent = [], threading.Event()
    thread = threading.Thread(target=lambda: slow.append(
        redis_timed(redis.port, "DEBUG", "SLEEP", str(lasting(0.55)),
                    sent=sent)))
    thread.start()
    sent.wait()
    time.sleep(0.05)
    waited = redis_timed(redis.port, "GET", "key")
    thread.join()
    redis.quiet()
    report = tracer.stop().complete()
    get = report.one(operation="GET")
    debug = [s for s in report.series(role="server")
             if s["operation"].startswith("DEBUG")]
    test.equal("DEBUG and GET", 2, len(debug) + get["exchanges"])
    test.check(f"GET waited only {waited} s", waited > 0.4)
    test.near("GET", waited, get["duration"]["max"], slack=SLACK)
    test.near("its receive queue", waited,
              get["parts"]["receive_queue"]["max"], slack=2 * SLACK)
    test.near("DEBUG", slow[0], debug[0]["duration"]["max"], slack=SLACK)
    queue = debug[0]["parts"]["receive_queue"]["max"]
    test.check(f"DEBUG's receive queue is {queue} s", queue < waited / 2)


@case(guests=True, needs=("arrival",))
def head_of_line(test):
    """On an event loop, requests wait for the one before them."""
    server = PeerServer(test, program="peer_epoll")
    tracer = Tracer.of(test, server.pid)
    first = server.client("--path", f"/spin?ms={lasting(300):.0f}",
                          "--announce")
    first.wait_event("sent")
    time.sleep(0.05)
    second = server.load("--path", "/quick")
    first = first.wait_event("end")
    server.quiet()
    report = tracer.stop().complete()
    quick = report.one(operation="GET /quick")
    test.near("waiting", second["durations"][0], quick["duration"]["max"],
              slack=SLACK)
    test.near("its receive queue", second["durations"][0],
              quick["parts"]["receive_queue"]["max"], slack=2 * SLACK)
    test.near("busy", first["durations"][0],
              report.one(operation="GET /spin")["duration"]["max"],
              slack=SLACK)


@case()
def request_of_3_s(test):
    """Longer than any refresh: one exchange of 3 s."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, interval=True)
    books = server.load("--path", "/sleep?ms=3000")
    server.quiet()
    report = tracer.stop().complete()
    series = report.one(role="server")
    test.equal("exchanges", 1, series["exchanges"])
    test.equal("operation", "GET /sleep 200",
               f"{series['operation']} {series['status']}", "contract")
    test.near("duration", books["durations"][0], series["duration"]["max"],
              slack=SLACK)


@case(guests=True)
def open_at_the_end(test):
    """A request without a response at the end is in flight: neither lost nor
    invented."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    server.load("--path", "/done")
    pending = server.client("--path", "/sleep?ms=20000", "--announce")
    pending.wait_event("sent")
    pause(0.3)
    report = tracer.stop().complete()
    test.equal("in flight", 1, report.coverage["in_flight"])
    test.equal("exchanges", 1, report.exchanges())
    test.equal("of the open one", 0, report.exchanges(operation="GET /sleep"))


@case()
def partly_answered_at_the_end(test):
    """Of a chunked response, three of five parts were sent: in flight."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    pending = server.client("--path", "/chunked?parts=20&gap=300",
                            "--announce")
    pending.wait_event("sent")
    time.sleep(1)
    report = tracer.stop().complete()
    test.equal("in flight", 1, report.coverage["in_flight"])
    test.equal("exchanges", 0, report.exchanges())


@case()
def bytewise(test):
    """Reader and writers of one byte at a time: one exchange a request."""
    report, books, _ = serve(test, "/items/5", "--requests", "20", "--chunk",
                             "1", server_options=("--chunk", "1"))
    series = report.one(role="server")
    test.equal("exchanges", books["responses"], series["exchanges"])
    test.equal("operation", "GET /items/{id} 200",
               f"{series['operation']} {series['status']}", "contract")
    test.equal("bytes in", books["bytes_out"], series["bytes_in"])
    test.equal("bytes out", books["bytes_in"], series["bytes_out"])


@case(guests=True)
def fd_reuse(test):
    """10,000 connections of one request, fds closed and taken again in the
    same instant by four threads."""
    server = PeerServer(test, "--acceptors", "4")
    tracer = Tracer.of(test, server.pid)
    books = server.load("--requests", str(REUSED), "--threads", "4",
                        "--close")
    server.quiet()
    report = tracer.stop().complete()
    test.equal("connections", books["connections"],
               report.connections("opened"))
    test.equal("closed", books["connections"], report.connections("closed"))
    series = report.one(role="server")
    test.equal("exchanges", books["responses"], series["exchanges"])
    test.equal("bytes in", books["bytes_out"], series["bytes_in"])
    test.equal("bytes out", books["bytes_in"], series["bytes_out"])
    test.equal("errors", 0, series["errors"])
    test.equal("from arrival", REUSED if engine.has("arrival") else 0,
               series["parts"]["receive_queue"]["count"])
    test.check(f"a duration of {series['duration']['max']} s, the client's "
               f"longest is {books['max']}",
               series["duration"]["max"] <= books["max"] + SLACK * SLOW)


@case()
def last_request_of_idle_connection(test):
    """Shown within one refresh, with its own times, on an open connection."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, interval=True)
    held = Held(server, "--path", "/sleep?ms=200")
    done = time.monotonic()
    tracer.wait_text("GET /sleep", 3)
    shown = time.monotonic() - done
    test.check(f"shown {shown:.2f} s after its end", shown < 1.6)
    test.fact(f"shown {shown:.2f} s after its end")
    time.sleep(2)
    report = tracer.stop().complete()
    series = report.one(operation="GET /sleep", status="200")
    test.equal("exchanges", 1, series["exchanges"])
    test.near("duration", held.books["durations"][0],
              series["duration"]["max"], slack=SLACK)
    test.equal("active", 1, report.connections("active"))


@case()
def idle_then_more(test):
    """Requests that were shown while idle are not counted again later."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, interval=True)
    held = Held(server, "--path", "/items/1")
    for _ in range(3):
        time.sleep(1.3)
        held.round()
    time.sleep(1.3)
    report = tracer.stop().complete()
    series = report.one(role="server")
    test.equal("exchanges", held.books["responses"], series["exchanges"])
    test.equal("operations", 4, series["operations"])
    test.check(f"a duration of {series['duration']['max']} s",
               series["duration"]["max"] < 0.5)


@case(timeout=120)
def connections_10000(test):
    """10,000 connections open at once: all counted, memory bounded."""
    server = PeerServer(test, program="peer_epoll")
    tracer = Tracer.of(test, server.pid, interval=True)
    held = Held(server, connections=10000)
    wait_until("all accepted", lambda: server.books()["connections"] == 10000)
    report = tracer.stop().complete()
    test.equal("active", held.books["connections"],
               report.connections("active", port=server.port))
    test.equal("exchanges", held.books["responses"],
               report.exchanges(port=server.port))
    rss = report.cost["rss_bytes"]
    test.check(f"resident memory {rss}", 0 < rss < 128 << 20)
    test.fact(f"resident {rss / (1 << 20):.1f} MiB")
