# SPDX-License-Identifier: GPL-2.0-only
"""The real programs and the peers of the cases: how to start each on a port
of its own without touching the machine's services, and how to ask each for
its own books.
"""

import json
import os
import re
import signal
import socket

from harness import (NODE_PEERS, PEERS, SLOW, Failure, Skip, children,
                     free_port, need, rest, sockets, wait_until)

PYTHON = "/usr/bin/python3"  # Debian's: the one that has flask and fastapi


# Peers

def peer(name):
    path = os.path.join(PEERS, name)
    if not os.path.exists(path):
        raise Failure(f"{path} is not built: make peers")
    return path


class PeerServer:
    """peer_server or peer_epoll; to is how a client reaches it."""

    def __init__(self, test, *args, program="peer_server", to=None, name=None,
                 env=None, prefix=()):
        self.test = test
        self.process = test.start([*prefix, peer(program), *args],
                                  name=name or program, env=env)
        ready = self.process.wait_event("ready")
        self.pid, self.port = ready["pid"], ready["port"]
        self.workers = ready.get("workers", [])
        self.to = to or f"127.0.0.1:{self.port}"

    def url(self, path="/"):
        return f"http://{self.to}{path}"

    def client(self, *args, **options):
        """Start a client of this server."""
        return client(self.test, self.to, *args, **options)

    def load(self, *args, timeout=60):
        """Run a client of this server; its books."""
        return self.client(*args).wait_event("end", timeout=timeout)

    def add_worker(self):
        """Fork one more; its pid."""
        count = len(self.process.events("ready")) + 1
        self.process.signal(signal.SIGUSR1)
        ready = self.process.wait_event("ready", count)
        self.workers = ready["workers"]
        return self.workers[-1]

    def quiet(self, timeout=10):
        """Wait until no connection to it is left."""
        wait_until("connections have ended",
                   lambda: not sockets(self.port), timeout)

    def rest(self):
        """The same, of connections that stay or are no TCP: until it waits
        for more."""
        rest(self.pid, *self.workers)

    def books(self):
        """Its own count so far."""
        count = len(self.process.events("books")) + 1
        self.process.signal(signal.SIGUSR2)
        return self.process.wait_event("books", count)

    def end(self):
        """Its own count, at its end."""
        self.process.signal(signal.SIGTERM)
        books = self.process.wait_event("end")
        self.process.wait()
        return books


def client(test, to, *args, **options):
    return test.start([peer("peer_client"), "--to", to, *args], **options)


class Held:
    """A client that keeps connections open; .books are those of the latest
    round of requests."""

    def __init__(self, server, *args, connections=1):
        self.process = server.client("--hold", str(connections), *args)
        self.rounds = 1
        self.books = self.process.wait_event("round", timeout=60)

    def round(self, timeout=30):
        self.process.signal(signal.SIGUSR1)
        self.rounds += 1
        self.books = self.process.wait_event("round", self.rounds, timeout)
        return self.books

    def end(self):
        self.process.signal(signal.SIGTERM)
        self.process.wait()


# redis

