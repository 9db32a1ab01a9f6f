# SPDX-License-Identifier: GPL-2.0-only
"""Spans of slow requests, as the Collector has them, against what the client
sent and what the report says."""

import json
import re
import socket
import threading
import time
import urllib.request

from cases.registry import case
from exported import HTTP_SERVER
from harness import Failure, free_port, wait_until
from receivers import Collector
from services import PYTHON, Redis
from tracer import Tracer

SLOW_MS = 50
SERVER, CLIENT = 2, 3  # span.kind
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
REMOTE = 0x200  # of trace.proto's SpanFlags
PART = "reqtrace.part."

# Answers with the very bytes of the request, after so many milliseconds as the
# path says; /call also has redis echo them and insists that it did.
SERVICE = r"""
import json, socket, sys, threading, time
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
redis_port = int(sys.argv[1])
print(json.dumps({"event": "ready", "port": listener.getsockname()[1]}),
      flush=True)

def redis_echo(redis, text):
    redis.sendall(b"*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n" % (len(text), text))
    want, got = b"$%d\r\n%s\r\n" % (len(text), text), b""
    while len(got) < len(want):
        got += redis.recv(65536)
    assert got == want, got

def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    redis = None
    while True:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        kind, ms = request.split(b" ")[1].split(b"/")[1:3]
        time.sleep(int(ms) / 1000)
        for _ in range(3 if kind == b"call" else 0):
            redis = redis or socket.create_connection(
                ("127.0.0.1", redis_port))
            redis_echo(redis, request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                           % len(request))
        time.sleep(0.01 if kind == b"call" else 0)
        connection.sendall(request)

while True:
    threading.Thread(target=serve, args=(listener.accept()[0],),
                     daemon=True).start()
"""


class Service:
    """And its client, which finds what it sent in what it is answered."""

    def __init__(self, test, redis_port=0):
        self.process = test.start([PYTHON, "-c", SERVICE, str(redis_port)],
                                  name="service")
        self.pid = self.process.pid
        self.port = self.process.wait_event("ready")["port"]

    def open(self):
        return socket.create_connection(("127.0.0.1", self.port), 30)

    @staticmethod
    def ask(connection, path, trace=None, method="GET"):
        """Seconds that a request took; Failure if another one arrived."""
        header = f"traceparent: {trace}\r\n" if trace else ""
        request = (f"{method} {path} HTTP/1.1\r\nHost: h\r\n{header}"
                   "Accept: */*\r\n\r\n").encode()
        began, got = time.monotonic(), b""
        connection.sendall(request)
        while got.count(request) < 1 and len(got) < len(request) + 500:
            piece = connection.recv(65536)
            if not piece:
                break
            got += piece
        if got.partition(b"\r\n\r\n")[2] != request:
            raise Failure(f"{request!r} was sent, {got!r} came")
        return time.monotonic() - began


def start(test, service, *args, collector=None, top="30"):
    collector = collector or Collector(test)
    return collector, Tracer.of(test, service.pid, args=(
        "--otlp", collector.url, "--otlp-interval", "0.3", "--otlp-traces",
        "--slow", f"{SLOW_MS}ms", "--top", top, *args))


