# SPDX-License-Identifier: GPL-2.0-only
"""A proxy whose reads pass no receive call at all."""

import os
import socket
import time

import engine
from cases.registry import case
from harness import SLOW, pause, scaled
from services import Redis
from tracer import Tracer

PROXY = os.path.join(os.path.dirname(__file__), "..", "..", "peers",
                     "splice_proxy.py")
PAUSE = 0.05 * SLOW
SLACK = 0.003 * SLOW
CALLS = scaled(10, least=4)


def ping(connection):
    begin = time.monotonic()
    connection.sendall(b"PING\r\n")
    answer = connection.recv(100)
    return answer, time.monotonic() - begin


@case(guests=True)
def splice_both_ways(test):
    """Bytes that splice() takes out of a socket are exchanges as well, timed
    from their arrival; each call passed on is one of the client role."""
    redis = Redis(test)
    proxy = test.start(["/usr/bin/python3", PROXY, str(redis.port)])
    port = int(proxy.wait_output("\n"))
    tracer = Tracer.of(test, proxy.pid)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        took = []
        for _ in range(CALLS):
            answer, seconds = ping(connection)
            test.equal("answer", b"+PONG\r\n", answer, "redis")
            took.append(seconds)
            time.sleep(max(PAUSE, 3 * seconds))
    pause(0.2)
    report = tracer.stop()
    server = report.one(role="server", port=port)
    client = report.one(role="client", port=redis.port)
    test.equal("served", CALLS, server["exchanges"])
    test.equal("passed on", CALLS, client["exchanges"])
    test.equal("operation", "(not readable)", server["operation"], "contract")
    test.equal("read by splice", 2 * CALLS if engine.has("spliced") else 0,
               report.coverage["spliced"])
    test.equal("bytes in", CALLS * len("PING\r\n"), server["bytes_in"])
    test.equal("bytes back", CALLS * len("+PONG\r\n"), client["bytes_in"])
    # Pauses between the requests are in none of them: each is longer than the
    # request before it. The client may have its answer before the proxy's
    # send returns.
    test.check(f"longest {server['duration']['max']:.4f} s, seen by the "
               f"client {max(took):.4f} s",
               server["duration"]["max"] <= max(took) + SLACK)
