# SPDX-License-Identifier: GPL-2.0-only
"""--record and replay are two ends of one path: the same bytes come out. And
what must never come out: payload."""

import os
import signal
import socket
import struct
import time

from cases.registry import case
from harness import REQTRACE, Failure, need
from services import Held, PeerServer, Redis, command_bytes, read_reply
from tracer import Report, Tracer


def read(path):
    with open(path, "rb") as f:
        return f.read()


def recorded(test, *args):
    """A run with all sorts of exchanges: its recording, report and text."""
    server = PeerServer(test)
    path = test.path("recording")
    tracer = Tracer.of(test, server.pid, args=("--record", path, *args),
                       interval=True)
    held = Held(server, "--path", "/items/1", connections=3)
    server.load("--path", "/items/77", "--requests", "500", "--threads", "5")
    server.load("--path", "/sleep?ms=300", "--requests", "3")
    server.load("--path", "/x?code=503", "--pipeline", "4", "--requests", "8")
    server.load("--path", "/sleep?ms=300", "--abort", "100")
    server.load("--path", "/events?events=2&gap=50")
    time.sleep(1.2)
    held.round()
    server.rest()
    report = tracer.stop().complete()
    test.equal("exchanges", 3 + 500 + 3 + 2 + 1 + 3, report.exchanges())
    return path, tracer


def same(test, what, live, replayed):
    if live != replayed:
        at = next((i for i, (a, b) in enumerate(zip(live, replayed))
                   if a != b), min(len(live), len(replayed)))
        raise Failure(f"{what}: {len(live)} bytes live, {len(replayed)} "
                      f"replayed, different from byte {at} on: "
                      f"{live[at - 60:at + 60]!r} and "
                      f"{replayed[at - 60:at + 60]!r}")
    test.fact(f"{what}: {len(live)} bytes live = {len(replayed)} replayed")


@case()
def replay_is_the_same(test):
    """JSON and text, byte for byte."""
    path, tracer = recorded(test)
    json = test.run([REQTRACE, "replay", path, "--verify", "--json", test.path("again")])
    same(test, "JSON", read(tracer.json), read(test.path("again")))
    text = test.run([REQTRACE, "replay", path, "--verify", "-i", "1"])
    live = read(tracer.process.stdout_path)
    for name, output in (("text", text), ("text beside JSON", json)):
        if name == "text":
            same(test, name, live, read(output.stdout_path))
    to_stdout = test.run([REQTRACE, "replay", path, "--verify", "--json", "-"])
    Report.load(to_stdout.stdout_path)
    same(test, "JSON on stdout", read(tracer.json),
         read(to_stdout.stdout_path))


@case()
def replay_without_root(test):
    """By somebody who may do nothing."""
    need("setpriv")
    path, tracer = recorded(test)
    os.chmod(path, 0o644)
    replay = test.run(["setpriv", "--reuid=65534", "--regid=65534",
                       "--clear-groups", REQTRACE, "replay", path, "--verify", "--json",
                       "-"])
    same(test, "JSON", read(tracer.json), read(replay.stdout_path))


@case(timeout=90)
def replay_with_summaries(test):
    """A recording of a run whose ring was full gives the same report."""
    redis = Redis(test)
    path = test.path("recording")
    tracer = Tracer.of(test, redis.pid, args=("--ring", "4096", "--record",
                                              path))
    load = redis.start_benchmark("-t", "get", "-n", "100000")
    time.sleep(0.3)
    tracer.process.signal(signal.SIGSTOP)
    time.sleep(0.7)
    tracer.process.signal(signal.SIGCONT)
    load.wait(60)
    redis.quiet()
    report = tracer.stop()
    test.check("the ring was never full", report.coverage["summarised"] > 0)
    replay = test.run([REQTRACE, "replay", path, "--verify", "--json", "-"])
    same(test, "JSON", read(tracer.json), read(replay.stdout_path))


FILE_HEADER = 16
RECORD_EXCHANGE, RECORD_END = 1, 71  # include/reqtrace/record.h


def whole_records(content):
    """Kinds of the records that are in a recording in full, each exchange
    once (a later record may amend it), and the offset of what follows them.
    Every exchange has a connection of its own."""
    at, kinds, seen = FILE_HEADER, [], set()
    while at + 8 <= len(content):
        kind, _, size = struct.unpack_from("=HHI", content, at)
        size = (size + 7) & ~7
        if at + size > len(content):
            break
        cookie = content[at + 16:at + 24]  # struct rt_exchange.peer
        at += size
        if kind == RECORD_EXCHANGE:
            if cookie in seen:
                continue
            seen.add(cookie)
        kinds.append(kind)
    return kinds, at


