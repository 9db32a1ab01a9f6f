# SPDX-License-Identifier: GPL-2.0-only
"""Export that is asked for wrongly or cannot work: one clear sentence; and
what OpenTelemetry's environment variables mean to the whole program."""

import os
import signal
import socket
import time
import urllib.error
import urllib.request

from cases.misuse import refused
from cases.registry import add, case, case_for
from exported import DB_SERVER
from faults import Faults
from harness import SLOW, free_port, wait_until
from services import PeerServer, Redis
from tracer import Report, Tracer

SECRET = "s3cr3t-of-the-environment"
FLUSH = 5  # seconds that the last figures may take
GET = {"db.operation.name": "GET"}

USAGE = {
    "scheme": (["--otlp=ftp://127.0.0.1:4318"], ("ftp", "http")),
    "no-host": (["--otlp=http://"], ("http://",)),
    "interval-0": (["--otlp", "--otlp-interval", "0"], ("0",)),
    "interval-word": (["--otlp", "--otlp-interval", "soon"], ("soon",)),
    "protocol": (["--otlp", "--otlp-protocol", "smtp"], ("smtp",)),
    "compression": (["--otlp", "--otlp-compression", "zip"], ("zip",)),
    "temporality": (["--otlp", "--otlp-temporality", "now"], ("now",)),
    "histogram": (["--otlp", "--otlp-histogram", "flat"], ("flat",)),
    "rate": (["--otlp-traces", "--otlp-traces-rate", "-1"], ("-1",)),
    "header-without-value": (["--otlp", "--otlp-header", "x-token"],
                             ("NAME=VALUE", "x-token")),
    "header-with-blank": (["--otlp", "--otlp-header", "a b=s3cr3t"],
                          ("NAME=VALUE",)),
    "header-two-lines": (["--otlp", "--otlp-header", "a=b\r\nc: d"],
                         ("NAME=VALUE",)),
    "listen-port": (["--listen=127.0.0.1:70000"], ("70000",)),
    "without-otlp": (["--otlp-interval", "5"], ("--otlp",)),
}


def register_usage(name, arguments, words):
    what = " ".join(arguments).encode("unicode_escape").decode()

    def run(test):
        refused(test, what, 2, [*arguments, "-p", "1"], words)
    run.__doc__ = f"Wrong usage: reqtrace {what}"
    add(f"export-usage-{name}", run, 20, False)


for _name, (_arguments, _words) in USAGE.items():
    register_usage(_name, _arguments, _words)


@case(traces=False)
def export_of_a_recording(test):
    """--otlp with replay: there is nobody to tell what is over."""
    refused(test, "replay", 2, ["--otlp", "replay", "recording"],
            ("replay", "recording"))


@case_for(("ca", "cert", "key"))
def export_file_missing(test, which):
    """A file that cannot be read is found out before tracing."""
    server = PeerServer(test)
    path = test.path("none.pem")
    options = [f"--otlp-{which}", path]
    if which == "key":
        with open(test.path("cert.pem"), "w", encoding="ascii") as f:
            f.write("no certificate\n")
        options += ["--otlp-cert", test.path("cert.pem")]
    refused(test, which, 1, ["--otlp", "https://127.0.0.1:1", *options, "-p",
                             str(server.pid)], (path,))


@case()
def export_port_taken(test):
    """The port of --listen is taken: said before tracing."""
    server = PeerServer(test)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(test, "port taken", 1, ["--listen", f"127.0.0.1:{port}", "-p",
                                        str(server.pid)],
                (f"port {port} of 127.0.0.1 is in use",))


def privileged_port():
    """A free port for which it takes rights to listen (where that is so)."""
    for port in range(1023, 600, -1):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port below 1024 is free")


@case()
def export_port_privileged(test):
    """--listen below 1024: bound before the rights to do so are dropped."""
    server = PeerServer(test)
    port = privileged_port()
    tracer = Tracer.of(test, server.pid,
                       args=("--listen", f"127.0.0.1:{port}"))
    url = f"http://127.0.0.1:{port}/healthz"
    with urllib.request.urlopen(url, timeout=15) as reply:
        test.equal("health", 200, reply.status)
    tracer.stop()


@case_for(("port", "ca"))
def export_command_not_run(test, what):
    """What cannot be exported is said before the command does anything."""
    ran = test.path("ran")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options, words = {
            "port": (["--listen", f"127.0.0.1:{port}"], "is in use"),
            "ca": (["--otlp", "https://127.0.0.1:1", "--otlp-ca",
                    test.path("none.pem")], "none.pem"),
        }[what]
        refused(test, what, 1, [*options, "--", "touch", ran], (words,))
    time.sleep(0.3)
    test.equal("the command ran", False, os.path.exists(ran))


