# SPDX-License-Identifier: GPL-2.0-only
"""Where the parts of a request are easily those of another one: workers that
share a queue, loops with several requests in hand, ends that come early."""

import json
import os
import signal
import socket
import subprocess
import time

from cases.cost import descriptors
from cases.registry import case
from harness import need, rest, wait_until
from services import PYTHON, Held, PeerServer, client
from spending import Service, Upstreams
from tracer import Tracer

# A pool of threads whose handlers wake another thread, which writes a log.
POOL = """
import concurrent.futures, json, queue, socket, threading, time
log = queue.SimpleQueue()
def write_log():
    while log.get():
        pass
threading.Thread(target=write_log, daemon=True).start()
def serve(connection):
    if connection.recv(1000):
        log.put("a request")
        time.sleep(0.2)
        connection.send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    connection.close()
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
print(json.dumps({"event": "ready", "port": port}), flush=True)
with concurrent.futures.ThreadPoolExecutor(3) as pool:
    while True:
        pool.submit(serve, listener.accept()[0])
"""

LOOP = """
import asyncio, json, time
def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
async def serve(reader, writer):
    while await reader.readuntil(b"\\r\\n\\r\\n"):
        spin(0.005)
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, .005)
        spin(0.005)
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"event": "ready", "port": port}), flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def only_call(test, series):
    """The one peer that a series calls."""
    calls = [c for c in series["calls"] if not c["own"]]
    test.equal(f"peers of {series['operation']}", 1, len(calls), "case")
    return calls[0]


@case()
def calls_of_mixed_workers(test):
    """Three workers, of whose requests some call out and others do not: no
    call is told of another request than the one that made it."""
    upstreams = Upstreams(test)
    service = Service(test, "dispatch", upstreams, "--workers", "3")
    tracer = Tracer.of(test, service.pid)
    calling = service.client("--path", "/call?tcp=4000", "--requests", "60")
    others = [service.client("--path", "/sleep?sleep=3000", "--requests", "60"),
              service.client("--path", "/lock?lock=2000", "--requests", "60")]
    for caller in (calling, *others):
        caller.wait_event("end")
    service.quiet()
    report = tracer.stop().complete()
    series = report.one(operation="GET /call", role="server")
    call = only_call(test, series)
    test.check(f"calls are known of {series['calls_known']} of 60 only",
               series["calls_known"] >= 10)
    test.equal("calls of those", series["calls_known"], call["calls"], "case")
    for operation in ("GET /sleep", "GET /lock"):
        calls = sum(c["calls"]
                    for c in report.one(operation=operation,
                                        role="server")["calls"])
        test.equal(f"calls of {operation}", 0, calls, "case")


@case()
def calls_of_requests_read_together(test):
    """A loop that has several requests in hand: their calls are not told."""
    upstreams = Upstreams(test)
    service = Service(test, "batch", upstreams)
    tracer = Tracer.of(test, service.pid)
    service.spend("/call", 80, "--threads", "4", tcp=3000)
    service.quiet()
    report = tracer.stop().complete()
    series = report.one(operation="GET /call", role="server")
    call = only_call(test, series)
    test.check(f"known of {series['calls_known']} of 80",
               series["calls_known"] < 40)
    test.equal("calls of those", series["calls_known"], call["calls"], "case")
    test.equal("calls in all", 80, report.exchanges(role="client"))


@case()
def loop_with_a_wake_up_pipe(test):
    """The pipe by which a thread wakes its event loop is no request: the loop
    goes on with the one that it had."""
    service = test.start([PYTHON, "-c", LOOP], name="loop")
    port = service.wait_event("ready")["port"]
    tracer = Tracer.of(test, service.pid)
    client(test, f"127.0.0.1:{port}", "--path", "/", "--requests",
           "20").wait_event("end")
    rest(service.pid)
    report = tracer.stop().complete()
    series = report.one(role="server", port=port)
    cpu, other = (series["parts"][name]["sum"] for name in
                  ("cpu", "cpu_other"))
    test.check(f"cpu {cpu * 1e3:.1f} ms, of others {other * 1e3:.1f} ms",
               cpu > 0.2 * 0.95 and other < 0.1 * cpu)
    test.fact(f"cpu {cpu * 1e3:.1f} ms of 200, of others {other * 1e3:.1f}")


@case()
def closed_without_an_answer(test):
    """A service that thinks about a request for 50 ms and then closes: what
    it did until then is known."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    server.load("--path", "/abort?ms=50", "--requests", "3")
    server.quiet()
    report = tracer.stop().complete()
    series = report.one(role="server", status="aborted")
    test.equal("aborted", 3, series["exchanges"], "case")
    test.near("sleep", 0.15, series["parts"]["sleep"]["sum"], 0.05, 0.003,
              "case")
    unknown = series["parts"]["unattributed"]["sum"]
    test.check(f"{unknown * 1e3:.2f} ms are unattributed",
               unknown < 0.05 * series["duration"]["sum"])