def replay_the_rest(test, path, words):
    """What replay says of a recording without its end."""
    exchanges = whole_records(read(path))[0].count(RECORD_EXCHANGE)
    replay = test.run([REQTRACE, "replay", path, "--verify", "--json",
                       test.path("replayed")], ok=None)
    test.equal("exit status", 1, replay.popen.returncode, "contract")
    test.check(f"it says {replay.stderr()!r}",
               path in replay.stderr() and words in replay.stderr())
    report = Report.load(test.path("replayed"))
    series = report.one(role="server")
    test.equal("exchanges", exchanges, series["exchanges"], "file")
    test.equal("operation", "GET /items/{id} 200",
               f"{series['operation']} {series['status']}", "contract")
    test.equal("errors", 0, report.total("errors"))
    test.check("no text report", "GET /items/{id}" in replay.stdout())


@case()
def recording_without_end(test):
    """reqtrace is killed: replay shows all that was recorded, and says that
    it is not whole; also if the file happens to end between two records."""
    server = PeerServer(test)
    path = test.path("recording")
    tracer = Tracer.of(test, server.pid, args=("--record", path, "-i",
                                               "0.2"))
    books = server.load("--close", "--path", "/items/4", "--requests", "500")
    server.quiet()
    time.sleep(0.7)
    tracer.process.kill()
    content = read(path)
    kinds, end = whole_records(content)
    test.check("the recording has its end", RECORD_END not in kinds)
    test.check(f"exchanges recorded: {kinds.count(RECORD_EXCHANGE)}",
               400 < kinds.count(RECORD_EXCHANGE) <= books["responses"])
    if end < len(content):
        replay_the_rest(test, path, "in the middle of a record")
    even = test.path("even")
    with open(even, "wb") as f:
        f.write(content[:end])
    replay_the_rest(test, even, "not whole")


def hidden(test, secret, *outputs):
    """secret is in none of these (name, bytes)."""
    for name, data in outputs:
        if secret.encode() in data:
            at = data.index(secret.encode())
            raise Failure(f"{name} contains a secret: "
                          f"{data[max(0, at - 80):at + 60]!r}")


@case()
def privacy_http(test):
    """Nothing of query, headers, body, or tokens in the path is shown."""
    secret = "5ecret0f41ife7d0c0ffee5ecret0f41ife7d0c0"
    server = PeerServer(test)
    path = test.path("recording")
    tracer = Tracer.of(test, server.pid, interval=True,
                       args=("--by", "connection", "--record", path))
    for options in (("--path", f"/items?token={secret}"),
                    ("--path", f"/users/{secret}/orders"),
                    ("--path", "/items", "--header",
                     f"Authorization: Bearer {secret}"),
                    ("--path", "/items", "--header", f"Cookie: {secret}",
                     "--pipeline", "3", "--requests", "3"),
                    ("--path", f"/items?a={secret}&code=500"),
                    ("--path", f"/items?a={secret}", "--chunk", "1"),
                    ("--path", f"/sleep?ms=200&a={secret}", "--abort", "50"),
                    ("--path", f"/items#{secret}")):
        server.load(*options)
    time.sleep(1.2)
    tracer.process.signal(signal.SIGUSR1)
    time.sleep(0.3)
    report = tracer.stop().complete()
    test.equal("operations", 10, report.operations())
    test.check(f"no series of /users/{{id}}/orders: {report.brief()}",
               report.operations(operation="GET /users/{id}/orders") == 1)
    text = test.run([REQTRACE, "replay", path])
    json = test.run([REQTRACE, "replay", path, "--verify", "--json", "-"])
    hidden(test, secret, ("JSON", read(tracer.json)),
           ("text", read(tracer.process.stdout_path)),
           ("stderr", read(tracer.process.stderr_path)),
           ("replayed text", read(text.stdout_path)),
           ("replayed JSON", read(json.stdout_path)))
    test.fact("the secret is in none of 5 outputs")


@case()
def privacy_redis(test):
    """Nothing of keys, values or unknown commands is shown."""
    secret = "topsecret"
    redis = Redis(test)
    tracer = Tracer.of(test, redis.pid, interval=True)
    with socket.create_connection(("127.0.0.1", redis.port)) as s, \
            s.makefile("rb") as reader:
        for words in (("SET", secret, secret + "-value"), ("GET", secret),
                      ("HSET", "h", secret, secret), ("ECHO", secret),
                      ("AUTH", secret), (secret, "x"), (secret.upper(),),
                      ("EVAL", f"return '{secret}'", "0")):
            s.sendall(command_bytes(*words))
            try:
                read_reply(reader)
            except Failure:
                pass  # an error reply; those quote the secret too
        s.sendall(f"GET {secret}\r\n".encode())
        read_reply(reader)
        s.sendall(f"{secret} inline\r\n".encode())
        reader.readline()
    time.sleep(1.2)
    report = tracer.stop().complete()
    test.equal("operations", 10, report.operations())
    for form in (secret, secret.upper()):
        hidden(test, form, ("JSON", read(tracer.json)),
               ("text", read(tracer.process.stdout_path)),
               ("stderr", read(tracer.process.stderr_path)))
    test.fact("the secret is in none of 3 outputs")