@case()
def export_no_such_host(test):
    """A host that nobody knows: tracing goes on, it is said once, and the
    report is whole; the exit status says that figures were not delivered."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid, args=(
        "--otlp", "http://nobody.invalid:4318", "--otlp-interval", "0.3"))
    said = tracer.process.wait_output("metrics do not arrive",
                                      stream="stderr", timeout=20)
    test.check(f"it said {said!r}", "nobody.invalid" in said)
    books = server.load("--path", "/items/1", "--requests", "20")
    server.quiet()
    tracer.process.signal(signal.SIGINT)
    test.equal("exit status", 1, tracer.process.wait(15), "documented")
    report = Report.load(tracer.json)
    test.equal("requests", books["responses"],
               report.exchanges(port=server.port, role="server"))
    test.equal("sentences", 1, tracer.process.stderr().count(
        "do not arrive: "), "contract")


@case_for((signal.SIGINT, signal.SIGTERM), timeout=40)
def export_hang_at_the_end(test, number):
    """A collector that never answers: the end comes within the deadline, with
    the report; SIGUSR1 is answered meanwhile."""
    faults = Faults(test)
    faults.mode("hang")
    redis = Redis(test)
    tracer = Tracer.of(test, redis.pid, args=(
        "--otlp", faults.url("http"), "--otlp-interval", "0.3"))
    wait_until("a request hangs", lambda: faults.totals()["requests"], 10)
    redis.command("PING")
    began = time.monotonic()
    tracer.process.signal(signal.SIGUSR1)
    tracer.wait_text("PING", 3)
    test.near("report while a request hangs", 0, time.monotonic() - began, 0,
              1.5)
    began = time.monotonic()
    tracer.process.signal(number)
    status = tracer.process.wait(FLUSH + 5)
    took = time.monotonic() - began
    test.check(f"the end took {took:.1f} s", took < (FLUSH + 1) * SLOW)
    test.equal("exit status", 1, status, "documented")
    test.equal("PINGs", 1, Report.load(tracer.json).operations(operation="PING"))


@case_for(("endpoint", "path", "metrics", "grpc", "json"))
def export_environment(test, form):
    """OTEL_EXPORTER_OTLP_*: the endpoint with a path before the signal's, a
    metrics endpoint as it is, headers, protocol, compression."""
    faults = Faults(test)
    faults.mode("ok")
    http_url = faults.url("http")
    env = {"endpoint": {"ENDPOINT": http_url},
           "path": {"ENDPOINT": http_url + "/some/where/"},
           "metrics": {"ENDPOINT": "http://127.0.0.1:1",
                       "METRICS_ENDPOINT": http_url + "/as/it/is"},
           "grpc": {"ENDPOINT": faults.url("rawGrpc"), "PROTOCOL": "grpc",
                    "COMPRESSION": "gzip"},
           "json": {"ENDPOINT": http_url, "PROTOCOL": "http/json",
                    "METRICS_COMPRESSION": "gzip"}}[form]
    env["HEADERS"] = f"x-first=a%20b,authorization=Bearer%20{SECRET}"
    variables = [f"OTEL_EXPORTER_OTLP_{k}={v}" for k, v in env.items()]
    redis = Redis(test)
    tracer = Tracer.of(test, redis.pid, args=("--otlp",), prefix=(
        "env", *variables, "OTEL_METRIC_EXPORT_INTERVAL=300"))
    done = redis.benchmark("-t", "get", "-n", "500", "-c", "5")["GET"]
    redis.quiet()
    wait_until("they arrive", lambda: faults.arrived().total(
        DB_SERVER, GET) == done, 10, 0.1)
    tracer.stop().complete()
    totals = faults.totals()
    headers = totals["headers"]
    test.equal("GETs", done, faults.arrived().total(DB_SERVER, GET))
    test.equal("headers", ("a b", f"Bearer {SECRET}"),
               (headers["x-first"], headers["authorization"]), "environment")
    test.equal("not decoded", 0, totals["undecoded"], "collector")
    if form == "grpc":
        test.equal("compression", "gzip", headers["grpc-encoding"],
                   "environment")
    else:
        path = {"path": "/some/where/v1/metrics", "metrics": "/as/it/is"}.get(
            form, "/v1/metrics")
        test.equal("path", path, totals["path"], "environment")
    if form == "json":
        test.equal("compression", ("gzip", "application/json"),
                   (headers["content-encoding"], headers["content-type"]),
                   "environment")
    said = tracer.process.stdout() + tracer.process.stderr()
    test.check("a header is in an output", SECRET not in said)


@case(timeout=60)
def export_listen_under_load(test):
    """/metrics and /healthz answer while redis is under full load; the last
    scrape has every GET; other paths are not there."""
    redis = Redis(test)
    root = f"http://127.0.0.1:{free_port()}"
    tracer = Tracer.of(test, redis.pid,
                       args=("--listen", root.removeprefix("http://")))
    load = redis.start_benchmark("-t", "get", "-n", "40000", "-c", "20")
    slowest, scrapes = 0, 0
    while load.running() or scrapes < 3:
        began = time.monotonic()
        for path in ("/metrics", "/healthz"):
            with urllib.request.urlopen(root + path, timeout=10) as answer:
                test.equal(f"GET {path}", 200, answer.status, "HTTP")
                answer.read()
        slowest = max(slowest, time.monotonic() - began)
        scrapes += 1
        time.sleep(0.2)
    redis.quiet()

    def counted():
        with urllib.request.urlopen(root + "/metrics", timeout=10) as answer:
            return sum(
                float(line.rsplit(" ", 1)[1])
                for line in answer.read().decode().splitlines()
                if line.startswith(
                    "reqtrace_db_server_operation_duration_seconds_count")
                and 'db_operation_name="GET"' in line)

    wait_until("a scrape has all", lambda: counted() == 40000, 10, 0.3)
    try:
        with urllib.request.urlopen(root + "/other", timeout=10) as answer:
            status = answer.status
    except urllib.error.HTTPError as e:
        status = e.code
    test.equal("GET /other", 404, status, "HTTP")
    report = tracer.stop().complete()
    test.equal("GETs", 40000, report.operations(operation="GET"))
    test.check(f"a scrape took {slowest:.1f} s", slowest < 3 * SLOW)
    del test.facts[:-1]
    test.fact(f"{scrapes} scrapes, the slowest {slowest * 1e3:.0f} ms")
