# SPDX-License-Identifier: GPL-2.0-only
"""Runs of a load under a state: the paired, timed ones, and the one that asks
the kernel for the run time of the programs.

Fed with a workload that is started and a state, yields Runs and Costs.
"""

import statistics
import time
from dataclasses import dataclass, field

import kernel
import states
from harness import Failure


@dataclass
class Run:
    """One measured load. cpu_ns: of the server, per request; own_ns: of the
    tracer, per exchange; others: CPUs taken by programs that are not ours,
    which disturb it."""

    cpu_ns: float
    rate: float
    p50: float
    p99: float
    others: float
    foreign: int = None  # programs of other tracers, of an untraced run
    own_ns: float = None
    rss: int = None
    missed: dict = field(default_factory=dict)


def once(bench, workload, state, scale=1.0):
    """Attach, warm up, measure, detach."""
    foreign = len(kernel.held_programs()) if state is states.NONE else None
    watch = state.watch(bench, workload)
    n = max(int(workload.requests * scale), 1)
    workload.beside()
    warm = workload.warm()
    workload.settle()
    own = watch.cpu_ns() if watch else 0
    machine = kernel.Others([*workload.pids, *([watch.pid] if watch else [])])
    before = kernel.cpu_ns(workload.pids)
    load = workload.load(n)
    workload.settle()
    spent = kernel.cpu_ns(workload.pids) - before
    run = Run(spent / load.requests, load.rate, load.p50, load.p99,
              machine.cpus(), foreign)
    workload.ended()
    if watch:
        finish(workload, state, watch, run, own, warm, load)
    return run


def finish(workload, state, watch, run, own, warm, load):
    exchanges = load.requests * workload.exchanges
    run.own_ns = (watch.cpu_ns() - own) / exchanges
    run.rss = kernel.memory_bytes(watch.pid)
    report = watch.stop()
    if state.reports:
        compare(workload, state, report, warm + load.requests)
        run.missed = states.missed(report)


def compare(workload, state, report, requests):
    requests = workload.expected(requests)
    counted = workload.counted(report)
    if counted != requests:
        raise Failure(f"{workload.name}, {state.name}: the load made "
                      f"{requests} requests, reqtrace counted {counted}; "
                      f"missed: {states.missed(report)}")


def mean(a, b):
    return None if a is None or b is None else (a + b) / 2


@dataclass
class Pair:
    """A run, and what it is held against: the untraced ones right before and
    right after it; in their mean a drift cancels out."""

    before: Run
    run: Run
    after: Run

    def base(self, name):
        return mean(getattr(self.before, name), getattr(self.after, name))

    def ratio(self, name):
        base, value = self.base(name), getattr(self.run, name)
        return value / base if base and value is not None else None

    def added(self):
        return self.run.cpu_ns - self.base("cpu_ns")


def rounds(bench, workload, chosen, count):
    """{state name: [Pair of each round]}; none, state, none, state, ... Of
    none itself, three untraced runs in a row now and then."""
    pairs = {state.name: [] for state in chosen}
    untraced = [once(bench, workload, states.NONE)]
    for number in range(count):
        for state in chosen:
            if number >= state.most_rounds:
                continue
            bench.progress(workload, state, number, count)
            run = once(bench, workload, state, state.scale)
            untraced.append(once(bench, workload, states.NONE))
            pairs[state.name].append(Pair(untraced[-2], run, untraced[-1]))
    return pairs, untraced


def spread(values):
    """(median, lower quartile, upper quartile), of what is there."""
    values = sorted(v for v in values if v is not None)
    if not values:
        return None
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, mid, high = statistics.quantiles(values, n=4, method="inclusive")
    return mid, low, high


@dataclass
class Cost:
    """What the programs of a tracer did, per exchange; programs: by name."""

    exchanges: int
    bpf_ns: float
    bpf_runs: float
    programs: dict
    own_ns: float
    rss: int
    attach_seconds: float
    series: int = None
    open: int = None  # connections that it follows at the end
    missed: dict = field(default_factory=dict)
    ring_bytes: float = None
    ring_peak: float = None  # of its size


def cost(bench, workload, state):
    """A load of its own, not timed, with the kernel's statistics on."""
    watch = state.watch(bench, workload)
    workload.beside()
    warm = workload.warm()
    workload.settle()
    with kernel.Statistics():
        ring = kernel.Ring(watch.pid) if state.reports else None
        before = kernel.programs(watch.pid)
        own = watch.cpu_ns()
        load = workload.load(workload.requests)
        workload.settle()
        delta = kernel.programs_delta(before, kernel.programs(watch.pid))
        own = watch.cpu_ns() - own
        passed = ring.close() if ring else None
    workload.ended()
    rss = kernel.memory_bytes(watch.pid)
    report = watch.stop()
    exchanges = load.requests * workload.exchanges
    result = Cost(
        exchanges=round(exchanges),
        bpf_ns=sum(ns for ns, _ in delta.values()) / exchanges,
        bpf_runs=sum(runs for _, runs in delta.values()) / exchanges,
        programs={name: {"ns": ns / exchanges, "runs": runs / exchanges}
                  for name, (ns, runs) in sorted(delta.items()) if runs},
        own_ns=own / exchanges, rss=rss,
        attach_seconds=watch.attach_seconds)
    if report:
        compare(workload, state, report, warm + load.requests)
        result.series = len(report["series"])
        result.open = sum(c["active"] for c in report["connections"])
        result.missed = states.missed(report)
        result.ring_bytes = passed / exchanges
        result.ring_peak = ring.peak / ring.size
    return result


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
