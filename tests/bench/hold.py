#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Idle things by the thousand, until it is ended: connections to a port
(hold.py connections PORT N) or child processes (hold.py processes N). Says
"held N" when they are there.
"""

import os
import signal
import socket
import sys

PER_ADDRESS = 5000  # of its local ports: few enough to be found soon
IP_BIND_ADDRESS_NO_PORT = 24
LOOPBACK = "127.0.0."


def connections(port, count):
    held = []
    for i in range(count):
        s = socket.socket()
        s.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        s.bind((LOOPBACK + str(2 + i // PER_ADDRESS), 0))
        s.connect(("127.0.0.1", port))
        held.append(s)
    return held


def processes(count):
    held = []
    for _ in range(count):
        pid = os.fork()
        if not pid:
            signal.pause()
            os._exit(0)
        held.append(pid)
    return held


def main():
    what, *numbers = sys.argv[1:]
    held = {"connections": connections,
            "processes": processes}[what](*map(int, numbers))
    print("held", len(held), flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
