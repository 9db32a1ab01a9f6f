# SPDX-License-Identifier: GPL-2.0-only
"""Address families, both roles, and who is traced by which option."""

import os
import shutil
import signal
import time

import engine
from cases.registry import case
from harness import Skip, pause
from services import Held, PeerServer, client, peer
from tracer import Tracer


def has_ipv6():
    return os.path.exists("/proc/net/if_inet6") and "lo" in open(
        "/proc/net/if_inet6", encoding="ascii").read()


def serve(test, server, **keys):
    """300 requests on 3 connections; all must be in series of these keys."""
    tracer = Tracer.of(test, server.pid)
    books = server.load("--path", "/items/8", "--requests", "300",
                        "--threads", "3")
    pause(0.2)
    report = tracer.stop().complete()
    series = report.one(role="server", pid=server.pid, **keys)
    test.equal("exchanges", books["responses"], series["exchanges"])
    test.equal("operation", "GET /items/{id}", series["operation"],
               "contract")
    test.equal("opened", books["connections"], report.connections("opened"))
    test.equal("closed", books["connections"], report.connections("closed"))
    test.equal("bytes in", books["bytes_out"], series["bytes_in"])
    test.equal("bytes out", books["bytes_in"], series["bytes_out"])
    # A reader can be faster than the sender tells of what it sent.
    seen = series["parts"]["receive_queue"]["count"]
    test.equal("from arrival, or counted", 300,
               seen + report.coverage["no_arrival"])
    if engine.has("arrival"):
        test.check(f"only {seen} of 300 from arrival", seen > 290)


@case(guests=True)
def ipv6(test):
    """IPv6 loopback."""
    if not has_ipv6():
        raise Skip("no IPv6 on the loopback interface")
    server = PeerServer(test, "--listen", "[::1]:0")
    server.to = f"[::1]:{server.port}"
    serve(test, server, port=server.port, transport="tcp")


@case()
def ipv6_v4_mapped(test):
    """An IPv6 socket that an IPv4 client talks to."""
    if not has_ipv6():
        raise Skip("no IPv6 on the loopback interface")
    server = PeerServer(test, "--listen", "[::]:0")
    serve(test, server, port=server.port, transport="tcp")


@case(guests=True)
def unix_server(test):
    """UNIX stream sockets have no port, and everything else."""
    to = "unix:" + test.path("socket")
    server = PeerServer(test, "--listen", to, to=to)
    serve(test, server, transport="unix", port=0, protocol="http")


@case(guests=True)
def found_by_files(test):
    """Where no iterator over a map's elements is allowed, open files tell what
    is idle and what is gone, and the report says so."""
    to = "unix:" + test.path("socket")
    servers = [PeerServer(test),
               PeerServer(test, "--listen", to, to=to)]
    tracer = Tracer.of(
        test, *(s.pid for s in servers), prefix=(
            "env", "REQTRACE_WITHOUT=iter/bpf_sk_storage_map,"
            "iter/bpf_map_elem"))
    for server in servers:
        server.load("--requests", "20")
    held = [Held(server) for server in servers]
    pause(2.2)  # two sweeps
    report = tracer.stop().complete()
    for server in servers:
        keys = {"role": "server", "pid": server.pid}
        test.equal("exchanges, that of an idle connection too", 21,
                   report.exchanges(**keys), "client")
        for what, count in (("opened", 2), ("closed", 1), ("active", 1)):
            test.equal(what, count, report.connections(what, **keys))
    for one in held:
        one.end()
    tool = report.data["tool"]
    test.check(f"hooks {tool['hooks']}", "iter/bpf_map" in tool["hooks"])
    test.check(f"lost {tool['lost']}",
               any("file descriptor" in s for s in tool["lost"]))


