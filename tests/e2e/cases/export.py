# SPDX-License-Identifier: GPL-2.0-only
"""What is exported, as real receivers have it: counts equal those of the load
generator, buckets those of the report."""

import signal

from cases.registry import case, case_for
from exported import (DB_SERVER, HTTP_SERVER, compare_durations,
                      compare_quantile)
from harness import free_port, wait_until
from receivers import Authority, Collector, Payloads, Victoria, scrape
from services import Gunicorn, Nginx, Redis, ab
from tracer import Tracer

REQUESTS = 20000


def redis_run(test, *args, count=REQUESTS):
    """redis-benchmark under reqtrace with these options; the report."""
    redis = Redis(test)
    redis.quiet()
    tracer = Tracer.of(test, redis.pid, args=args)
    done = redis.benchmark("-t", "get", "-n", str(count), "-c", "20")
    redis.quiet()
    report = tracer.stop().complete()
    test.equal("GETs in the report", done["GET"],
               report.operations(operation="GET"))
    return redis, report


def compare_redis(test, redis, report, arrived):
    """The client's count and the report's buckets, in what has arrived."""
    got = arrived.total(DB_SERVER, {"db.operation.name": "GET"})
    test.equal("GETs that arrived", REQUESTS, got)
    compare_durations(test, report, arrived, DB_SERVER, pid=redis.pid,
                      role="server")


FORMS = {
    "http": ("http", []),
    "http-gzip": ("http", ["--otlp-compression", "gzip"]),
    "http-json": ("http", ["--otlp-protocol", "http/json"]),
    "grpc": ("grpc", ["--otlp-protocol", "grpc"]),
    "grpc-gzip": ("grpc", ["--otlp-protocol", "grpc",
                           "--otlp-compression", "gzip"]),
    "delta": ("http", ["--otlp-temporality", "delta"]),
}


@case_for(FORMS, timeout=120)
def export_collector(test, form):
    """20,000 GETs in the OpenTelemetry Collector, whatever the way there."""
    protocol, options = FORMS[form]
    collector = Collector(test, protocol)
    redis, report = redis_run(test, "--otlp", collector.url,
                              "--otlp-interval", "1", *options)
    compare_redis(test, redis, report, collector.arrived())


@case_for(("cumulative", "delta"), timeout=120)
def export_payloads(test, temporality):
    """Every payload as it is sent, decoded by the official .proto files."""
    payloads = Payloads(test)
    redis, report = redis_run(test, "--otlp", payloads.url,
                              "--otlp-interval", "0.1", "--otlp-temporality",
                              temporality)
    test.check("only one request came", len(payloads.bodies) > 1)
    compare_redis(test, redis, report, payloads.arrived())
    test.fact(f"{len(payloads.bodies)} requests decoded")


@case_for(("http", "grpc"), timeout=120)
def export_tls(test, protocol):
    """Over TLS, with a CA of its own and a client's certificate."""
    authority = Authority(test, mutual=True)
    collector = Collector(test, protocol, authority)
    options = ["--otlp-protocol", "grpc"] if protocol == "grpc" else []
    redis, report = redis_run(
        test, "--otlp", collector.url, "--otlp-interval", "1", "--otlp-ca",
        authority.ca, "--otlp-cert", authority.client_cert, "--otlp-key",
        authority.client_key, *options)
    compare_redis(test, redis, report, collector.arrived())


@case(timeout=120)
def export_tls_unknown_authority(test):
    """A collector whose certificate nobody vouches for gets nothing, and the
    run says so."""
    authority = Authority(test)
    collector = Collector(test, "http", authority)
    redis = Redis(test)
    tracer = Tracer.of(test, redis.pid,
                       args=("--otlp", collector.url, "--otlp-interval", "1"))
    redis.command("PING")
    tracer.process.wait_output("do not arrive", stream="stderr", timeout=20)
    tracer.process.signal(signal.SIGINT)
    test.equal("exit status", 1, tracer.process.wait(), "documented")
    test.check(f"it ended with {tracer.process.stderr()[-300:]!r}",
               "the last metrics did not arrive" in tracer.process.stderr())
    test.equal("points that arrived", 0, len(collector.arrived().points),
               "collector")


