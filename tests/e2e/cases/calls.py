# SPDX-License-Identifier: GPL-2.0-only
"""The system calls by which bytes move, and the shapes of requests and
responses: counts and bytes must be the same for all."""

import signal
import socket
import subprocess
import sys
import time

import engine
from cases.registry import case, case_for
from harness import lasting, wait_until
from services import PeerServer, client
from tracer import Tracer

SOCKET_CALLS = ("read", "recv", "msg", "vector", "mmsg", "peek")


def compare(test, report, books, server, count, operation):
    """Exchanges, bytes both ways, no errors; the only server series."""
    series = report.one(role="server", port=server.port)
    test.equal("exchanges", count, series["exchanges"])
    test.equal("operation", operation, series["operation"], "contract")
    test.equal("bytes in", books["bytes_out"], series["bytes_in"])
    test.equal("bytes out", books["bytes_in"], series["bytes_out"])
    test.equal("errors", 0, series["errors"])
    return series


def serve(test, *options, server_options=(), args=()):
    server = PeerServer(test, *server_options)
    tracer = Tracer.of(test, server.pid, args=args)
    books = server.load(*options)
    server.quiet()
    report = tracer.stop().complete()
    test.check(f"the client had {books['failed']} failures", not books["failed"])
    return report, books, server


@case_for(SOCKET_CALLS, guests=("read", "msg", "mmsg", "peek"))
def server_calls(test, way):
    """A server that receives and sends by these calls."""
    report, books, server = serve(
        test, "--requests", "200", "--path", "/items/9", "--method", "POST",
        "--body", "3000", server_options=("--receive", way, "--send", way))
    compare(test, report, books, server, 200, "POST /items/{id}")


@case_for(("writev", "sendmsg", "sendmmsg", "bytewise"))
def response(test, name):
    """A response sent by another call than its server's usual one."""
    report, books, server = serve(test, "--requests", "50", "--path",
                                  "/" + name)
    compare(test, report, books, server, 50, "GET /" + name)


@case_for(SOCKET_CALLS, guests=("recv", "vector", "mmsg"))
def client_calls(test, way):
    """A traced client that sends and receives by these calls."""
    server = PeerServer(test)
    caller = server.client("--requests", "200", "--path", "/items/9",
                           "--receive", way, "--send", way, "--wait")
    caller.wait_event("waiting")
    tracer = Tracer.of(test, caller.pid)
    caller.signal(signal.SIGUSR1)
    books = caller.wait_event("end")
    caller.wait()
    report = tracer.finish_or_stop()
    series = report.complete().one(role="client", port=server.port)
    test.equal("exchanges", books["responses"], series["exchanges"])
    test.equal("operation", "GET /items/{id} 200",
               f"{series['operation']} {series['status']}", "contract")
    test.equal("bytes in", books["bytes_in"], series["bytes_in"])
    test.equal("bytes out", books["bytes_out"], series["bytes_out"])


# Sends one request by sendmmsg() in messages of so many bytes, each time that
# a line comes, and prints how many bytes the answer had.
PIECES = """
import ctypes, socket, struct, sys
port, size = int(sys.argv[1]), int(sys.argv[2])
request = b"GET /pieces HTTP/1.1\\r\\nHost: h\\r\\nX: " + b"x" * 400 + b"\\r\\n\\r\\n"
buf = ctypes.create_string_buffer(request)
at, n = ctypes.addressof(buf), -(-len(request) // size)
iov = ctypes.create_string_buffer(b"".join(
    struct.pack("QQ", at + i * size, min(size, len(request) - i * size))
    for i in range(n)))
messages = ctypes.create_string_buffer(b"".join(
    struct.pack("QQQQQQQQ", 0, 0, ctypes.addressof(iov) + 16 * i, 1, 0, 0, 0, 0)
    for i in range(n)))
s = socket.create_connection(("127.0.0.1", port))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for _ in sys.stdin:
    sent = ctypes.CDLL(None).sendmmsg(s.fileno(), messages, n, 0)
    assert sent == n, (sent, n)
    print(len(request), len(s.recv(65536)), flush=True)
"""


