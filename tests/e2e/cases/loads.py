# SPDX-License-Identifier: GPL-2.0-only
"""Real, unmodified services under real load generators. Counts are equal, not
close: those of the client, and where the service keeps books, its own."""

import signal
import socket
import time

from cases.registry import case
from harness import children, scaled, sockets, wait_until
from services import (Gunicorn, Nginx, Node, Redis, Uvicorn, ab, autocannon,
                      client, command_bytes, wrk)
from tracer import Tracer

OWN = {"CONFIG", "HELLO"}  # what redis-benchmark asks besides its tests


def commands(report, **keys):
    """Operations by the first word of the command."""
    counts = {}
    for operation, count in report.by_operation(**keys).items():
        word = operation.split()[0] if operation else ""
        counts[word] = counts.get(word, 0) + count
    return counts


def redis_load(test, *args, timeout=120, mixed=False):
    """Run redis-benchmark and compare: redis's own calls, command by command
    unless a pipeline mixes them, and the sum of what the client says."""
    redis = Redis(test)
    redis.reset_stats()
    redis.quiet()
    tracer = Tracer.of(test, redis.pid)
    done = redis.benchmark(*args, timeout=timeout)
    redis.quiet()
    report = tracer.stop().complete()
    calls = redis.calls()
    calls["CONFIG"] -= 1  # RESETSTAT, before tracing
    calls = {name: count for name, count in calls.items() if count}
    seen = commands(report, pid=redis.pid, role="server", port=redis.port)
    test.check(f"redis-benchmark did nothing: {done}", sum(done.values()) > 0)
    test.equal("commands in all", sum(calls.values()), sum(seen.values()),
               "redis")
    own = sum(count for name, count in calls.items() if name in OWN)
    test.equal("redis-benchmark in all", sum(done.values()),
               sum(seen.values()) - own)
    if not mixed:
        for name, count in sorted(calls.items()):
            test.equal(name, count, seen.get(name, 0), "redis")
    test.equal("protocols", ["redis"],
               sorted({s["protocol"] for s in report.series(pid=redis.pid)}))
    test.equal("in flight", 0, report.coverage["in_flight"])
    return report


@case(timeout=120, guests=True)
def redis_get(test):
    """100,000 GETs over 50 connections."""
    count = scaled(100000)
    report = redis_load(test, "-t", "get", "-n", str(count), "-c", "50")
    test.equal("exchanges", count, sum(
        s["exchanges"] for s in report.series(operation="GET")))


@case(timeout=180)
def redis_mix(test):
    """Six tests of redis-benchmark, one command at a time."""
    redis_load(test, "-t", "ping,set,get,incr,lpush,mset", "-n", "20000")


@case(timeout=180)
def redis_mix_pipelined(test):
    """The same with 16 commands in flight on each connection."""
    redis_load(test, "-t", "ping,set,get,incr,lpush,mset", "-n", "32000",
               "-P", "16")


@case()
def redis_pipeline_1600(test):
    """-P 16 -n 1600 is 1600 operations in 100 exchanges."""
    report = redis_load(test, "-t", "set", "-P", "16", "-n", "1600", "-c", "4")
    test.equal("SET operations", 1600, report.operations(operation="SET"))
    test.equal("SET exchanges", 100, report.exchanges(operation="SET"))


@case()
def redis_pipeline_large(test):
    """Pipelines of 14 KB, most of what redis reads at once."""
    report = redis_load(test, "-t", "set", "-P", "16", "-n", "1600", "-d",
                        "900", "-c", "4")
    test.equal("SET exchanges", 100, report.exchanges(operation="SET"))


@case()
def redis_pipeline_too_large(test):
    """Pipelines of 48 KB are more than reqtrace looks at: then it says that
    it has counted at least so many, and of how many exchanges that is so."""
    redis = Redis(test)
    tracer = Tracer.of(test, redis.pid)
    done = redis.benchmark("-t", "set", "-P", "16", "-n", "320", "-d", "3000",
                           "-c", "2")
    redis.quiet()
    report = tracer.stop().complete()
    seen = report.operations(operation="SET")
    at_least = report.coverage["operations_at_least"]
    test.check(f"{seen} SETs of {done['SET']}, "
               f"operations_at_least {at_least}",
               seen == done["SET"] if not at_least
               else 20 <= seen <= done["SET"])
    test.fact(f"SET: client {done['SET']}, reqtrace at least {seen}, and "
              f"says so of {at_least} exchanges")