@case_for(("cumulative", "delta"), timeout=180)
def export_collector_away(test, temporality):
    """The collector is not there for the first half, and again for a while in
    the second: in the end every request has arrived, and once."""
    collector = Collector(test)
    collector.stop()
    redis = Redis(test)
    redis.quiet()
    tracer = Tracer.of(test, redis.pid, args=(
        "--otlp", collector.url, "--otlp-interval", "1",
        "--otlp-temporality", temporality))
    redis.benchmark("-t", "get", "-n", str(REQUESTS // 2), "-c", "20")
    tracer.process.wait_output("do not arrive", stream="stderr", timeout=20)
    collector.start()
    wait_until("half has arrived", lambda: collector.arrived().total(
        DB_SERVER, {"db.operation.name": "GET"}) == REQUESTS // 2, 40, 0.2)
    collector.stop()
    redis.benchmark("-t", "get", "-n", str(REQUESTS // 2), "-c", "20")
    collector.start()
    redis.quiet()
    report = tracer.stop().complete()
    compare_redis(test, redis, report, collector.arrived())


@case(timeout=120)
def export_victoria(test):
    """VictoriaMetrics, over OTLP: its quantiles are the report's, as far as a
    bucket is wide."""
    victoria = Victoria(test)
    redis, report = redis_run(test, "--otlp", victoria.root +
                              "/opentelemetry", "--otlp-interval", "1")
    victoria.flush()
    name = "reqtrace_db_server_operation_duration_seconds"
    counted = wait_until("VictoriaMetrics has the count", lambda: victoria.query(
        f'sum({name}_count{{db_operation_name="GET"}})'), 20, 0.2)
    test.equal("GETs in VictoriaMetrics", REQUESTS, int(counted[0][1]))
    for quantile in (0.5, 0.99):
        (_, theirs), = victoria.query(
            f'histogram_quantile({quantile}, sum({name}_bucket'
            f'{{db_operation_name="GET"}}) by (le, vmrange))')
        # VictoriaMetrics has 18 buckets to a power of ten.
        compare_quantile(test, report, quantile, theirs, 10 ** (1 / 18),
                         pid=redis.pid, operation="GET")


@case_for(("classic", "native"), timeout=180)
def export_prometheus(test, form):
    """Prometheus scrapes nginx's figures: the count is ab's, the quantile the
    report's within a bucket's width."""
    nginx = Nginx(test)

    address = f"127.0.0.1:{free_port()}"
    tracer = Tracer.of(test, nginx.pid, args=("--listen", address))
    prometheus = scrape(test, address, native=form == "native")
    ab(test, nginx.url(), "-n", str(REQUESTS), "-c", "10")
    nginx.quiet()
    name = "http_server_request_duration_seconds"
    selector = f'{{server_port="{nginx.port}"}}'
    count = (f"histogram_count(sum({name}{selector}))" if form == "native"
             else f"sum({name}_count{selector})")
    bucket = (f"sum({name}{selector})" if form == "native"
              else f"sum by (le) ({name}_bucket{selector})")
    wait_until(f"Prometheus has {REQUESTS}", lambda: [
        v for _, v in prometheus.query(count)] == [REQUESTS], 30, 0.3)
    test.fact(f"requests in Prometheus: client {REQUESTS} = {REQUESTS}")
    (_, theirs), = prometheus.query(f"histogram_quantile(0.9, {bucket})")
    report = tracer.stop().complete()
    # Classic buckets are of powers of two.
    compare_quantile(test, report, 0.9, theirs,
                     2 ** 2 ** -3 if form == "native" else 2,
                     port=nginx.port, role="server")


@case(timeout=120)
def export_workers_are_one_service(test):
    """The workers of gunicorn are one resource and one series."""
    collector = Collector(test)
    gunicorn = Gunicorn(test, workers=4)
    tracer = Tracer.of(test, gunicorn.pid, args=(
        "--otlp", collector.url, "--otlp-interval", "1"))
    ab(test, gunicorn.url("/"), "-n", "400", "-c", "8")
    gunicorn.quiet()
    report = tracer.stop().complete()
    pids = {s["pid"] for s in report.series(port=gunicorn.port,
                                            role="server")}
    test.check(f"only {pids} served", len(pids) > 1)
    arrived = collector.arrived()
    points = arrived.latest(HTTP_SERVER, {"server.port": gunicorn.port})
    test.equal("series", 1, len(points), "one service:")
    test.equal("requests", 400, points[0].count)
    test.fact(f"{len(pids)} workers in service "
              f"{points[0].resource['service.name']}")


@case(timeout=120)
def export_per_process(test):
    """With --per-process each worker has a series of its own."""
    collector = Collector(test)
    gunicorn = Gunicorn(test, workers=4)
    tracer = Tracer.of(test, gunicorn.pid, args=(
        "--otlp", collector.url, "--otlp-interval", "1", "--per-process"))
    ab(test, gunicorn.url("/"), "-n", "400", "-c", "8")
    gunicorn.quiet()
    report = tracer.stop().complete()
    truth = {}
    for s in report.series(port=gunicorn.port, role="server"):
        truth[s["pid"]] = truth.get(s["pid"], 0) + s["operations"]
    seen = {p.attributes["process.pid"]: p.count
            for p in collector.arrived().latest(HTTP_SERVER)}
    test.equal("requests by pid", truth, seen, "report")
