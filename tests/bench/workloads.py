# SPDX-License-Identifier: GPL-2.0-only
"""What is measured: a server started anew for each workload, and a load of a
known number of requests on it.

Each yields Loads, the server's own count where the client's is not exact, and
what of a report is to be compared with that.
"""

import http.client
import os
import re
from dataclasses import dataclass

import kernel
from states import BUILT
from harness import (Failure, children, free_port, need, sockets, wait_until)
from services import Gunicorn, Redis, wait_http

CONNECTIONS = 32
RUN_SECONDS = 0.5


@dataclass
class Load:
    """One run of a load, as its client saw it; latencies in seconds."""

    requests: int
    rate: float
    p50: float = None
    p99: float = None


class Workload:
    """rounds: pairs per state, more where a budget is tight. exchanges: of
    a request; pids: whose CPU time is measured; traced: who is traced; reads
    and writes: the server's system calls, with the name of the descriptor
    in their tracepoints."""

    rounds = 3
    exchanges = 1.0
    noun = "request"
    reads = writes = ()
    first = 2000  # requests of the run that finds the size

    def __init__(self, name, label):
        self.name, self.label = name, label

    def start(self, bench):
        """Start the server, and find how many requests take RUN_SECONDS."""
        self.bench = bench
        self.begin()
        for pid, cpus in self.places(bench.place):
            bench.favour(pid)
            kernel.pin(pid, cpus)
        self.load(self.first)
        rate = self.load(self.first).rate
        scale = 0.4 if bench.options.quick else 1.0
        self.requests = self.round(rate * RUN_SECONDS * scale)

    @staticmethod
    def round(n):
        """To two digits, so that tables are easily read."""
        step = 10 ** max(len(str(int(n))) - 2, 0)
        return max(int(n / step) * step, step)

    @property
    def serving(self):
        return self.pids

    def places(self, place):
        """On which CPUs each process belongs."""
        return [(pid, place.server) for pid in {*self.pids, *self.traced}]

    def beside(self):
        """What goes on beside the measured load, once a tracer is there."""

    def ended(self):
        """The measured load is over, and the tracer still there."""

    def expected(self, requests):
        """What a report must have counted when the load made so many."""
        return requests

    def warm(self):
        """Some requests before the measured ones; how many."""
        return self.load(max(self.requests // 10, 1)).requests

    def settle(self):
        """Until the server has done all that the load asked for."""
        wait_until(f"{self.name}: connections have ended",
                   lambda: not sockets(self.port))

    def counted(self, report):
        """Operations of the load in a report."""
        return sum(s["operations"] for s in report["series"]
                   if s["role"] == "server" and s["port"] == self.port)


class RedisGet(Workload):
    reads, writes = (("read", "fd"),), (("write", "fd"),)

    def __init__(self, name, label, rounds, pipeline=1,
                 connections=CONNECTIONS):
        super().__init__(name, label)
        self.pipeline, self.rounds = pipeline, rounds
        self.connections = connections
        self.exchanges = 1 / pipeline
        self.first = 10000 * pipeline

    def begin(self, *args):
        self.server = Redis(self.bench.test, *args)
        self.pids = self.traced = [self.server.pid]
        self.port = self.server.port
        self.server.command("SET", "key:__rand_int__", "xxx")

    def load(self, n):
        n = -(-n // self.pipeline) * self.pipeline  # it sends whole pipelines
        out = self.bench.client([
            "redis-benchmark", "-h", "127.0.0.1", "-p", self.port, "-t", "get",
            "-n", n, "-c", self.connections, "-P", self.pipeline, "--csv"])
        fields = out.splitlines()[-1].replace('"', "").split(",")
        return Load(n, float(fields[1]), float(fields[4]) / 1e3,
                    float(fields[6]) / 1e3)

    def counted(self, report):
        """The client also asks for the configuration, each time it begins."""
        return sum(s["operations"] for s in report["series"]
                   if s["role"] == "server" and s["operation"] == "GET")


NGINX_CONF = """
worker_processes 1;
daemon off;
pid {tmp}/nginx.pid;
error_log {tmp}/nginx-error.log;
user root;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {tmp}/b; proxy_temp_path {tmp}/p;
    fastcgi_temp_path {tmp}/f; uwsgi_temp_path {tmp}/u; scgi_temp_path {tmp}/s;
    keepalive_requests 100000000;
    server {{
        {listens}
        root {tmp}/www;
        location /series/ {{ return 200 "fine\\n"; }}
    }}
    server {{
        listen 127.0.0.1:{status_port};
        location / {{ stub_status; }}
    }}
}}
"""
FILE_BYTES = 1024


def seconds(text):
    """wrk's and ab's way to write a time."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[unit]


class Nginx(Workload):
    reads = (("recvfrom", "fd"),)
    writes = (("writev", "fd"), ("sendfile64", "out_fd"))

    ports = 1

    def __init__(self, name, label, *headers, path="/file"):
        super().__init__(name, label)
        self.headers = [a for h in headers for a in ("-H", h)]
        self.path = path

    def arguments(self):
        """Of wrk, beside how long and where."""
        return ["-t", 1, "-c", CONNECTIONS]

    def begin(self):
        need("nginx", "wrk")
        test = self.bench.test
        self.port, self.status_port = free_port(), free_port()
        listens = " ".join(f"listen 127.0.0.1:{self.port + i} backlog=1024;"
                           for i in range(self.ports))
        os.makedirs(test.path("www"), exist_ok=True)
        with open(test.path("www/file"), "wb") as f:
            f.write(b"x" * FILE_BYTES)
        with open(test.path("nginx.conf"), "w") as f:
            f.write(NGINX_CONF.format(tmp=test.tmp, listens=listens,
                                      status_port=self.status_port))
        process = test.start(["nginx", "-c", test.path("nginx.conf"), "-e",
                              test.path("nginx-error.log")])
        wait_until("the nginx worker", lambda: children(process.pid))
        wait_http(self.port, self.path)
        self.pids = [process.pid, *children(process.pid)]
        self.traced = [process.pid]

    def load(self, _n):
        """wrk runs for whole seconds, however many requests that makes."""
        before = self.answered()
        out = self.bench.client([
            "wrk", *self.arguments(), "-d", "1s",
            "--latency", *self.headers,
            f"http://127.0.0.1:{self.port}{self.path}"])
        if "Socket errors" in out or "Non-2xx" in out:
            raise Failure(f"wrk: {out[-400:]}")
        self.settle()
        share = dict(re.findall(r"^ +(50|99)% +(\S+)$", out, re.M))
        return Load(self.answered() - before - 1,
                    float(re.search(r"Requests/sec: +([\d.]+)", out)[1]),
                    seconds(share["50"]), seconds(share["99"]))

    def warm(self):
        before = self.answered()
        self.bench.client(["ab", "-q", "-k", "-n", 2000, "-c", 8,
                           f"http://127.0.0.1:{self.port}{self.path}"])
        self.settle()
        return self.answered() - before - 1

    def counted(self, report):
        return sum(s["operations"] for s in report["series"]
                   if s["role"] == "server" and s["port"] != self.status_port)

    def answered(self):
        """Requests that nginx has taken up, the one that asks included."""
        c = http.client.HTTPConnection("127.0.0.1", self.status_port)
        c.request("GET", "/", headers={"Connection": "close"})
        text = c.getresponse().read().decode()
        c.close()
        return int(text.splitlines()[2].split()[2])


class Flask(Workload):
    reads, writes = (("recvfrom", "fd"),), (("sendto", "fd"),)
    first = 200

    def begin(self):
        need("ab")
        self.server = Gunicorn(self.bench.test, workers=2)
        self.pids = kernel.descendants(self.server.pid)
        self.traced = [self.server.pid]
        self.port = self.server.port

    def load(self, n):
        path = self.bench.test.path("ab.csv")
        out = self.bench.client(["ab", "-q", "-n", n, "-c", 8, "-e", path,
                                 self.server.url("/items/7")])
        failed = re.search(r"Failed requests:\s+(\d+)", out)
        if not failed or int(failed[1]):
            raise Failure(f"ab: {out[-400:]}")
        with open(path) as f:
            share = dict(line.strip().split(",") for line in f)
        rate = re.search(r"Requests per second:\s+([\d.]+)", out)
        return Load(n, float(rate[1]), float(share["50"]) / 1e3,
                    float(share["99"]) / 1e3)


class Bystander(Workload):
    """Measured: a process without sockets. Traced: a redis beside it, which
    is asked something every few milliseconds."""

    noun = "turn"
    reads, writes = RedisGet.reads, RedisGet.writes
    first = 20000
    asks = 0.002

    def begin(self):
        test = self.bench.test
        self.redis = Redis(test)
        self.end, self.ours = os.pipe()
        with os.fdopen(self.end, "rb") as turns:
            self.process = test.start([
                os.path.join(BUILT, "bystander"), test.path("bystander.dat")],
                stdin=turns)
        self.turns = os.fdopen(self.ours, "w")
        self.pids, self.traced = [self.process.pid], [self.redis.pid]
        self.runs = self.asked = 0

    @property
    def serving(self):
        return self.traced

    def places(self, place):
        return [(self.process.pid, place.server),
                (self.redis.pid, place.tracer or place.load)]

    def load(self, n):
        print(n, file=self.turns, flush=True)
        self.runs += 1
        done = self.process.wait_event("turns", self.runs)
        return Load(n, n / done["seconds"])

    def beside(self):
        self.redis.reset_stats()
        self.asking = self.bench.start([
            "redis-cli", "-p", str(self.redis.port), "-r", "-1", "-i",
            str(self.asks), "GET", "x"])
        kernel.pin(self.asking.pid, self.bench.place.tracer)

    def ended(self):
        self.asking.kill()
        self.bench.forget(self.asking)
        wait_until("redis-cli's connection has ended",
                   lambda: not sockets(self.redis.port))
        self.asked = self.redis.calls().get("GET", 0)

    def expected(self, _requests):
        return self.asked

    def settle(self):
        pass

    def counted(self, report):
        return sum(s["operations"] for s in report["series"]
                   if s["role"] == "server" and s["operation"] == "GET")


ALL = [
    RedisGet("redis-get", "redis GET -P 1, 32 connections", 8),
    RedisGet("redis-get-16", "redis GET -P 16, 32 connections", 3,
             pipeline=16),
    RedisGet("redis-get-one", "redis GET -P 1, one connection", 3,
             connections=1),
    Nginx("nginx", "nginx, file of 1 KiB, keep-alive"),
    Nginx("nginx-close", "nginx, file of 1 KiB, Connection: close",
          "Connection: close"),
    Flask("flask", "Flask behind gunicorn, 2 workers"),
    Bystander("bystander", "bystander: futexes and a file, beside a traced "
              "redis"),
]