@case()
def unix_binary(test):
    """No known protocol over UNIX sockets."""
    to = "unix:" + test.path("socket")
    server = PeerServer(test, "--listen", to, "--echo", to=to)
    tracer = Tracer.of(test, server.pid)
    books = server.load("--echo", "100", "--requests", "1000")
    time.sleep(0.2)
    series = tracer.stop().complete().one(role="server", transport="unix")
    test.equal("exchanges", books["responses"], series["exchanges"])
    test.equal("protocol", "unix", series["protocol"], "contract")


def called(test, server, **keys):
    """A traced client; its series."""
    caller = server.client("--path", "/sleep?ms=50", "--requests", "6",
                           "--threads", "2", "--wait")
    caller.wait_event("waiting")
    tracer = Tracer.of(test, caller.pid)
    caller.signal(signal.SIGUSR1)
    books = caller.wait_event("end")
    caller.wait()
    report = tracer.finish_or_stop()
    series = report.complete().one(role="client", pid=caller.pid, **keys)
    test.equal("exchanges", books["responses"], series["exchanges"])
    test.equal("operation", "GET /sleep 200",
               f"{series['operation']} {series['status']}", "contract")
    test.near("duration", books["sum"], series["duration"]["sum"], slack=0.01)
    test.near("first byte", sum(books["first_bytes"]),
              series["time_to_first_byte"]["sum"], slack=0.01)
    test.equal("opened", 2, report.connections("opened", role="client"))
    test.equal("server series", 0, len(report.series(role="server")))


@case(guests=True)
def client_role(test):
    """Calls that a process makes to others."""
    server = PeerServer(test)
    called(test, server, port=server.port, transport="tcp")


@case(guests=True)
def client_role_unix(test):
    """The same over a UNIX socket."""
    to = "unix:" + test.path("socket")
    called(test, PeerServer(test, "--listen", to, to=to), transport="unix",
           port=0)


@case()
def both_roles(test):
    """A server that calls another: a series for each role, and the call's
    time is within the request's."""
    upstream = PeerServer(test, name="upstream")
    front = PeerServer(test, "--upstream", upstream.to, name="front")
    tracer = Tracer.of(test, front.pid)
    books = front.load("--path", "/proxy?ms=60", "--requests", "5")
    front.quiet()
    report = tracer.stop().complete()
    server = report.one(role="server", port=front.port)
    calls = report.one(role="client", port=upstream.port)
    test.equal("requests", books["responses"], server["exchanges"])
    test.equal("calls", upstream.end()["responses"], calls["exchanges"],
               "upstream")
    test.equal("operations", "GET /proxy, GET /sleep",
               f"{server['operation']}, {calls['operation']}", "contract")
    test.near("request", books["sum"], server["duration"]["sum"], slack=0.015)
    test.check("the calls took longer than the requests",
               0.3 <= calls["duration"]["sum"] <= server["duration"]["sum"])


@case(guests=True)
def both_ends(test):
    """A client and its server, both traced: each exchange once per role."""
    server = PeerServer(test)
    caller = server.client("--requests", "100", "--wait")
    caller.wait_event("waiting")
    tracer = Tracer.of(test, server.pid, caller.pid)
    caller.signal(signal.SIGUSR1)
    books = caller.wait_event("end")
    server.quiet()
    report = tracer.stop().complete()
    test.equal("as client", books["responses"],
               report.exchanges(role="client", pid=caller.pid))
    test.equal("as server", books["responses"],
               report.exchanges(role="server", pid=server.pid))
    test.equal("in all", 200, report.exchanges())


@case()
def command(test):
    """-- COMMAND: traced from its first instruction, ends with it."""
    server = PeerServer(test)
    tracer = Tracer(test, command=(
        peer("peer_client"), "--to", server.to, "--requests", "100",
        "--path", "/items/4"))
    books = tracer.process.wait_event("end")
    report = tracer.finish().complete()
    series = report.one(role="client", port=server.port)
    test.equal("exchanges", books["responses"], series["exchanges"])
    test.equal("operation", "GET /items/{id}", series["operation"],
               "contract")
    test.equal("opened", 1, report.connections("opened"))