class Redis:
    def __init__(self, test, *args, prefix=()):
        need("redis-server", "redis-benchmark")
        self.test = test
        self.port = free_port()
        self.process = test.start([
            *prefix, "redis-server", "--port", self.port, "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no", "--daemonize", "no",
            "--dir", test.tmp, *args], name="redis-server")
        self.pid = self.process.pid
        self.process.wait_output("Ready to accept connections")

    def command(self, *words):
        """One command on a connection of its own; the raw reply."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as s, \
                s.makefile("rb") as reader:
            s.sendall(command_bytes(*words))
            return read_reply(reader)

    def reset_stats(self):
        self.command("CONFIG", "RESETSTAT")

    def calls(self):
        """{COMMAND: calls} as redis has counted them itself."""
        text = self.command("INFO", "commandstats").decode()
        counts = {}
        for name, calls in re.findall(r"^cmdstat_([^:]+):calls=(\d+)", text,
                                      re.M):
            name = name.split("|")[0].upper()
            counts[name] = counts.get(name, 0) + int(calls)
        return counts

    def benchmark(self, *args, timeout=120):
        """{test: requests} that redis-benchmark says it has done."""
        run = self.test.run(["redis-benchmark", "-h", "127.0.0.1", "-p",
                             self.port, *args], timeout=timeout)
        return {name: int(count) for name, count in re.findall(
            r"^====== (.+?) ======\s+(\d+) requests completed", run.stdout(),
            re.M)}

    def start_benchmark(self, *args):
        return self.test.start(["redis-benchmark", "-h", "127.0.0.1", "-p",
                                self.port, *args])

    def quiet(self, timeout=10):
        wait_until("redis connections have ended",
                   lambda: not sockets(self.port), timeout)


def command_bytes(*words):
    """A command in RESP."""
    out = b"*%d\r\n" % len(words)
    for word in words:
        data = word.encode() if isinstance(word, str) else word
        out += b"$%d\r\n%s\r\n" % (len(data), data)
    return out


def read_reply(f):
    """One reply that is a string, a status or an integer."""
    line = f.readline()
    if line[:1] == b"$":
        size = int(line[1:])
        return f.read(size + 2)[:-2] if size >= 0 else b""
    if line[:1] == b"-":
        raise Failure(f"redis: {line.decode().strip()}")
    return line.strip()


# nginx and its loads

NGINX_CONF = """
worker_processes {workers};
daemon off;
pid {tmp}/nginx.pid;
error_log {tmp}/error.log;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log {tmp}/access.log;
    client_body_temp_path {tmp}/b; proxy_temp_path {tmp}/p;
    fastcgi_temp_path {tmp}/f; uwsgi_temp_path {tmp}/u; scgi_temp_path {tmp}/s;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 "fine\\n"; }}
        location /missing {{ return 404; }}
        location /broken {{ return 503; }}
        location /users/ {{ return 200 "user\\n"; }}
    }}
    server {{
        listen 127.0.0.1:{status_port};
        location / {{ stub_status; access_log off; }}
    }}
}}
"""


class Nginx:
    def __init__(self, test, workers=2):
        need("nginx")
        self.test = test
        self.port, self.status_port = free_port(), free_port()
        conf = test.path("nginx.conf")
        with open(conf, "w") as f:
            f.write(NGINX_CONF.format(
                tmp=test.tmp, port=self.port, workers=workers,
                status_port=self.status_port,
                user="user root;" if os.geteuid() == 0 else ""))
        self.process = test.start(["nginx", "-c", conf, "-e",
                                   test.path("error.log")])
        self.pid = self.process.pid
        wait_until("nginx workers", lambda: len(children(self.pid)) == workers)
        wait_http(self.port, "/missing")
        self.log_offset = os.path.getsize(test.path("access.log"))

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def accepts(self):
        """Connections that nginx has accepted so far, this one included."""
        with socket.create_connection(("127.0.0.1", self.status_port)) as s, \
                s.makefile("rb") as reader:
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return int(re.search(rb"requests\s+(\d+)", reader.read())[1])

    def log(self):
        """Status of every request that nginx has logged since its start."""
        with open(self.test.path("access.log")) as f:
            f.seek(self.log_offset)
            return re.findall(r'" (\d{3}) \d+ "', f.read())

    def quiet(self, timeout=10):
        wait_until("nginx connections have ended",
                   lambda: not sockets(self.port), timeout)


def wait_http(port, path="/", timeout=20):
    """Until a server answers; waits on the last connection's end too. The
    answer is read to its end: unread bytes would reset the connection, which
    is then gone before a slow server has logged what it answered."""
    def answers():
        try:
            with socket.create_connection(("127.0.0.1", port),
                                          5 * SLOW) as s:
                s.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n"
                          "Connection: close\r\n\r\n".encode())
                return sum(map(len, iter(lambda: s.recv(4096), b""))) > 0
        except OSError:
            return False
    wait_until(f"port {port} answers", answers, timeout, 0.05)
    wait_until("the first connection has ended", lambda: not sockets(port))


def ab(test, url, *args, timeout=120):
    """Requests that ab has completed; any failed one is a Failure."""
    need("ab")
    out = test.run(["ab", "-q", *args, url], timeout=timeout).stdout()
    failed = re.search(r"Failed requests:\s+(\d+)", out)
    if not failed or int(failed.group(1)):
        raise Failure(f"ab: {out[-600:]}")
    return int(re.search(r"Complete requests:\s+(\d+)", out).group(1))


def wrk(test, url, *args, timeout=60):
    """Requests that wrk has counted."""
    need("wrk")
    out = test.run(["wrk", *args, url], timeout=timeout).stdout()
    if "Socket errors" in out or "Non-2xx" in out:
        raise Failure(f"wrk: {out[-600:]}")
    return int(re.search(r"(\d+) requests in", out).group(1))


# Python and node services

FLASK_APP = """
import flask
app = flask.Flask(__name__)

