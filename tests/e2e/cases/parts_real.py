# SPDX-License-Identifier: GPL-2.0-only
"""Where the time of requests to real programs went: what is really known of
each, against the programs' own books and their clients'."""

import threading
import time

from cases.registry import case
from databases import Caller, Postgres
from harness import sockets, wait_until
from services import Node, Redis, client
from spending import Reported
from tracer import Tracer


def timed(redis, seconds, *words):
    began = time.monotonic()
    redis.command(*words)
    seconds.append(time.monotonic() - began)


@case()
def redis_debug_sleep(test):
    """A command that sleeps makes the others wait in their sockets: that is
    their receive queue, and nothing that they did."""
    redis = Redis(test, "--enable-debug-command", "yes")
    tracer = Tracer.of(test, redis.pid)
    slept, waited = [], []
    threads = [threading.Thread(target=timed, args=(
        redis, slept, "DEBUG", "SLEEP", "0.5"))]
    threads += [threading.Thread(target=timed, args=(
        redis, waited, "GET", "key")) for _ in range(8)]
    for thread in threads:
        thread.start()
        if thread is threads[0]:
            time.sleep(0.1)
    for thread in threads:
        thread.join()
    redis.quiet()
    report = tracer.stop().complete()
    get = Reported([report.one(operation="GET", role="server")])
    debug = Reported([s for s in report.series(role="server")
                      if s["operation"].startswith("DEBUG")])
    test.near("DEBUG's sleep", 0.5, debug.part["sleep"], source="case")
    test.near("DEBUG", sum(slept), debug.duration, 0.15)
    test.near("GETs", sum(waited), get.duration, 0.15)
    test.near("their receive queues", get.duration, get.part["receive_queue"],
              0.02, source="durations")
    test.check(f"what GETs did: {get.brief()}",
               get.part["cpu"] + get.part["cpu_other"] < 0.1)


@case(timeout=120)
def postgres_pgbench(test):
    """One client waits for the disk, and for no lock; eight that update the
    same rows wait for locks as well. PostgreSQL times its syncs itself."""
    database = Postgres(test)
    database.bench("-i", "-s", "1", "-q")
    reported = {}
    for clients in (1, 8):
        database.ask("SELECT pg_stat_reset_shared('wal')")
        database.quiet()
        tracer = Tracer.of(test, database.pid)
        done = database.bench("-n", "-c", str(clients), "-t", "150")
        test.equal("transactions", 150 * clients, done, "case")
        wait_until("its connections have ended",
                   lambda: not sockets(database.port))
        report = tracer.stop().complete()
        synced = float(database.ask(
            "SELECT wal_sync_time + wal_write_time FROM pg_stat_wal")) / 1e3
        r = Reported(report.series(role="server", port=database.port))
        reported[clients] = r
        # Seven statements a transaction, and what opens a connection.
        test.check(f"{r.operations} exchanges of {done} transactions",
                   7 * done <= r.operations <= 7 * done + 8 * clients)
        test.fact(f"{clients} clients: {r.brief()}; PostgreSQL synced "
                  f"{synced * 1e3:.0f} ms")
        # Its own figure is from before to after the call, whatever the
        # process did or waited for meanwhile.
        test.check(f"disk is {r.part['disk']} s, PostgreSQL synced {synced} s",
                   0.02 * synced < r.part["disk"] < 1.1 * synced)
        test.check(f"unattributed is {r.part['unattributed']} s",
                   r.part["unattributed"] < 0.02 * r.duration)
    lone, many = reported[1], reported[8]
    test.check(f"one client waited {lone.part['lock']} s for locks",
               lone.part["lock"] < 0.01 * lone.duration)
    # Row locks are waited for in epoll_wait, those of the log in a futex.
    test.check(f"eight clients waited {many.part['lock']} s for locks and "
               f"{many.part['poll']} s for rows",
               many.part["lock"] > 0.002 * many.duration and
               many.part["poll"] > many.part["lock"])
    database.end()


