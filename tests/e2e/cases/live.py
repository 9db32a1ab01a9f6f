# SPDX-License-Identifier: GPL-2.0-only
"""The live view on a terminal, and what is printed while tracing goes on."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from cases.registry import case, case_for
from harness import REQTRACE, Failure
from services import Held, PeerServer
from tracer import Report, Tracer

CSI = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78])")


class Terminal:
    """reqtrace on a pseudo-terminal; .seen is all that it has drawn."""

    def __init__(self, test, server, columns, *args):
        self.master, slave = pty.openpty()
        self.resize(columns)
        self.json = test.path("report.json")
        self.process = test.start(
            [REQTRACE, "--json", self.json, "-p", server.pid, *args],
            name="reqtrace", stdin=slave, stdout=slave,
            env=dict(os.environ, TERM="xterm"))
        os.close(slave)
        self.seen = ""
        self.wait("\x1b[")  # the live view stands

    def resize(self, columns, lines=24):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds):
        """Take in what is drawn for so long, or until it ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other side is closed
                return
            self.seen += data.decode("utf-8", "replace")

    def wait(self, text, seconds=5):
        end = time.monotonic() + seconds
        while text not in self.seen:
            if time.monotonic() > end or not self.process.running():
                raise Failure(f"the terminal never showed {text!r}: "
                              f"{self.seen[-400:]!r} "
                              f"{self.process.stderr()[-400:]}")
            self.read(0.1)

    def key(self, keys):
        os.write(self.master, keys.encode())

    def end(self):
        """Key q; the report, and what was printed after the live view."""
        before = len(self.seen)
        self.key("q")
        deadline = time.monotonic() + 10
        while self.process.running() and time.monotonic() < deadline:
            self.read(0.1)
        status = self.process.wait(1)
        self.read(0.2)
        os.close(self.master)
        if status:
            raise Failure(f"reqtrace ended with {status}: "
                          f"{self.process.stderr()[-400:]}")
        return Report.load(self.json), CSI.sub("", self.seen[before:])


@case()
def live_view(test):
    """A series shows within a refresh; q ends with the final report."""
    server = PeerServer(test)
    terminal = Terminal(test, server, 120)
    terminal.read(0.5)
    books = server.load("--path", "/items/1", "--requests", "30")
    began = time.monotonic()
    terminal.wait("/items/{id}")
    shown = time.monotonic() - began
    test.check(f"shown after {shown:.2f} s", shown < 2)
    report, printed = terminal.end()
    test.equal("exchanges", books["responses"], report.exchanges())
    for word in ("p50", "p99", "/items/{id}"):
        test.check(f"the final report lacks {word}: {printed[-1500:]!r}",
                   word in printed.lower())


@case_for((20, 40, 200))
def live_view_columns(test, columns):
    """Any width: keys are taken, and the end is good."""
    server = PeerServer(test)
    terminal = Terminal(test, server, columns)
    held = Held(server, "--path", "/items/1", connections=3)
    terminal.read(1.5)
    for keys in ("s", "p", "p", "h", "h", "c", "c", "j", "t", "d", "d", "k",
                 "/", "items\n", "\x1b"):
        terminal.key(keys)
        terminal.read(0.2)
    terminal.read(1.2)
    report, _ = terminal.end()
    test.equal("exchanges", held.books["responses"], report.exchanges())


@case()
def live_view_resized(test):
    """Resized while it draws, down to very little."""
    server = PeerServer(test)
    terminal = Terminal(test, server, 100)
    server.load("--path", "/items/1", "--requests", "5")
    for columns, lines in ((40, 10), (20, 5), (1, 1), (200, 60), (80, 24)):
        terminal.resize(columns, lines)
        terminal.process.signal(signal.SIGWINCH)
        terminal.read(0.5)
    server.load("--path", "/later", "--requests", "5")
    terminal.wait("/later")
    report, _ = terminal.end()
    test.equal("exchanges", 10, report.exchanges())


@case()
def report_on_sigusr1(test):
    """SIGUSR1 prints a full report, and tracing goes on."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    server.load("--path", "/items/1", "--requests", "10")
    time.sleep(0.3)
    test.check("text was printed before it was asked for",
               "/items/{id}" not in tracer.text())
    tracer.process.signal(signal.SIGUSR1)
    tracer.wait_text("/items/{id}", 2)
    time.sleep(0.2)
    first = tracer.text()
    for word in ("p50", "p99"):
        test.check(f"the report lacks {word}: {first!r}",
                   word in first.lower())
    server.load("--path", "/later/1", "--requests", "20")
    server.quiet()
    report = tracer.stop().complete()
    test.check("the final report is not printed",
               "/later/{id}" in tracer.text()[len(first):])
    test.equal("exchanges", 30, report.exchanges())


@case()
def plain_text_has_figures(test):
    """The final text report says what the JSON says, on lines for people."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    server.load("--path", "/items/1", "--requests", "1234")
    server.quiet()
    report = tracer.stop().complete()
    text = tracer.text().lower().replace("1,234", "1234")
    test.equal("exchanges", 1234, report.exchanges())
    for word in ("1234", "get /items/{id}", str(server.port), "p50", "p90",
                 "p95", "p99", "p99.9", "min", "mean", "max", "peer_server"):
        test.check(f"the text report lacks {word!r}:\n{text}",
                   word in text)


@case()
def interval_not_on_terminal(test):
    """-i 1 prints every second; without it only the end is printed."""
    server = PeerServer(test)
    quiet = Tracer.of(test, server.pid)
    often = Tracer.of(test, server.pid, interval=True)
    server.load("--path", "/items/1", "--requests", "5")
    time.sleep(3.2)
    seen = often.text().count("/items/{id}")
    test.check(f"shown {seen} times in 3 s", seen >= 2)
    test.equal("shown without -i", 0, quiet.text().count("/items/{id}"),
               "contract")
    test.equal("exchanges", 5, often.stop().exchanges())
    quiet.stop()