@case_for((5, 200), guests=(5,))
def sendmmsg_pieces(test, size):
    """One request in a hundred messages of five bytes, or three of 200: all
    bytes are its, and what the messages hold is not taken for one another."""
    count = 20
    server = PeerServer(test)
    caller = test.start([sys.executable, "-c", PIECES, str(server.port),
                         str(size)], stdin=subprocess.PIPE, name="pieces")
    tracer = Tracer.of(test, caller.pid)
    caller.popen.stdin.write(b"\n" * count)
    caller.popen.stdin.close()
    caller.wait()
    report = tracer.finish_or_stop().complete()
    books = [[int(n) for n in line.split()]
             for line in caller.stdout().splitlines()]
    series = report.one(role="client", port=server.port)
    test.equal("exchanges", count, series["exchanges"])
    test.equal("bytes out", sum(n for n, _ in books), series["bytes_out"])
    test.equal("bytes in", sum(n for _, n in books), series["bytes_in"])
    whole = size == 200 or engine.used() == "fexit"
    test.equal("operation", "GET /pieces" if whole else "GET /...",
               series["operation"], "contract")
    test.equal("errors", 0, series["errors"])


# A server that asks for zero bytes while a request is there, then for all.
GETS_NONE = """
import ctypes, select, socket, sys, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
s, _ = listener.accept()
for _ in range(3):
    select.select([s], [], [])
    time.sleep(float(sys.argv[1]))
    assert not ctypes.CDLL(None).recv(s.fileno(), b"", 0, 0)
    assert s.recv(65536)
    s.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
"""


@case(guests=True, needs=("arrival",))
def receive_of_nothing(test):
    """Requests in two parts 0.1 s apart, of which the server first receives
    zero bytes: their arrival is that of the first part all the same."""
    server = test.start([sys.executable, "-c", GETS_NONE,
                         str(lasting(0.3))], name="none")
    wait_until("port", lambda: server.stdout().strip())
    port = int(server.stdout())
    tracer = Tracer.of(test, server.pid)
    least = []
    with socket.create_connection(("127.0.0.1", port)) as s:
        for _ in range(3):
            began = time.monotonic()
            s.sendall(b"GET / HTTP/1.1\r\n")
            time.sleep(0.1)
            s.sendall(b"Host: h\r\n\r\n")
            s.recv(65536)
            least.append(time.monotonic() - began)
    server.wait()
    series = tracer.finish_or_stop().complete().one(role="server", port=port)
    test.equal("exchanges", 3, series["exchanges"])
    test.near("mean", sum(least) / 3, series["duration"]["mean"])


def by_io_uring(operation):
    return operation if engine.has("io_uring_bytes") else "(not readable)"


@case(guests=True, needs=("io_uring",))
def io_uring_server(test):
    """io_uring: exact times; the operation, if the engine can read it."""
    report, books, server = serve(
        test, "--requests", "10", "--path", "/sleep?ms=200",
        server_options=("--receive", "uring", "--send", "uring"))
    series = compare(test, report, books, server, 10,
                     by_io_uring("GET /sleep"))
    test.near("mean", books["sum"] / 10, series["duration"]["mean"])
    test.near("max", books["max"], series["duration"]["max"])


@case(needs=("io_uring",))
def io_uring_many(test):
    """io_uring under load, connections opened and closed."""
    report, books, server = serve(
        test, "--requests", "4000", "--threads", "4", "--close",
        server_options=("--receive", "uring", "--send", "uring",
                        "--acceptors", "4"))
    compare(test, report, books, server, 4000, by_io_uring("GET /"))
    test.equal("connections", 4000, report.connections("opened"))


@case(guests=True, needs=("io_uring",))
def io_uring_client(test):
    """The same in the client role."""
    server = PeerServer(test)
    caller = server.client("--requests", "10", "--path", "/sleep?ms=100",
                           "--receive", "uring", "--send", "uring", "--wait")
    caller.wait_event("waiting")
    tracer = Tracer.of(test, caller.pid)
    caller.signal(signal.SIGUSR1)
    books = caller.wait_event("end")
    caller.wait()
    report = tracer.finish_or_stop()
    series = report.complete().one(role="client", port=server.port)
    test.equal("exchanges", 10, series["exchanges"])
    test.equal("operation", by_io_uring("GET /sleep"), series["operation"],
               "contract")
    test.near("mean", books["sum"] / 10, series["duration"]["mean"],
              slack=0.003)