@case()
def redis_random_keys(test):
    """Keys are of many; the operation stays one."""
    report = redis_load(test, "-t", "get,set", "-n", "20000", "-r", "100000")
    test.equal("series", ["CONFIG", "GET", "SET"], sorted(commands(report)))


@case()
def redis_resp3(test):
    """The newer protocol. Each connection begins with HELLO 3 and its first
    command in one pipeline."""
    report = redis_load(test, "-3", "-t", "set", "-n", "20000", "-c", "50",
                        mixed=True)
    test.equal("SET", 20000 - 50, report.operations(operation="SET"))


@case()
def redis_errors(test):
    """Error replies are counted as errors, with their command."""
    redis = Redis(test)
    redis.command("SET", "text", "abc")
    redis.quiet()
    tracer = Tracer.of(test, redis.pid)
    errors = 0
    with socket.create_connection(("127.0.0.1", redis.port)) as s, \
            s.makefile("rb") as reader:
        for _ in range(1000):
            s.sendall(command_bytes("INCR", "text"))
            errors += reader.readline().startswith(b"-")
            s.sendall(command_bytes("APPEND", "text", "d"))
            errors += reader.readline().startswith(b"-")
    redis.quiet()
    report = tracer.stop().complete()
    test.equal("INCR", 1000, report.operations(operation="INCR"))
    test.equal("errors", errors, report.errors_by("status"))
    test.equal("of INCR", 1000,
               report.errors_by("status", operation="INCR"))


@case()
def nginx_wrk(test):
    """wrk for 3 s. Its own count is lower than nginx's: at its end it drops
    connections with requests in flight, which nginx has served all the same.
    nginx's access log is the truth."""
    nginx = Nginx(test)
    tracer = Tracer.of(test, nginx.pid)
    counted = wrk(test, nginx.url(), "-d", "3", "-c", "16", "-t", "2")
    nginx.quiet()
    report = tracer.stop().complete()
    seen = report.exchanges(role="server", port=nginx.port)
    test.equal("nginx with wrk", len(nginx.log()), seen, "access log")
    test.check(f"wrk counts {counted}, reqtrace {seen}: more than the 16 "
               "that may be in flight", counted <= seen <= counted + 16)
    test.fact(f"wrk's own count: {counted}, {seen - counted} in flight at "
              "its end")


def nginx_ab(test, *args):
    nginx = Nginx(test)
    accepted = nginx.accepts()
    tracer = Tracer.of(test, nginx.pid)
    done = ab(test, nginx.url("/users/42"), *args)
    nginx.quiet()
    report = tracer.stop().complete()
    accepted = nginx.accepts() - accepted - 1
    seen = report.operations(role="server", port=nginx.port, status="200",
                             operation="GET /users/{id}", protocol="http")
    test.equal("ab", done, seen)
    test.equal("access log", len(nginx.log()),
               report.operations(port=nginx.port), "nginx")
    test.equal("errors", 0, report.total("errors"))
    test.equal("opened", accepted, report.connections("opened"), "nginx")
    test.equal("closed", accepted, report.connections("closed"), "nginx")
    return accepted


@case(guests=True)
def nginx_ab_keep_alive(test):
    """ab -k: 20,000 requests over 10 connections."""
    count = str(scaled(20000))
    test.equal("connections", nginx_ab(test, "-k", "-n", count, "-c", "10"),
               10, "nginx")


@case()
def nginx_ab_close(test):
    """ab without -k: a connection for each request, and at its end now and
    then a few that it opens for nothing."""
    nginx_ab(test, "-n", "5000", "-c", "10")


