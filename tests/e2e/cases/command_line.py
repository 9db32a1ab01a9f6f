# SPDX-License-Identifier: GPL-2.0-only
"""Options that end, direct or describe a run."""

import json
import os
import time

import engine
from cases.registry import case
from harness import REQTRACE
from services import PeerServer
from tracer import ATTACHED, Report, Tracer


@case()
def duration_option(test):
    """-d 2 ends by itself after 2 s, well."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, args=("-d", "2"))
    begin = time.monotonic()
    books = server.load("--requests", "15")
    report = tracer.finish()
    took = time.monotonic() - begin
    test.check(f"took {took:.2f} s", 1.7 < took < 4)
    test.equal("exchanges", books["responses"], report.exchanges())
    test.near("window", 2, report.data["window"]["seconds"], share=0.1,
              source="option")


@case()
def json_on_stdout(test):
    """--json - gives the report on stdout, as one JSON text."""
    server = PeerServer(test)
    process = test.start([REQTRACE, "--json", "-", "-p", server.pid, "-d",
                          "1.5"], name="reqtrace")
    process.wait_output(ATTACHED, stream="stderr")
    books = server.load("--requests", "15")
    test.equal("exit status", 0, process.wait(10), "contract")
    report = Report.load(process.stdout_path)
    test.equal("exchanges", books["responses"], report.exchanges())


@case(guests=True)
def report_names_the_process(test):
    """Processes, tool, host and window of the report are those of the run, and
    it says what the engine does not see."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    before = time.time()
    server.load("--requests", "1")
    server.rest()
    report = tracer.stop()
    process = [p for p in report.data["processes"] if p["pid"] == server.pid]
    test.equal("comm", "peer_server", process[0]["comm"], "kernel")
    test.equal("exe", os.path.realpath(f"/proc/{server.pid}/exe"),
               process[0]["exe"], "kernel")
    test.equal("ppid", os.getpid(), process[0]["ppid"], "kernel")
    test.equal("kernel", os.uname().release, report.data["host"]["kernel"],
               "uname")
    test.equal("cpus", os.cpu_count(), report.data["host"]["cpus"], "kernel")
    test.equal("engine", engine.used(), report.data["tool"]["engine"],
               "stderr")
    lost = report.data["tool"]["lost"]
    test.equal(f"without arrivals ({len(lost)} lost)",
               not engine.has("arrival"),
               any("start at the read" in what for what in lost), "engine")
    window = report.data["window"]
    test.check(f"window {window}", window["start"] - 1 < before
               < window["end"] + 1)
    test.check("no resident memory", report.cost["rss_bytes"] > 1 << 20)
    test.fact(f"resident {report.cost['rss_bytes'] / (1 << 20):.1f} MiB")


@case(traces=False)
def help_and_version(test):
    """They need no root, and name what the design names."""
    text = test.run([REQTRACE, "--help"]).stdout()
    for option in ("--pid", "--port", "--comm", "--all", "--duration",
                   "--interval", "--json", "--engine", "--record", "--ring",
                   "--by"):
        test.check(f"--help lacks {option}", option in text)
    version = test.run([REQTRACE, "--version"]).stdout().strip()
    test.check(f"--version says {version!r}", any(c.isdigit()
                                                  for c in version))
    test.fact(f"version {json.dumps(version)}")