@app.route("/items/<int:item>")
def item(item):
    return f"item {item}\\n"
"""

FASTAPI_APP = """
import fastapi
app = fastapi.FastAPI()

@app.get("/items/{item}")
async def item(item: int):
    return {"item": item}
"""


def need_module(test, *modules):
    found = test.run([PYTHON, "-c", "import " + ", ".join(modules)], ok=None)
    if found.popen.returncode:
        raise Skip(f"{found.stderr().strip().splitlines()[-1]}")


class Gunicorn:
    def __init__(self, test, workers=16):
        need("gunicorn")
        need_module(test, "flask")
        self.port = free_port()
        with open(test.path("app.py"), "w") as f:
            f.write(FLASK_APP)
        self.process = test.start([
            "gunicorn", "-w", workers, "-b", f"127.0.0.1:{self.port}",
            "app:app"], name="gunicorn")
        self.pid = self.process.pid
        booted = "Booting worker"
        wait_until("gunicorn workers", lambda: self.process.stderr().count(
            booted) == workers, 60, 0.1)
        wait_http(self.port, "/none")

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def quiet(self, timeout=10):
        wait_until("gunicorn connections have ended",
                   lambda: not sockets(self.port), timeout)


class Uvicorn:
    def __init__(self, test):
        need_module(test, "fastapi", "uvicorn")
        self.port = free_port()
        with open(test.path("app.py"), "w") as f:
            f.write(FASTAPI_APP)
        self.process = test.start([
            PYTHON, "-m", "uvicorn", "--host", "127.0.0.1", "--port",
            self.port, "--no-access-log", "app:app"], name="uvicorn")
        self.pid = self.process.pid
        self.process.wait_output("Uvicorn running", 60, "stderr")
        wait_http(self.port, "/none")
        self.to = f"127.0.0.1:{self.port}"

    def quiet(self, timeout=10):
        wait_until("uvicorn connections have ended",
                   lambda: not sockets(self.port), timeout)


class Node:
    """The small node server; it counts its requests itself."""

    def __init__(self, test):
        need("node")
        self.test = test
        self.process = test.start(
            ["node", os.path.join(NODE_PEERS, "server.js")])
        self.pid = self.process.pid
        self.port = self.process.wait_event("ready")["port"]

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def quiet(self, timeout=10):
        wait_until("node connections have ended",
                   lambda: not sockets(self.port), timeout)

    def end(self):
        self.process.signal(signal.SIGTERM)
        return self.process.wait_event("end")["requests"]


def autocannon(test, url, *args, timeout=60):
    """autocannon's result as it prints it with --json."""
    program = os.path.join(NODE_PEERS, "node_modules", "autocannon",
                           "autocannon.js")
    if not os.path.exists(program):
        raise Skip("autocannon is not installed: make deps")
    run = test.run(["node", program, "--json", *args, url], timeout=timeout,
                   name="autocannon")
    text = run.stdout()
    return json.loads(text[text.index("{"):])
