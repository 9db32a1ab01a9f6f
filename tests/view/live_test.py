#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What people see of the live view: live_test.py LIVE_DEMO

Runs the demo (live_demo.c) in tmux at several sizes, types keys, resizes, and
asserts on the text of the pane. Says SKIP where tmux is missing.
"""

import os
import shutil
import subprocess
import sys
import time

DEADLINE = 10.0
MARK = "shell is back"


class Failure(Exception):
    pass


class Pane:
    """One demo in a tmux server of its own; the shell says when the demo is
    gone."""

    count = 0

    def __init__(self, demo, kind, columns, lines, tick_ms=200, extra="",
                 locale="C.UTF-8", term=""):
        Pane.count += 1
        self.socket = f"reqtrace-live-test-{os.getpid()}-{Pane.count}"
        env = f"env {term} LC_ALL={locale}"
        self.tmux("new-session", "-d", "-s", "live", "-x", str(columns),
                  "-y", str(lines),
                  f"{env} '{demo}' {kind} {tick_ms} {extra};"
                  f"stty -a | tr ' ' '\\n' | grep -x -- '-*echo;*\\|-*icanon;*';"
                  f" echo {MARK}; exec sleep 1000")

    def tmux(self, *args):
        done = subprocess.run(["tmux", "-L", self.socket, "-f", "/dev/null",
                               *args], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            raise Failure(f"tmux {args[0]}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")

    def text(self):
        return self.tmux("capture-pane", "-p", "-t", "live")

    def rows(self):
        return self.text().split("\n")

    def resize(self, columns, lines):
        self.tmux("resize-window", "-t", "live", "-x", str(columns),
                  "-y", str(lines))

    def keys(self, *keys):
        self.tmux("send-keys", "-t", "live", *keys)

    def wait(self, what, holds):
        """The pane's text once holds(text); a Failure after the deadline."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            text = self.text()
            if holds(text):
                return text
            time.sleep(0.05)
        raise Failure(f"{what}: not seen on this screen:\n{text}")

    def see(self, *parts):
        return self.wait(f"{parts}", lambda t: all(p in t for p in parts))

    def see_not(self, part):
        return self.wait(f"no {part!r}", lambda t: part not in t)

    def row_with(self, part):
        for row in self.see(part).split("\n"):
            if part in row:
                return row
        raise Failure(f"no row with {part!r}")


def check(condition, what, text=""):
    if not condition:
        raise Failure(f"{what}\n{text}")


def header(pane):
    return pane.row_with("P99")


def test_wide(demo):
    with Pane(demo, "web", 200, 50) as pane:
        text = pane.see("gunicorn (1200) and 2 children", "engine sock",
                        "rates: last 1.00 s", "since the start",
                        "7 streams (3 active)", "POST /café/注文/{id}",
                        "GET /api/v1/users/{id}/orders/{id}",
                        "! 1,200 exchanges counted without their operation",
                        "q Quit", "b Group by")
        for title in ("PROCESS", "PID", "ROLE", "PORT", "PROTO", "OPERATION",
                      "OPS", "RATE/s", "ERR", "MIN", "MEAN", "P50", "P90",
                      "P95", "P99", "P99.9", "MAX", "CONNS"):
            check(f" {title} " in f" {header(pane)} ", f"column {title}", text)
        check("\x1b" not in text, "an escape from a name reached the screen")


def test_80x24(demo):
    with Pane(demo, "web", 80, 24) as pane:
        text = pane.see("gunicorn (1200)", "HGETALL", " µs ", "q Quit")
        for title in ("PID", "ROLE", "PORT", "OPERATION", "RATE/s", "ERR",
                      "P50", "P95", "P99", "MAX"):
            check(title in header(pane), f"column {title} at 80", text)
        for row in text.split("\n"):
            check(len(row) <= 80, "a row is wider than the screen", text)


def test_narrow_and_resize(demo):
    with Pane(demo, "web", 20, 6) as pane:
        pane.see("gunicorn", "OPERAT", "P99", "q Quit")
        pane.resize(20, 5)
        pane.see("gunicorn", "OPERAT", "q Quit")
        pane.resize(130, 30)
        pane.see("CONNS", "orders/{id}", "percentiles: since the start", "HGETALL",
                 "b Group by")
        pane.resize(10, 2)
        time.sleep(0.3)
        pane.resize(80, 24)
        pane.see("OPERATION", "HGETALL", "b Group by")


def test_sort(demo):
    def first_row(pane):
        rows = pane.rows()
        at = [i for i, row in enumerate(rows) if "OPERATION" in row][0]
        return rows[at + 1]

    with Pane(demo, "web", 200, 20) as pane:
        pane.see("HGETALL")
        check("1201 server 8000" in first_row(pane), "by operations at first")
        pane.keys(">", ">")  # OPS, RATE/s, ERR
        pane.wait("sorted by errors", lambda _: "bad" in first_row(pane))
        pane.keys("r")
        pane.wait("reversed", lambda _: "bad" not in first_row(pane))
        pane.keys("Right", "s")  # MIN, MEAN
        pane.wait("sorted by mean", lambda _: "bad" in first_row(pane))
        pane.keys("<", "<", "<", "<", "<")  # OPERATION, rising
        pane.wait("sorted by operation",
                  lambda _: "unix unix" in first_row(pane))


