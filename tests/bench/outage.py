#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""reqtrace under full load while its collector is away: memory and CPU, a line
every half minute, and what has arrived when the collector is back.

    outage.py [SECONDS [CONNECTIONS]]     default 600 s, 50 connections

Redis is the load; the receiver is the OpenTelemetry Collector (make
receivers). As root.
"""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "e2e"))

from exported import DB_SERVER  # noqa: E402
from harness import Failure, Test, wait_until  # noqa: E402
from receivers import Collector  # noqa: E402
from services import Redis  # noqa: E402
from tracer import Tracer  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
ROUND = 100000  # requests of one run of the load


def memory(pid):
    """Resident and highest resident MB."""
    sizes = {}
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            key, _, rest = line.partition(":")
            if key in ("VmRSS", "VmHWM"):
                sizes[key] = int(rest.split()[0]) / 1024
    return sizes["VmRSS"], sizes["VmHWM"]


def cpu(pid):
    """Seconds of all its threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def run(test, seconds, connections):
    collector = Collector(test)
    collector.stop()
    redis = Redis(test)
    redis.quiet()
    tracer = Tracer.of(test, redis.pid, args=(
        "--otlp", collector.url, "--otlp-interval", "5", "--otlp-traces"))
    began, told, asked = time.monotonic(), -30.0, 0
    print(f"{'s':>4} {'requests':>10} {'MB':>6} {'peak MB':>8} {'CPU s':>7}")
    while time.monotonic() - began < seconds:
        asked += redis.benchmark("-t", "get", "-n", str(ROUND), "-c",
                                 str(connections))["GET"]
        now = time.monotonic() - began
        if now - told >= 30:
            told = now
            resident, peak = memory(tracer.pid)
            print(f"{now:4.0f} {asked:10} {resident:6.1f} {peak:8.1f} "
                  f"{cpu(tracer.pid):7.1f}", flush=True)
    collector.start()
    redis.quiet()

    def arrived():
        return collector.arrived().total(
            DB_SERVER, {"db.operation.name": "GET"}) == asked

    try:
        wait_until("all has arrived", arrived, 60, 0.5)
        print(f"back after {time.monotonic() - began:.0f} s: all arrived "
              "while tracing went on")
    except Failure:
        print("not all arrived while tracing went on")
    tracer.process.signal(signal.SIGINT)
    report = tracer.finish(60)
    total = collector.arrived().total(DB_SERVER, {"db.operation.name": "GET"})
    print(f"asked {asked}, in the report {report.operations(operation='GET')}"
          f", arrived {total}")
    return asked == total == report.operations(operation="GET")


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    connections = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    test = Test("outage")
    try:
        return 0 if run(test, seconds, connections) else 1
    finally:
        test.close()


if __name__ == "__main__":
    sys.exit(main())