@case(timeout=90)
def calls_of_a_service(test):
    """What a service's requests call, by peer, is what the series of its
    calls say: the same counts, the same times."""
    redis, database = Redis(test), Postgres(test)
    caller = Caller(test, redis, database)
    tracer = Tracer.of(test, caller.pid)
    books = client(test, caller.to, "--path", "/orders/1", "--requests",
                   "200", "--threads", "2", "--close").wait_event("end")
    wait_until("its connections have ended", lambda: not sockets(caller.port))
    report = tracer.stop().complete()
    served = Reported(report.series(role="server", port=caller.port))
    test.equal("requests", books["responses"], served.operations)
    calls, waited = served.calls(), {}
    test.equal("peers", 2, len(calls), "service")
    for name, port in (("redis", redis.port), ("database", database.port)):
        test.check(f"calls are {calls}", port in calls)
        count, seconds, network = calls[port]
        out = Reported(report.series(role="client", port=port))
        test.equal(f"{name} calls", out.operations, count, "client series")
        test.near(f"{name} calls", out.duration, seconds, 0.02,
                  source="client series")
        waited[name] = seconds
        if name == "redis":
            test.check(f"redis: blocked {network} s of {seconds} s",
                       0 < network <= seconds)
    # libpq waits in poll(), and only then receives: that is no network part.
    polled = served.part["poll"]
    test.check(f"polled {polled} s of {waited['database']} s for the database",
               0.5 * waited["database"] < polled < 1.01 * waited["database"])
    split = sum(network for _, _, network in calls.values())
    own = sum(network for _, _, network in served.calls(own=True).values())
    test.near("network of all peers", served.part["network"], split + own,
              0.02, 1e-4, "parts")
    test.fact(served.brief())
    database.end()


@case()
def node_blocked_loop(test):
    """A handler that blocks the loop: those that have not been read wait in
    the receive queue, those that have been are held up by the CPU time of
    others."""
    node = Node(test)
    to = f"127.0.0.1:{node.port}"
    tracer = Tracer.of(test, node.pid)
    waiting = client(test, to, "--path", "/wait?ms=100", "--requests", "10")
    blocking = client(test, to, "--path", "/block?ms=50", "--requests", "20")
    others = client(test, to, "--path", "/items/1", "--requests", "400",
                    "--threads", "4")
    blocked = blocking.wait_event("end")
    books = others.wait_event("end")
    waited = waiting.wait_event("end")
    node.quiet()
    report = tracer.stop().complete()
    node.end()
    items = Reported(report.series(operation="GET /items/{id}"))
    block = Reported(report.series(operation="GET /block"))
    wait = Reported(report.series(operation="GET /wait"))
    test.near("blocking", blocked["sum"], block.duration, 0.15)
    # Besides the handlers' 20 times 50 ms only what a busy machine adds.
    ran = sum(block.part[p] for p in ("cpu", "cpu_other", "run_queue"))
    test.check(f"its cpu and run queue are {ran} s of {block.duration} s",
               0.95 < ran < 1.05 + blocked["sum"] - 1.0)
    test.near("of others", books["sum"], items.duration, 0.15)
    held_up = items.part["receive_queue"] + items.part["cpu_other"]
    test.check(f"others were held up for {held_up} of {items.duration} s",
               held_up > 0.5 * items.duration)
    test.check(f"others' own cpu is {items.part['cpu']} s",
               items.part["cpu"] < 0.002 * items.operations)
    test.near("timers", waited["sum"], wait.duration, 0.15)
    test.check(f"what timers' requests waited for: {wait.part}",
               wait.part["poll"] + wait.part["cpu_other"]
               + wait.part["receive_queue"] + wait.part["run_queue"]
               > 0.9 * wait.duration and wait.part["cpu_other"] > 0.1)
    test.fact(f"timers: {wait.brief()}")
