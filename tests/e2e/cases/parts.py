# SPDX-License-Identifier: GPL-2.0-only
"""Where the time of requests went: a service that spends known time on known
causes and keeps its own books, in every shape of threads and loops."""

import os

from cases.registry import case, case_for
from spending import (CAUSES, MODES, PART_OF, SHARE, SLACK, Reported, Service,
                      Upstreams, compare)
from tracer import Tracer

REQUESTS = 20
US = 5000
MIXED = {cause: 2000 for cause in CAUSES}

# One thread reads, handles and answers: nothing of it need be unplaced.
ONE_THREAD = ("thread", "pool", "prefork", "epoll", "uring")


def spend_all(services):
    """Each cause alone, then all one after another."""
    for cause in CAUSES:
        services[cause].spend(f"/{cause}", REQUESTS, **{cause: US})
    services["mixed"].spend("/mixed", 10, **MIXED)


def check_calls(test, what, truth, reported, upstreams):
    """The calls out, by the service's books: how many, how long, blocked."""
    calls = reported.calls()
    expected = {}
    for cause, server in (("tcp", upstreams.tcp), ("unix", upstreams.unix)):
        if cause in truth.causes:
            expected[cause] = truth.causes[cause]
    test.equal(f"{what}: peers called", len(expected), len(calls), "service")
    for cause, spent in expected.items():
        if cause == "tcp":
            found = [v for peer, v in calls.items()
                     if peer.endswith(f":{upstreams.tcp.port}")]
        else:
            found = [v for peer, v in calls.items()
                     if not peer.endswith(f":{upstreams.tcp.port}")]
        test.check(f"{what}: calls are {calls}", len(found) == 1)
        count, seconds, network = found[0]
        test.equal(f"{what} calls by {cause}", spent["count"], count,
                   "service")
        slack = truth.slack()
        test.near(f"{what} calls by {cause}", spent["wall"], seconds, SHARE,
                  slack, "service")
        test.near(f"{what} blocked by {cause}",
                  spent["wall"] - spent["cpu"] - spent["wait"], network,
                  SHARE, slack, "service")


def check_path(test, mode, path, truth, reported, upstreams):
    what = f"{mode} {path}"
    main = {PART_OF[c] for c in truth.causes if c in PART_OF}
    compare(test, what, truth, reported, main if len(main) == 1 else ())
    test.near(f"{what} handling", truth.whole["wall"], reported.handling(),
              SHARE, truth.slack(), "service")
    unknown = reported.part["handoff"] + reported.part["unattributed"]
    if mode in ONE_THREAD:
        test.check(f"{what}: handoff and unattributed are "
                   f"{unknown / reported.duration:.1%} of the duration",
                   unknown < 0.02 * reported.duration)
    check_calls(test, what, truth, reported, upstreams)


@case_for(MODES, timeout=90)
def parts_of_causes(test, mode):
    """Each cause alone and all in one request: every part is what the service
    has spent on it, within 5 % or 200 us a request."""
    upstreams = Upstreams(test)
    names = (*CAUSES, "mixed")
    if mode == "uring":  # no operations there: a process for each cause
        services = {name: Service(test, mode, upstreams) for name in names}
    else:
        service = Service(test, mode, upstreams)
        services = {name: service for name in names}
    servers = set(services.values())
    tracer = Tracer.of(test, *(s.pid for s in servers))
    spend_all(services)
    for server in servers:
        server.quiet()
    report = tracer.stop().complete()
    truths = {s: s.end() for s in servers}
    for name, server in services.items():
        keys = {"role": "server", "port": server.port}
        if mode != "uring":
            keys["operation"] = f"GET /{name}"
        check_path(test, mode, name, truths[server][f"/{name}"],
                   Reported(report.series(**keys)), upstreams)