@case()
def given_up_beside_other_threads(test):
    """Clients that give up while threads sleep for them, and other threads
    come and go: each has the clocks of the thread that has it."""
    service = test.start([PYTHON, "-c", POOL], name="pool")
    port = service.wait_event("ready")["port"]
    tracer = Tracer.of(test, service.pid)
    for _ in range(5):
        given_up = [socket.create_connection(("127.0.0.1", port))
                    for _ in range(3)]
        for connection in given_up:
            connection.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.01)
        time.sleep(0.04)
        for connection in given_up:
            connection.close()
        time.sleep(0.3)
    report = tracer.stop().complete()
    series = report.one(role="server", port=port)
    test.equal("given up", 15, series["errors_by"]["peer_abort"], "case")
    sleep = series["parts"]["sleep"]
    test.check(f"one slept {sleep['min']} s only", sleep["min"] > 0.035)
    test.check("most of their time is sleep",
               sleep["sum"] > 0.9 * series["duration"]["sum"])


@case()
def closed_as_tracing_ends(test):
    """Answered requests on connections that close while the programs are
    taken away, one by one: each is reported all the same."""
    for _ in range(4):
        server = PeerServer(test)
        tracer = Tracer.of(test, server.pid)
        held = Held(server, "--path", "/items/1", connections=10)
        tracer.process.signal(signal.SIGINT)
        held.process.signal(signal.SIGKILL)
        report = tracer.finish()
        test.equal("exchanges", 10, report.exchanges(role="server"))
        server.process.kill()


def entries(tracer, name):
    """Of the map of that name of this reqtrace."""
    ids = descriptors(tracer.pid, "map_id")
    shown = json.loads(subprocess.run(
        ["bpftool", "-j", "map", "show"], check=True,
        capture_output=True).stdout)
    found = [m["id"] for m in shown if m["id"] in ids and m["name"] == name]
    dumped = subprocess.run(["bpftool", "-j", "map", "dump", "id",
                             str(found[0])], check=True, capture_output=True)
    return len(json.loads(dumped.stdout))


@case()
def calls_of_closed_connections(test):
    """What is kept of calls out goes with the connection that made them."""
    need("bpftool")
    upstreams = Upstreams(test)
    service = Service(test, "thread", upstreams)
    tracer = Tracer.of(test, service.pid)
    held = Held(service, "--path", "/call?tcp=1000", connections=3)
    test.equal("kept of open ones", 3, entries(tracer, "rt_calls"), "case")
    service.load("--path", "/call?tcp=1000", "--requests", "40", "--close")
    held.process.signal(signal.SIGTERM)
    service.quiet()
    wait_until("calls of closed connections go",
               lambda: entries(tracer, "rt_calls") == 0, 3)
    report = tracer.stop().complete()
    test.equal("requests", 43, report.exchanges(role="server"))
