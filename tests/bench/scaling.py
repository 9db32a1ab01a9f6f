# SPDX-License-Identifier: GPL-2.0-only
"""Whether an exchange costs more where there is more of everything: open
connections, traced processes, series. And what a tracer costs at rest.

Each check starts all its variants, measures them in turn, and yields a row a
variant; the first is what the others are held against.
"""

import os
import re
import resource
import statistics
import sys
import time

import kernel
import measure
import states
from harness import Failure, wait_until
from services import Redis
from workloads import Nginx, RedisGet

HOLD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hold.py")
CONNECTIONS = (1, 1000, 50000)
PROCESSES = (1, 500)
SERIES_PORTS, SERIES_PATHS = 10, 199
IDLE_SECONDS, QUICK_SECONDS = 20, 4
CONNECTIONS_AT_REST = 32
ROUNDS = 3


class Crowd(RedisGet):
    """The usual load on a redis beside which there are idle connections: to
    as many other traced servers as it takes, where the files that one process
    may have are limited."""

    def __init__(self, idle):
        super().__init__("connections", f"{idle:,} idle connections", 0)
        self.idle = idle

    def begin(self):
        super().begin()
        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = min(allowed, 65536) - 1000
        for first in range(0, self.idle, most):
            self.keep_idle(min(most, self.idle - first))

    def keep_idle(self, count):
        server = Redis(self.bench.test, "--maxclients", count + 100,
                       "--tcp-backlog", 4096, "--protected-mode", "no")
        hold(self.bench, "connections", server.port, count)
        wait_until(f"{count} connections", lambda: connected(server) > count)
        self.traced = [*self.traced, server.pid]

    def places(self, place):
        return [(self.server.pid, place.server)]

    def counted(self, report):
        """Only if the tracer has the idle ones, too."""
        joined = sum(c["joined"] for c in report["connections"])
        if joined != self.idle:
            raise Failure(f"{self.idle} connections are open, reqtrace knows "
                          f"of {joined}")
        return super().counted(report)


class Family(RedisGet):
    """The usual load, and idle processes that are traced as well."""

    def __init__(self, count):
        super().__init__("processes", f"{count} traced processes", 0)
        self.others = count - 1

    def begin(self):
        super().begin()
        if self.others:
            # One of them is the parent of the rest.
            holder = hold(self.bench, "processes", self.others - 1)
            self.traced = [self.server.pid, holder.pid]

    def places(self, place):
        return [(self.server.pid, place.server)]


class Paths(Nginx):
    """Many operations: as many ports as it takes, as the operations of one
    are bounded."""

    SCRIPT = """
local next_thread, n, requests = 0, 0, {{}}
function setup(thread)
    thread.addr = wrk.lookup("127.0.0.1", {port} + next_thread)[1]
    next_thread = next_thread + 1
end
function init(args)
    local letters = "bcdfghklmnprstvw"
    for i = 0, {paths} - 1 do
        local a, b = i % 16 + 1, math.floor(i / 16) + 1
        requests[i] = wrk.format("GET", "/series/" .. letters:sub(a, a) ..
                                 "a" .. letters:sub(b, b) .. "o")
    end
end
function request()
    n = n + 1
    return requests[n % {paths}]
end
"""

    def __init__(self, paths):
        super().__init__("series", f"{paths * SERIES_PORTS:,} operations",
                         path="/series/bako")
        self.paths, self.ports = paths, SERIES_PORTS

    def arguments(self):
        script = self.bench.test.path(f"series-{self.paths}.lua")
        with open(script, "w") as f:
            f.write(self.SCRIPT.format(port=self.port, paths=self.paths))
        return ["-t", self.ports, "-c", self.ports * 4, "-s", script]


def connected(server):
    """Clients of a redis, the one that asks included."""
    info = server.command("INFO", "clients").decode()
    return int(re.search(r"connected_clients:(\d+)", info)[1])


def hold(bench, what, *numbers):
    process = bench.test.start([sys.executable, HOLD, what, *numbers],
                               name="hold")
    process.wait_output("held", 60)
    return process


def compared(bench, variants, rounds):
    """{label: row} of workloads that run side by side, one at a time."""
    costs = {w.label: [] for w in variants}
    for workload in variants:
        workload.start(bench)
    for number in range(rounds):
        for workload in variants:
            bench.progress(workload, states.WHOLE, number, rounds)
            costs[workload.label].append(
                measure.cost(bench, workload, states.WHOLE))
    return {label: row(found) for label, found in costs.items()}


def row(costs):
    def median(name):
        return statistics.median(getattr(c, name) for c in costs)
    missed = {}
    for cost in costs:
        missed.update(cost.missed)
    return {"bpf_ns": median("bpf_ns"), "bpf_runs": median("bpf_runs"),
            "own_ns": median("own_ns"), "series": costs[-1].series,
            "open": costs[-1].open,
            "rss_bytes": max(c.rss for c in costs),
            "attach_seconds": median("attach_seconds"), "missed": missed}


def connections(bench, rounds):
    return compared(bench, [Crowd(n) for n in CONNECTIONS], rounds)


def processes(bench, rounds):
    return compared(bench, [Family(n) for n in PROCESSES], rounds)


def series(bench, rounds):
    return compared(bench, [Paths(1), Paths(SERIES_PATHS)], rounds)


def at_rest(bench, _rounds):
    """CPU of the tracer, of one core, while its target has nothing to do but
    keep connections open; it refreshes each second, as on a terminal."""
    seconds = QUICK_SECONDS if bench.options.quick else IDLE_SECONDS
    rows = {}
    for idle in (CONNECTIONS_AT_REST, CONNECTIONS[-1]):
        workload = Crowd(idle)
        workload.start(bench)
        watch = states.ReqtraceWatch(bench, workload, ("-i", "1"))
        time.sleep(1)
        before = watch.cpu_ns()
        time.sleep(seconds)
        share = (watch.cpu_ns() - before) / 1e9 / seconds
        rows[workload.label] = {"core_share": share, "seconds": seconds,
                                "rss_bytes": kernel.memory_bytes(watch.pid)}
        watch.stop()
        bench.end_all()
    return rows


CHECKS = {"connections": connections, "processes": processes,
          "series": series, "idle": at_rest}
