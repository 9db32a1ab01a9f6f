# SPDX-License-Identifier: GPL-2.0-only
"""Services that go and come again while the collector is away or not."""

import os
import urllib.request

from cases.registry import case
from exported import HTTP_SERVER
from faults import Faults
from harness import free_port, pause, sockets, wait_until
from services import PYTHON, PeerServer, Redis
from tracer import Tracer


def of_service(faults, metric, name):
    return [p for p in faults.arrived().of(metric)
            if p.resource["service.name"] == name]


@case(timeout=60)
def export_exited_while_away(test):
    """A service that exits while the collector is away: its totals arrive
    when it is back, then their end is told once, then nothing."""
    faults = Faults(test)
    faults.mode("502")
    redis = Redis(test)  # stays, so that tracing goes on
    server = PeerServer(test, env={
        **os.environ, "OTEL_SERVICE_NAME": "shop",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test%20bed"})
    tracer = Tracer.of(test, redis.pid, server.pid, args=(
        "--otlp", faults.url("http"), "--otlp-interval", "0.3"))
    books = server.load("--path", "/items/1", "--requests", "50")
    server.quiet()
    tracer.process.wait_output("do not arrive", stream="stderr")
    server.end()
    pause(0.7)
    test.equal("points while it is away", 0, len(faults.arrived().points),
               "collector")
    faults.mode("ok")
    wait_until("its end arrives", lambda: any(
        p.ended for p in of_service(faults, HTTP_SERVER, "shop")), 15, 0.1)
    batches = faults.totals()["taken"]
    wait_until("three more batches", lambda: faults.totals()["taken"] >=
               batches + 3, 10, 0.1)
    tracer.stop().complete()
    points = of_service(faults, HTTP_SERVER, "shop")
    told = [p for p in points if not p.ended]
    test.check("its totals did not arrive", told)
    test.equal("requests", books["responses"], told[-1].count)
    test.equal("ends", [False] * len(told) + [True],
               [p.ended for p in points], "contract")
    test.equal("instances", 1, len({p.resource["service.instance.id"]
                                    for p in points}), "contract")
    test.equal("attribute of its own", "test bed",
               told[-1].resource["deployment.environment.name"],
               "environment")
    every = {(p.metric, str(sorted(p.attributes.items())))
             for p in faults.arrived().points
             if p.resource["service.name"] == "shop"}
    ended = {(p.metric, str(sorted(p.attributes.items())))
             for p in faults.arrived().points
             if p.resource["service.name"] == "shop" and p.ended}
    test.equal("series without an end", set(), every - ended, "contract")


class Restarted:
    """A web server on a port that is given, with a service's name."""

    def __init__(self, test, port):
        self.port = port
        self.process = test.start(
            [PYTHON, "-m", "http.server", "--bind", "127.0.0.1", port],
            env={**os.environ, "OTEL_SERVICE_NAME": "store"})
        wait_until("it listens", self.listens)

    def listens(self):
        with open("/proc/net/tcp", encoding="ascii") as f:
            return f" 0100007F:{self.port:04X} 00000000:0000 0A " in f.read()

    def gets(self, count):
        for _ in range(count):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/",
                                        timeout=10) as answer:
                answer.read()
        wait_until("connections have ended", lambda: not sockets(self.port))


@case(timeout=60)
def export_restarted(test):
    """A service that is started again is another instance of the same name,
    with totals of its own; the old one has ended."""
    faults = Faults(test)
    faults.mode("ok")
    port = free_port()
    first = Restarted(test, port)
    tracer = Tracer(test, "--comm", "python3", "--otlp", faults.url("http"),
                    "--otlp-interval", "0.3")

    def points():
        return of_service(faults, HTTP_SERVER, "store")

    first.gets(30)
    wait_until("the first has arrived", lambda: points() and
               points()[-1].count == 30, 10, 0.1)
    first.process.kill()
    wait_until("the first has ended", lambda: points()[-1].ended, 15, 0.1)
    second = Restarted(test, port)
    second.gets(20)
    tracer.stop()
    counts = {p.resource["service.instance.id"]: p.count for p in points()
              if not p.ended}
    starts = {p.resource["service.instance.id"]: p.start for p in points()}
    test.equal("requests of each instance", [30, 20], list(counts.values()))
    before, after = counts
    test.check("the second began before the first",
               starts[before] < starts[after])
    test.equal("ended", {before}, {p.resource["service.instance.id"]
                                   for p in points() if p.ended}, "contract")