@case_for(("thread", "prefork"))
def parts_on_busy_cpus(test, mode):
    """Twice as many busy threads as CPUs: the wait for a CPU is what the
    scheduler itself has counted."""
    threads = 2 * os.cpu_count()
    service = Service(test, mode, None, "--workers", str(threads))
    tracer = Tracer.of(test, service.pid)
    service.spend("/cpu", 10 * threads, "--threads", str(threads), cpu=20000)
    service.quiet()
    report = tracer.stop().complete()
    truth = service.end()["/cpu"]
    test.check("the CPUs were not busy",
               truth.whole["wait"] > 0.5 * truth.whole["cpu"])
    reported = Reported(report.series(operation="GET /cpu"))
    compare(test, mode, truth, reported, ("cpu", "run_queue"))


@case()
def parts_on_an_event_loop(test):
    """Four connections on a loop that serves one after another: what the
    others take is in the receive queue, and nowhere else."""
    service = Service(test, "epoll")
    tracer = Tracer.of(test, service.pid)
    books = service.spend("/cpu", 80, "--threads", "4", cpu=5000)
    service.quiet()
    report = tracer.stop().complete()
    truth = service.end()["/cpu"]
    reported = Reported(report.series(operation="GET /cpu"))
    compare(test, "loop", truth, reported, ("cpu",))
    test.near("durations", books["sum"], reported.duration, SHARE,
              SLACK * 80)
    test.near("receive queue", books["sum"] - truth.whole["wall"],
              reported.part["receive_queue"], SHARE, SLACK * 80, "books")
    test.check("nobody waited", reported.part["receive_queue"] >
               reported.part["cpu"])


@case()
def parts_of_requests_read_together(test):
    """A loop that reads all requests before it handles the first: which of
    them it then works for cannot be seen, but what it did can."""
    service = Service(test, "batch")
    tracer = Tracer.of(test, service.pid)
    service.spend("/cpu", 80, "--threads", "4", cpu=5000)
    service.quiet()
    report = tracer.stop().complete()
    truth = service.end()["/cpu"]
    reported = Reported(report.series(operation="GET /cpu"))
    own = truth.causes["cpu"]["cpu"]
    test.check("none waited for another", truth.whole["cpu"] > 1.5 * own)
    reported.part["cpu"] += reported.part["cpu_other"]
    compare(test, "loop", truth, reported, ("cpu",), ("cpu_other",))


@case()
def parts_of_a_busy_dispatcher(test):
    """One worker for four connections: a request that the worker found in
    the queue was handed over unseen. That time is in handoff, and no part is
    more than was spent on it."""
    service = Service(test, "dispatch", None, "--workers", "1")
    tracer = Tracer.of(test, service.pid)
    service.spend("/sleep", 80, "--threads", "4", sleep=5000)
    service.quiet()
    report = tracer.stop().complete()
    truth = service.end()["/sleep"]
    reported = Reported(report.series(operation="GET /sleep"))
    slack = truth.slack()
    test.near("handling", truth.whole["wall"], reported.handling(), SHARE,
              slack, "service")
    test.check("nothing waited in the queue",
               truth.wall("handoff") > truth.wall("sleep"))
    handoff = reported.part["handoff"]
    test.check(f"handoff: service {truth.wall('handoff')} s, reqtrace "
               f"{handoff} s", handoff > truth.wall("handoff") * 0.95)
    for part, (_, most) in truth.parts().items():
        if part != "handoff":
            test.check(f"{part}: service {most} s, reqtrace "
                       f"{reported.part[part]} s",
                       reported.part[part] <= most * (1 + SHARE) + slack)
    test.fact(f"handoff {handoff * 1e3:.1f} ms, in the queue "
              f"{truth.wall('handoff') * 1e3:.1f} ms")


@case()
def parts_of_two_workers(test):
    """Requests by two connections to idle workers: the wake-up shows who
    handles, and little is left to handoff."""
    service = Service(test, "dispatch")
    tracer = Tracer.of(test, service.pid)
    service.spend("/sleep", 40, "--threads", "2", sleep=5000)
    service.quiet()
    report = tracer.stop().complete()
    truth = service.end()["/sleep"]
    reported = Reported(report.series(operation="GET /sleep"))
    compare(test, "dispatch", truth, reported, ("sleep",))