def test_filter(demo):
    with Pane(demo, "web", 130, 20) as pane:
        pane.see("HGETALL")
        pane.keys("/", "h", "g", "e", "t")
        pane.see("Filter: hget_", "HGETALL", "Enter Keep")
        pane.see_not("orders")
        pane.keys("Enter")
        pane.see("Filter: hget", "q Quit")
        pane.keys("/", "q")
        pane.see("No row has the filter's text")
        pane.keys("Escape")
        pane.see("orders", "HGETALL")
        pane.keys("/", "注", "文")
        pane.see("Filter: 注文_", "POST")
        pane.see_not("HGETALL")
        pane.keys("BSpace", "BSpace")
        pane.see("Filter: _", "HGETALL")
        pane.keys("Escape", "/", "6", "3", "7", "9", "Enter")
        pane.see("HGETALL")
        pane.see_not("orders")


def test_pause(demo):
    with Pane(demo, "redis", 100, 20, tick_ms=100) as pane:
        pane.see("redis-server (1234)", "GET")
        pane.keys("p")
        frozen = pane.see("PAUSED").split("\n")[0]
        time.sleep(0.5)
        check(pane.rows()[0] == frozen, "a paused title moved")
        pane.resize(90, 20)
        pane.see("PAUSED", "SET")
        pane.keys("b")
        pane.see("Paused: press p")
        pane.keys("p")
        pane.see_not("PAUSED")
        pane.wait("figures move again", lambda t: t.split("\n")[0] != frozen)


def test_group_and_message(demo):
    with Pane(demo, "web", 120, 20) as pane:
        pane.see("HGETALL")
        pane.keys("b")
        pane.see("by connection; 4 of 10,000 open", "PEER", "IDLE",
                 "192.0.2.1:40000", ">3.00 s")
    with Pane(demo, "redis", 80, 20) as pane:
        pane.see("GET")
        pane.keys("b")
        pane.see("Rows by peer need --by peer")
        pane.keys("s")
        pane.see_not("Rows by peer")


def test_help(demo):
    with Pane(demo, "web", 100, 30) as pane:
        pane.see("HGETALL")
        pane.keys("?")
        pane.see("pause the screen; tracing goes on",
                 "99 in 100 were faster", "filter rows",
                 "Engine sock: Durations start at the read")
        pane.keys("x")
        pane.see("HGETALL")
        pane.keys("h")
        pane.resize(20, 6)
        pane.see("quit, print")
        pane.keys("q")
        pane.see("ended: quit")


def test_scroll(demo):
    with Pane(demo, "web", 60, 7) as pane:
        pane.see("of 6")
        pane.keys("End")
        pane.wait("the last row", lambda t: "-6 of 6" in t)
        pane.keys("k", "k", "k")  # up past the first one on the screen
        pane.wait("up", lambda t: "-5 of 6" in t)
        pane.keys("Home", "NPage", "j")
        pane.wait("down again", lambda t: "1-" not in t and "of 6" in t)


def selected(pane):
    """Whose parts the panel says to show."""
    for row in pane.rows():
        if row.startswith("Parts of "):
            return row
    return ""


def test_parts(demo):
    with Pane(demo, "parts", 80, 24) as pane:
        text = pane.see("Parts of GET /users/{id}, uvicorn (1201), server 8000",
                        "is receive queue", "p50 ", "slowest 1 % ",
                        "░ receive queue", "█ cpu ", "calls out to",
                        "postgres:5432", "q Quit", "d Parts", "t Threads",
                        "(summarised)")
        for part, p50, slow in (("receive queue", "300 µs", "70.1 ms"),
                                ("cpu other", "2.00 ms", "15.0 ms")):
            row = pane.row_with(f" {part} ")
            check(p50 in row and slow in row, f"figures of {part}", text)
        check("? unattributed" in text and "2 others" in text,
              "unattributed on a line of its own", text)
        for row in text.split("\n"):
            check(len(row) <= 80, "a row is wider than the screen", text)
        pane.keys("j")
        pane.see("Parts of POST")
        row = pane.row_with(" lock ")
        check(row.split()[2:] == ["-", "20.0", "ms", "39.9", "%"],
              "a part that is nothing around p50", row)
        pane.keys("Down")
        pane.see("Parts of HGETALL, uvicorn (1201), client 6379")
        pane.keys("Up")
        pane.see("Parts of POST /café/注文")
        pane.keys("End")
        pane.see("Parts of (summarised)", "no thread was seen")
        pane.keys("Home")
        pane.see("Parts of GET /users/{id}")
        pane.keys("d")
        pane.see_not("Parts of ")
        pane.see("(summarised)")
        pane.keys("d")
        pane.see("Parts of GET /users/{id}")