@case()
def command_serves(test):
    """-- COMMAND that is a server; SIGINT ends tracing."""
    tracer = Tracer(test, command=(peer("peer_server"),))
    port = tracer.process.wait_event("ready")["port"]
    books = client(test, f"127.0.0.1:{port}", "--requests", "50",
                   "--path", "/items/4").wait_event("end")
    time.sleep(0.2)
    report = tracer.stop().complete()
    test.equal("exchanges", books["responses"],
               report.exchanges(role="server", port=port))


@case()
def several_pids(test):
    """-p A,B traces both and nobody else."""
    servers = [PeerServer(test) for _ in range(3)]
    tracer = Tracer.of(test, servers[0].pid, servers[1].pid)
    for i, server in enumerate(servers):
        server.load("--requests", str(10 * (i + 1)))
        server.quiet()
    report = tracer.stop().complete()
    test.equal("first", 10, report.exchanges(pid=servers[0].pid))
    test.equal("second", 20, report.exchanges(pid=servers[1].pid))
    test.equal("in all", 30, report.exchanges())


@case()
def by_port_option(test):
    """--port N traces who listens there."""
    wanted, other = PeerServer(test), PeerServer(test)
    tracer = Tracer(test, "--port", str(wanted.port))
    books = wanted.load("--requests", "25")
    other.load("--requests", "35")
    wanted.quiet()
    report = tracer.stop().complete()
    test.equal("wanted", books["responses"],
               report.exchanges(port=wanted.port, role="server"))
    test.equal("other", 0, report.exchanges(port=other.port, role="server"))


def named_server(test, name):
    """A server whose process has that name; how to reach it."""
    path = test.path(name)
    if not os.path.exists(path):
        shutil.copy(peer("peer_server"), path)
    return f"127.0.0.1:{test.start([path]).wait_event('ready')['port']}"


@case()
def by_comm_option(test):
    """--comm NAME traces processes of that name."""
    name = f"rtpeer{os.getpid() % 100000}"
    to = named_server(test, name)
    other = PeerServer(test)
    tracer = Tracer(test, "--comm", name)
    books = client(test, to, "--requests", "25").wait_event("end")
    other.load("--requests", "35")
    other.quiet()
    report = tracer.stop().complete()
    test.equal("wanted", books["responses"], report.exchanges(comm=name))
    test.equal("in all", 25, report.exchanges())


@case()
def by_comm_to_come(test):
    """--comm NAME traces processes that get that name later."""
    name = f"rtpeer{os.getpid() % 100000}"
    tracer = Tracer(test, "--comm", name)
    total = 0
    for _ in range(2):
        to = named_server(test, name)
        books = client(test, to, "--requests", "25").wait_event("end")
        total += books["responses"]
    time.sleep(0.2)
    report = tracer.stop().complete()
    test.equal("exchanges", total, report.exchanges(comm=name))
    test.equal("in all", 50, report.exchanges())


@case()
def all_option(test):
    """--all traces every process."""
    servers = [PeerServer(test) for _ in range(2)]
    tracer = Tracer(test, "--all")
    for server in servers:
        server.load("--requests", "30")
        server.quiet()
    report = tracer.stop()
    for server in servers:
        test.equal("server", 30, report.exchanges(role="server",
                                                  port=server.port))
        test.equal("client", 30, report.exchanges(role="client",
                                                  port=server.port))


@case()
def two_instances(test):
    """Two tracers of one process do not disturb each other."""
    server = PeerServer(test)
    first = Tracer.of(test, server.pid)
    server.load("--requests", "100")
    second = Tracer.of(test, server.pid)
    server.load("--requests", "200")
    server.quiet()
    early = first.stop().complete()
    server.load("--requests", "50")
    server.quiet()
    late = second.stop().complete()
    test.equal("first", 300, early.exchanges())
    test.equal("second", 250, late.exchanges())