@case()
def early_response(test):
    """A response that starts before the request has been read whole is one
    exchange, to its last byte."""
    report, books, server = serve(
        test, "--path", "/early?ms=100", "--method", "POST", "--body",
        "200000", "--body-ms", "300", "--requests", "3")
    series = compare(test, report, books, server, 3, "POST /early")
    test.near("duration", books["sum"], series["duration"]["sum"], slack=0.01)
    first = series["time_to_first_byte"]["max"]
    test.check(f"time to first byte is {first} s", first < 0.1)


@case()
def expect_continue(test):
    """100 Continue is part of its exchange, and no response."""
    report, books, server = serve(
        test, "--path", "/upload", "--method", "POST", "--body", "70000",
        "--expect", "--body-ms", "100", "--requests", "5")
    series = compare(test, report, books, server, 5, "POST /upload")
    test.equal("status", "200", series["status"], "contract")
    test.near("duration", books["sum"], series["duration"]["sum"], slack=0.015)


@case(guests=True)
def large_request(test):
    """A body of 5 MB, read in many calls."""
    report, books, server = serve(
        test, "--path", "/upload", "--method", "PUT", "--body", "5000000",
        "--requests", "3")
    compare(test, report, books, server, 3, "PUT /upload")


@case()
def slow_request(test):
    """A request whose body comes 300 ms after its head: one exchange from its
    first byte on."""
    report, books, server = serve(
        test, "--path", "/upload", "--method", "POST", "--body", "100",
        "--body-ms", "300", "--requests", "2")
    series = compare(test, report, books, server, 2, "POST /upload")
    test.near("duration", books["sum"], series["duration"]["sum"], slack=0.01)


@case(guests=True)
def answered_by_another_thread(test):
    """Read by one thread, answered by another."""
    report, books, server = serve(test, "--path", "/handoff?ms=50",
                                  "--requests", "5")
    series = compare(test, report, books, server, 5, "GET /handoff")
    test.near("duration", books["sum"], series["duration"]["sum"], slack=0.01)


@case()
def answered_by_another_thread_after_the_end(test):
    """The same when the client has ended its sending side meanwhile: what that
    made known of the reader's time is not added to the answerer's."""
    report, books, server = serve(test, "--path", "/handoff?ms=20",
                                  "--requests", "20", "--half-close")
    series = compare(test, report, books, server, 20, "GET /handoff")
    test.near("duration", books["sum"], series["duration"]["sum"], slack=0.03)
    test.equal("parts cut", 0, report.coverage["parts_cut"], "contract")


@case()
def binary_protocol(test):
    """Bytes of no known protocol: timed as tcp, operation empty."""
    report, books, server = serve(test, "--echo", "20000", "--requests", "500",
                                  server_options=("--echo",),
                                  args=("--ring", str(32 << 20)))
    series = compare(test, report, books, server, 500, "")
    test.equal("protocol", "tcp", series["protocol"], "contract")
    test.check(f"durations sum to {series['duration']['sum']} s, the client's "
               f"to {books['sum']}",
               series["duration"]["sum"] <= books["sum"] * 1.1)


@case()
def event_stream(test):
    """Server-sent events are a stream, and in no latency histogram."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    server.load("--path", "/items/1")
    books = server.load("--path", "/events?events=5&gap=100")
    server.quiet()
    report = tracer.stop().complete()
    streams = [s for s in report.data["streams"] if s["port"] == server.port]
    test.equal("streams", 1, sum(s["streams"] for s in streams))
    test.equal("protocol", "sse", streams[0]["protocol"], "contract")
    test.equal("active", 0, streams[0]["active"])
    test.equal("operation", "GET /events", streams[0]["operation"], "contract")
    test.equal("bytes out", books["bytes_in"], streams[0]["bytes_out"])
    test.equal("exchanges", 1, report.exchanges())


@case()
def websocket(test):
    """An upgraded connection is a stream from then on."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    client(test, server.to, "--path", "/upgrade").wait_event("end")
    server.quiet()
    report = tracer.stop().complete()
    streams = [s for s in report.data["streams"] if s["port"] == server.port]
    test.equal("streams", 1, sum(s["streams"] for s in streams))
    test.equal("protocol", "websocket", streams[0]["protocol"], "contract")
    test.equal("exchanges", 0, report.exchanges())