@case()
def nginx_statuses(test):
    """Statuses are told apart; 5xx are errors, 4xx are not."""
    nginx = Nginx(test)
    tracer = Tracer.of(test, nginx.pid)
    for path, count in (("/users/1", 30), ("/missing", 20), ("/broken", 10)):
        client(test, f"127.0.0.1:{nginx.port}", "--path", path, "--requests",
               str(count)).wait_event("end")
    nginx.quiet()
    report = tracer.stop().complete()
    for status, count in (("200", 30), ("404", 20), ("503", 10)):
        test.equal(status, count, report.operations(status=status))
    test.equal("errors by status", 10, report.errors_by("status"))
    test.equal("errors", 10, report.total("errors"))


@case(timeout=120)
def gunicorn_flask(test):
    """-p of a master with 16 workers covers the workers."""
    gunicorn = Gunicorn(test)
    workers = set(children(gunicorn.pid))
    tracer = Tracer.of(test, gunicorn.pid)
    done = ab(test, gunicorn.url("/items/7"), "-n", "2000", "-c", "16")
    gunicorn.quiet()
    report = tracer.stop().complete()
    test.equal("ab", done, report.operations(
        role="server", port=gunicorn.port, operation="GET /items/{id}",
        status="200"))
    test.equal("exchanges", done, report.exchanges(port=gunicorn.port))
    test.equal("workers known", 16, len(workers & report.pids()), "gunicorn")
    served = {s["pid"] for s in report.series(port=gunicorn.port)}
    test.check(f"requests of {served - workers}, which are no workers",
               served <= workers)
    test.fact(f"{len(served)} workers served")


@case(timeout=90)
def uvicorn_fastapi(test):
    """An asyncio service; keep-alive."""
    uvicorn = Uvicorn(test)
    tracer = Tracer.of(test, uvicorn.pid)
    books = client(test, uvicorn.to, "--path", "/items/7", "--requests",
                   "2000", "--threads", "8").wait_event("end", timeout=60)
    uvicorn.quiet()
    report = tracer.stop().complete()
    test.equal("answered", 2000, books["status"]["200"])
    test.equal("uvicorn", books["responses"], report.operations(
        role="server", port=uvicorn.port, operation="GET /items/{id}",
        status="200"))
    test.equal("exchanges", 2000, report.exchanges(port=uvicorn.port))
    test.equal("bytes out", books["bytes_in"],
               report.total("bytes_out", port=uvicorn.port))


@case(timeout=90)
def node_autocannon(test):
    """node with autocannon; node's own count is the truth."""
    node = Node(test)
    tracer = Tracer.of(test, node.pid)
    result = autocannon(test, node.url("/orders/12345"), "-a", "5000", "-c",
                        "10")
    node.quiet()
    report = tracer.stop().complete()
    served = node.end()
    seen = report.operations(role="server", port=node.port,
                             operation="GET /orders/{id}")
    test.equal("node", served, seen, "server")
    test.equal("autocannon 2xx", result["2xx"], seen)


@case(timeout=120)
def smallest_ring_stopped_consumer(test):
    """A ring of 4096 bytes, its reader stopped for 2 s under full load: every
    exchange is counted, though not every operation is known."""
    redis = Redis(test)
    redis.reset_stats()
    redis.quiet()
    tracer = Tracer.of(test, redis.pid, args=("--ring", "4096"))
    load = redis.start_benchmark("-t", "get", "-n", "1000000", "-c", "50")
    wait_until("load", lambda: sockets(redis.port) >= 50)
    tracer.process.signal(signal.SIGSTOP)
    time.sleep(2)
    tracer.process.signal(signal.SIGCONT)
    test.check("the load ended before the reader went on", load.running())
    load.wait(100)
    redis.quiet()
    report = tracer.stop()
    calls = redis.calls()
    calls["CONFIG"] -= 1  # RESETSTAT, before tracing
    # redis-benchmark asks its two CONFIG GETs in one pipeline.
    test.equal("exchanges", calls["GET"] + 1,
               report.exchanges(port=redis.port), "redis")
    # That one counts once if it is among the summarised ones.
    test.check(f"{report.operations()} operations",
               0 <= report.operations() - calls["GET"] - 1 <= 1)
    test.equal("lost", 0, report.coverage["lost"])
    test.equal("opened", report.connections("opened", port=redis.port),
               report.connections("closed", port=redis.port), "opened")
    test.check("summarised is 0: the ring was never full",
               report.coverage["summarised"] > 0)
    test.fact(f"summarised {report.coverage['summarised']}")