def seconds(span):
    return (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9


def parts_of(span):
    return {k[len(PART):]: v for k, v in span["values"].items()
            if k.startswith(PART)}


def check_span(test, span):
    """What holds of every span."""
    name = f"span {span['name']}"
    parts, duration = sum(parts_of(span).values()), seconds(span)
    test.check(f"{name}: parts are {parts} of {duration} s",
               abs(parts - duration) < 1e-6)
    times = [int(e["timeUnixNano"]) for e in span.get("events", [])]
    edges = [int(span["startTimeUnixNano"]), *times,
             int(span["endTimeUnixNano"])]
    test.check(f"{name}: events at {edges}", edges == sorted(edges))
    test.check(f"{name}: ids {span['traceId']} {span['spanId']}",
               len(span["traceId"]) == 32 and len(span["spanId"]) == 16)


def self_count(arrived, name):
    """The last value of one of reqtrace's own counters."""
    points = arrived.latest(name)
    return points[-1].value if points else 0


@case(timeout=60)
def traces_of_slow_requests(test):
    """One span for each slow request and none for others: name, kind,
    attributes, duration, parts and events; nothing is put into requests."""
    service = Service(test)
    collector, tracer = start(test, service)
    with service.open() as connection:
        slow = [service.ask(connection, f"/{kind}/{ms}", method=method)
                for kind, ms, method in [("nap", 60 + 7 * i, "GET")
                                         for i in range(9)]
                + [("rest", 80, "POST"), ("rest", 90, "POST")]]
        for _ in range(20):
            service.ask(connection, "/nap/1")
    report = tracer.stop().complete()
    arrived = collector.arrived()
    spans = arrived.spans
    test.equal("spans", len(slow), len(spans))
    for span in spans:
        check_span(test, span)
        values = span["values"]
        method = values["http.request.method"]
        route = {"GET": "/nap/{id}", "POST": "/rest/{id}"}[method]
        test.check(f"attributes {values}", (
            span["name"], span["kind"], values["http.route"],
            values["reqtrace.route.source"],
            values["http.response.status_code"], values["url.scheme"],
            values["server.port"], values["network.transport"]) == (
                f"{method} {route}", SERVER, route, "template", 200, "http",
                service.port, "tcp"))
        test.check(f"{span.get('status')} of a request that went well",
                   not (span.get("status") or {}).get("code"))
        test.check("a parent from nowhere", not span.get("parentSpanId"))
        test.check(f"resource {span['resource']}",
                   span["resource"]["process.pid"] == service.pid)
        test.check(f"parts {parts_of(span)} of a sleep",
                   parts_of(span).get("sleep", 0) > 0.9 * SLOW_MS / 1000)
    told = sorted(s["duration"] for s in report.data["slowest"]
                  if s["duration"] >= SLOW_MS / 1000)
    got = sorted(seconds(s) for s in spans)
    test.check(f"durations {told} in the report, {got} in spans",
               len(told) == len(got) and
               all(abs(a - b) < 1e-6 for a, b in zip(told, got)))
    test.near("the longest", max(slow), got[-1], 0.05, 0.005)
    test.equal("ids", len(spans), len({s["spanId"] for s in spans}))
    test.equal("made", len(slow),
               self_count(arrived, "reqtrace.exporter.spans.made"))
    compare_exemplars(test, arrived, spans)


def compare_exemplars(test, arrived, spans):
    """Those of the duration name spans that arrived, at their durations."""
    by_id = {(s["traceId"], s["spanId"]): seconds(s) for s in spans}
    seen = set()
    for point in arrived.of(HTTP_SERVER):
        for x in point.point.get("exemplars", []):
            ids = (x["traceId"], x["spanId"])
            test.check(f"exemplar {x} of no span", ids in by_id)
            test.check(f"exemplar {x} of {by_id[ids]} s",
                       abs(x["asDouble"] - by_id[ids]) < 1e-6)
            test.check(f"exemplar {x} came twice", ids not in seen)
            seen.add(ids)
    test.check("no exemplars", seen)
    test.fact(f"{len(seen)} exemplars are of spans that arrived")


@case(timeout=60)
def traces_join(test):
    """A traceparent: the span joins the caller's trace; not sampled, there is
    none and it is counted; one that is broken begins a trace of its own."""
    service = Service(test)
    collector, tracer = start(test, service)
    with service.open() as connection:
        for path, trace in (
                ("/joined/60", f"00-{TRACE}-{CALLER}-01"),
                ("/unsampled/60", f"00-{TRACE}-{CALLER}-00"),
                ("/unsampled/70", f"00-{TRACE}-{CALLER}-02"),
                ("/broken/60", f"00-{'0' * 32}-{CALLER}-01"),
                ("/broken/70", f"ff-{TRACE}-{CALLER}-01"),
                ("/broken/80", "00-nonsense-01"),
                ("/own/60", None)):
            service.ask(connection, path, trace)
    tracer.stop().complete()
    arrived = collector.arrived()
    names = sorted(s["values"]["http.route"] for s in arrived.spans)
    test.equal("spans", ["/broken/{id}"] * 3 + ["/joined/{id}", "/own/{id}"],
               names)
    for span in arrived.spans:
        check_span(test, span)
        joined = span["values"]["http.route"] == "/joined/{id}"
        test.check(f"trace {span['traceId']} of {span['name']}",
                   (span["traceId"] == TRACE) == joined)
        test.check(f"parent {span.get('parentSpanId')} of {span['name']}",
                   (span.get("parentSpanId") or "") ==
                   (CALLER if joined else ""))
        test.check(f"flags {span.get('flags')} of {span['name']}",
                   bool(span.get("flags", 0) & REMOTE) == joined and
                   span.get("flags", 0) & 1)
    test.equal("unsampled", 2,
               self_count(arrived, "reqtrace.exporter.spans.unsampled"))
    test.equal("traces of their own", 4,
               len({s["traceId"] for s in arrived.spans} - {TRACE}))


@case(timeout=60)
def traces_calls_out(test):
    """Calls to redis are children: in the parent's trace and time, and redis
    gets what the service sent."""
    redis = Redis(test)
    service = Service(test, redis.port)
    collector, tracer = start(test, service)
    with service.open() as connection:
        service.ask(connection, "/call/60", f"00-{TRACE}-{CALLER}-01")
        service.ask(connection, "/call/1")  # not slow: no span, no children
        service.ask(connection, "/call/70")
        # The last answers are followed by nothing, not even a close.
        tracer.stop().complete()
    spans = collector.arrived().spans
    parents = [s for s in spans if s["kind"] == SERVER]
    test.equal("parents", 2, len(parents))
    test.equal("spans", 2 + 2 * 3, len(spans))
    test.check("the trace was not joined",
               sorted(p["traceId"] == TRACE for p in parents) == [False, True])
    for parent in parents:
        check_span(test, parent)
        events = [e["name"] for e in parent.get("events", [])]
        test.check(f"events {events}", "reqtrace.first_byte" in events)
        children = sorted((s for s in spans
                           if s.get("parentSpanId") == parent["spanId"]),
                          key=lambda s: int(s["startTimeUnixNano"]))
        test.equal("children", 3, len(children))
        at = int(parent["startTimeUnixNano"])
        for child in children:
            check_span(test, child)
            test.check(f"child {child['name']} {child['values']}", (
                child["name"], child["kind"], child["traceId"],
                child["values"]["db.system.name"],
                child["values"]["db.operation.name"],
                child["values"]["server.port"]) == (
                    "ECHO", CLIENT, parent["traceId"], "redis", "ECHO",
                    redis.port))
            test.check("a child began before what was before it",
                       int(child["startTimeUnixNano"]) >= at)
            at = int(child["endTimeUnixNano"])
        test.check("a child ended after its parent",
                   at <= int(parent["endTimeUnixNano"]))


@case(timeout=60)
def traces_rate_limit(test):
    """100 slow requests a second with --otlp-traces-rate 5: every one is a
    span or counted as limited."""
    service = Service(test)
    collector, tracer = start(test, service, "--otlp-traces-rate", "5")
    count, began, wrong = [0] * 6, time.monotonic(), []

    def load(index):
        try:
            with service.open() as connection:
                while time.monotonic() < began + 2:
                    service.ask(connection, "/nap/55")
                    count[index] += 1
        except (OSError, Failure) as e:
            wrong.append(e)

    threads = [threading.Thread(target=load, args=(i,))
               for i in range(len(count))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    test.check(f"the load: {wrong}", not wrong)
    report = tracer.stop().complete()
    arrived = collector.arrived()
    slow = sum(count)
    test.equal("requests", slow, report.operations(port=service.port))
    limited = self_count(arrived, "reqtrace.exporter.spans.limited")
    most = 5 + 5 * took
    test.check(f"{len(arrived.spans)} spans in {took:.1f} s, allowed {most}",
               5 <= len(arrived.spans) <= most)
    test.equal("spans and limited", slow, len(arrived.spans) + limited)
    test.fact(f"{len(arrived.spans)} spans of {slow} slow requests in "
              f"{took:.1f} s")


@case(timeout=60)
def traces_exemplars_scraped(test):
    """OpenMetrics at /metrics carries exemplars of spans that arrive; the
    classic format has none."""
    service = Service(test)
    address = f"127.0.0.1:{free_port()}"
    collector, tracer = start(test, service, "--listen", address)
    with service.open() as connection:
        for _ in range(5):
            service.ask(connection, "/nap/60")
    accept = "application/openmetrics-text; version=1.0.0"

    def scrape(wanted):
        request = urllib.request.Request(f"http://{address}/metrics",
                                         headers={"Accept": wanted})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    pattern = (r'http_server_request_duration_seconds_bucket\{.*# \{'
               r'trace_id="([0-9a-f]{32})",span_id="([0-9a-f]{16})"\}')
    found = wait_until("an exemplar", lambda: re.findall(
        pattern, scrape(accept)), 10, 0.2)
    test.check("exemplars in the classic format",
               "trace_id" not in scrape("text/plain"))
    tracer.stop().complete()
    ids = {(s["traceId"], s["spanId"]) for s in collector.arrived().spans}
    test.check(f"exemplars {found} are not of {ids}", set(found) <= ids)
    test.fact(f"{len(set(found))} exemplars of {len(ids)} spans")
