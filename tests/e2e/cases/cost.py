# SPDX-License-Identifier: GPL-2.0-only
"""What tracing costs: the run time of the BPF programs, as the kernel keeps
it. Printed, not judged: the machine that runs the tests is shared."""

import json
import os
import subprocess

from cases.registry import case
from harness import need
from services import Redis
from tracer import Tracer

STATISTICS = "/proc/sys/kernel/bpf_stats_enabled"
REQUESTS = 50000
SCHEDULER = {"rt_switch", "rt_waking", "rt_wakeup_new", "rt_thread_fork",
             "rt_thread_exit"}


class Statistics:
    """The kernel's run-time statistics, on for as long as this lives."""

    def __enter__(self):
        with open(STATISTICS) as f:
            self.before = f.read()
        self._set("1")
        return self

    def __exit__(self, *_):
        self._set(self.before)

    @staticmethod
    def _set(value):
        with open(STATISTICS, "w") as f:
            f.write(value)


def descriptors(pid, key):
    """The ids of that kind ("prog_id", "map_id") that a process holds."""
    found = set()
    base = f"/proc/{pid}/fdinfo"
    for fd in os.listdir(base):
        with open(os.path.join(base, fd)) as f:
            found |= {int(line.split()[1]) for line in f
                      if line.startswith(key + ":")}
    return found


def programs(tracer):
    """{name: (runs, ns)} of the programs that this reqtrace has loaded."""
    ids = descriptors(tracer.pid, "prog_id")
    shown = subprocess.run(["bpftool", "-j", "prog", "show"], check=True,
                           capture_output=True).stdout
    return {p["name"]: (p.get("run_cnt", 0), p.get("run_time_ns", 0))
            for p in json.loads(shown) if p["id"] in ids}


def measure(test, *options):
    """Programs of a run under redis-benchmark, and its report."""
    redis = Redis(test)
    tracer = Tracer.of(test, redis.pid, args=options)
    redis.benchmark("-t", "get", "-n", str(REQUESTS), "-c", "32")
    redis.quiet()
    ran = programs(tracer)
    report = tracer.stop().complete()
    return ran, report


@case(timeout=120)
def cost_of_parts(test):
    """Without parts nothing is hooked into the scheduler; with them the run
    time of the programs an exchange and a context switch is printed."""
    need("bpftool", "redis-benchmark")
    with Statistics():
        whole, report = measure(test)
        latency, bare = measure(test, "--no-parts")
    test.check(f"the scheduler programs ran: {whole}",
               all(whole[name][0] for name in ("rt_switch", "rt_waking")))
    test.check(f"scheduler programs without parts: {latency}",
               not SCHEDULER & set(latency))
    test.check("parts without their programs",
               all(s["breakdown"] is None for s in bare.series()))
    for name, ran, of in (("with parts", whole, report),
                          ("without", latency, bare)):
        exchanges = of.coverage["exchanges"]
        total = sum(ns for _, ns in ran.values())
        test.check(f"{name}: {ran}", total > 0)
        test.fact(f"{name} {total / exchanges:.0f} ns an exchange")
    for name in ("rt_switch", "rt_waking"):
        runs, ns = whole[name]
        test.fact(f"{name} {ns / runs:.0f} ns a run")