def test_parts_of_wide_and_hostile(demo):
    with Pane(demo, "parts", 140, 50) as pane:
        pane.keys("j", "j", "j")
        text = pane.see("Parts of GET /bad", "mean ", "calls out to",
                        "per ex.", "blocked", "10.0.0.2:84", "other")
        check("\x1b" not in text, "an escape from a name reached the screen")
        check("slowest 1 %" not in text, "a slow end of 30 exchanges", text)
    with Pane(demo, "parts", 80, 24, locale="C") as pane:
        text = pane.see("q receive queue", "C cpu ", "qqqqqqqq")
        check(text.isascii(), "not only ASCII in the C locale", text)


def test_parts_paused(demo):
    with Pane(demo, "parts", 100, 30, tick_ms=100) as pane:
        pane.keys("p")
        pane.see("PAUSED", "Parts of GET /users/{id}")
        pane.keys("j", "j")
        pane.see("PAUSED", "Parts of HGETALL")
        pane.keys("t")
        pane.see("PAUSED", "Threads: ")


def test_threads(demo):
    with Pane(demo, "parts", 100, 24) as pane:
        pane.keys("t")
        text = pane.see("Threads: where their time went", "CPU QUEUE  LOCK",
                        "pool-0", " more")
        check("\x1b" not in text, "an escape from a name reached the screen")
        check("86.0" in pane.row_with(" uvicorn  "), "CPU of the loop", text)
        check("POLL" in text and "SLEEP" not in text and "…" not in text,
              "columns that hold something, and no others", text)
        pane.resize(56, 24)
        text = pane.see("CPU QUEUE  LOCK  DISK   NET …", "31.5 …")
        check("POLL" not in text, "a column cut at 56", text)
        pane.resize(62, 24)
        text = pane.see(" NET  POLL", "13.9")
        check("31.5 …" not in text, "all of them at 62", text)
        pane.keys("t")
        pane.see("Parts of GET /users/{id}")
    with Pane(demo, "web", 100, 24) as pane:
        pane.keys("t")
        pane.see("No thread was watched")


def test_panel_needs_room(demo):
    with Pane(demo, "parts", 80, 23) as pane:
        pane.see("(summarised)")
        check(not selected(pane), "a panel on 23 lines", pane.text())
        pane.keys("t")
        pane.see("This needs a screen of at least 24 lines")
        pane.resize(80, 24)
        pane.see("Threads: where")
        for columns, lines in ((56, 24), (20, 5), (300, 80), (55, 24),
                               (1, 1), (300, 24), (20, 60)):
            pane.resize(columns, lines)
            pane.keys("d", "j", "t")
            time.sleep(0.1)
        pane.resize(80, 24)
        pane.keys("d")
        pane.see("Parts of ", "q Quit")
    with Pane(demo, "web", 120, 30) as pane:
        pane.see("HGETALL")
        pane.keys("b")
        pane.see("192.0.2.1:40000")
        pane.keys("d", "d")
        pane.see("Parts are not kept by connection")


def test_nothing_yet(demo):
    with Pane(demo, "empty", 60, 12) as pane:
        pane.see("redis-server (1234)", "No exchange was seen",
                 "Is there load", "q Quit")


def test_plain_locale(demo):
    with Pane(demo, "web", 120, 20, locale="C") as pane:
        text = pane.see("HGETALL", " us ")
        check(text.isascii(), "not only ASCII in the C locale", text)


def test_restores_terminal(demo):
    for how in ("q", "C-c", "exit"):
        extra = "exit" if how == "exit" else ""
        with Pane(demo, "web", 80, 24, extra=extra) as pane:
            if how != "exit":
                pane.see("HGETALL")
                pane.keys(how)
            text = pane.see(MARK)
            for mode in ("echo", "icanon"):
                check(f"-{mode}" not in text, f"{how}: {mode} is off", text)
            check("HGETALL" not in text, f"{how}: rows are left", text)
            check(pane.tmux("display-message", "-p", "-t", "live",
                            "#{cursor_flag}").strip() == "1",
                  f"{how}: the cursor is hidden", text)


def test_no_terminal(demo):
    for term in ("TERM=no-such-terminal", "TERM=dumb", "-u TERM"):
        with Pane(demo, "web", 80, 24, term=term) as pane:
            pane.see("no live view", MARK)
    done = subprocess.run([demo], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    check(done.returncode == 1 and "no live view" in done.stdout,
          "without a terminal", done.stdout)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which("tmux"):
        print("SKIP: live view: tmux is missing")
        return 0
    demo = os.path.abspath(sys.argv[1])
    failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test(demo)
            print(f"ok   {name}")
        except Failure as e:
            failed += 1
            print(f"FAIL {name}: {e}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
