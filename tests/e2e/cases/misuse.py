# SPDX-License-Identifier: GPL-2.0-only
"""Bad input: one clear sentence, the right exit status, no lost report.

Exit status 2 is wrong usage, 1 is what could not be traced or went wrong."""

import os
import subprocess

from cases.registry import add, case
from harness import REQTRACE, Failure, need
from services import PeerServer
from tracer import Report, Tracer

NOISE = ("libbpf:", "Assertion", "Segmentation", "AddressSanitizer",
         "runtime error")


def refused(test, what, status, arguments, words=(), prefix=()):
    """reqtrace must end with status and a sentence that has one of words."""
    process = test.start([*prefix, REQTRACE, *arguments], name="reqtrace")
    got = process.wait(15)
    said = process.stderr().strip()
    test.check(f"{what}: it said {said!r}, which is noise",
               not any(n in said for n in NOISE))
    test.check(f"{what}: it said nothing", said)
    test.check(f"{what}: {len(said.splitlines())} lines instead of one "
               f"sentence: {said!r}", len(said.splitlines()) <= 2)
    test.check(f"{what}: {said!r} has none of {words}",
               not words or any(w in said for w in words))
    test.equal(f"{what}: exit status", status, got, "contract")


def no_such_pid():
    """A PID that nobody has now, and that will not come soon."""
    with open("/proc/sys/kernel/pid_max", encoding="ascii") as f:
        pid = int(f.read()) - 1
    while os.path.exists(f"/proc/{pid}"):
        pid -= 1
    return str(pid)


USAGE = {
    "pid-0": (["-p", "0"], ("0",)),
    "pid-negative": (["-p", "-1"], ("-1",)),
    "pid-word": (["-p", "abc"], ("abc",)),
    "pid-empty": (["-p", ""], ()),
    "pid-list-broken": (["-p", "1,,2"], ()),
    "pid-huge": (["-p", "99999999999999999999"], ()),
    "pid-with-rest": (["-p", "12x"], ("12x",)),
    "port-0": (["--port", "0"], ("0",)),
    "port-65536": (["--port", "65536"], ("65536",)),
    "port-word": (["--port", "http"], ("http",)),
    "duration-word": (["-d", "soon", "-p", "1"], ("soon",)),
    "duration-negative": (["-d", "-3", "-p", "1"], ("-3",)),
    "interval-word": (["-i", "x", "-p", "1"], ("x",)),
    "ring-small": (["--ring", "1000", "-p", "1"], ("1000", "4096")),
    "ring-no-power": (["--ring", "5000", "-p", "1"], ("5000",)),
    "engine-unknown": (["--engine", "magic", "-p", "1"], ("magic",)),
    "by-unknown": (["--by", "colour", "-p", "1"], ("colour",)),
    "option-unknown": (["--no-such-option"], ("no-such-option",)),
    "nothing-to-trace": ([], ()),
    "command-missing": (["--"], ()),
    "word-before-command": (["server", "--", "true"], ("server",)),
    "pid-before-command": (["1234", "--", "true"], ("1234", "-p")),
    "replay-without-file": (["replay"], ()),
    "doctor-with-target": (["doctor", "-p", "1"], ("--json",)),
    "doctor-with-word": (["doctor", "now"], ("now",)),
    "duration-hexadecimal": (["-d", "0x10", "-p", "1"], ("0x10",)),
    "slow-hexadecimal": (["--slow", "0x10ms", "-p", "1"], ("0x10ms",)),
    "slow-without-unit": (["--slow", "100", "-p", "1"], ("100ms",)),
    "slow-p100": (["--slow", "p100", "-p", "1"], ("p100",)),
    "slow-p-hexadecimal": (["--slow", "p0x60", "-p", "1"], ("p0x60",)),
    "verify-without-parts": (["--verify", "--no-parts", "-p", "1"],
                             ("--no-parts",)),
}


def register_usage(name, arguments, words):
    def run(test):
        refused(test, " ".join(arguments) or "no arguments", 2, arguments,
                words)
    run.__doc__ = "Wrong usage: " + " ".join(["reqtrace", *arguments])
    add(f"usage-{name}", run, 20, False)


for _name, (_arguments, _words) in USAGE.items():
    register_usage(_name, _arguments, _words)


@case()
def pid_of_nobody(test):
    """No such process."""
    pid = no_such_pid()
    refused(test, "no such process", 1, ["-p", pid, "-d", "1"], (pid,))


@case()
def command_not_there(test):
    """A command that cannot be run."""
    refused(test, "no such command", 1, ["-d", "1", "--", "/no/such/command"],
            ("/no/such/command",))


@case()
def json_in_no_directory(test):
    """A report that cannot be written is found out before tracing."""
    server = PeerServer(test)
    path = test.path("none/report.json")
    refused(test, "no directory", 1,
            ["--json", path, "-p", str(server.pid)], (path,))


@case()
def record_in_no_directory(test):
    """The same for a recording."""
    server = PeerServer(test)
    path = test.path("none/recording")
    refused(test, "no directory", 1,
            ["--record", path, "-p", str(server.pid)], (path,))


@case()
def json_to_full_device(test):
    """A disk that is full at the end: said, status 1, the text report still
    comes."""
    server = PeerServer(test)
    process = test.start([REQTRACE, "--json", "/dev/full", "-p", server.pid,
                          "-d", "1.5"], name="reqtrace")
    process.wait_output("attached", stream="stderr")
    server.load("--path", "/items/1", "--requests", "5")
    test.equal("exit status", 1, process.wait(10), "contract")
    test.check(f"stderr is {process.stderr()!r}",
               "/dev/full" in process.stderr())
    test.check("the text report is lost", "GET /items/{id}" in process.stdout())


@case()
def stdout_full(test):
    """The same for the text report: the JSON report still comes."""
    server = PeerServer(test)
    with open("/dev/full", "wb") as full:
        process = test.start(
            [REQTRACE, "--json", test.path("report"), "-p", server.pid, "-d",
             "1.5"], name="reqtrace", stdout=full)
    process.wait_output("attached", stream="stderr")
    books = server.load("--requests", "5")
    test.equal("exit status", 1, process.wait(10), "contract")
    test.equal("exchanges", books["responses"],
               Report.load(test.path("report")).exchanges())


@case()
def stdout_not_open(test):
    """No stdout at all: the report must not end up in the recording, which is
    opened next."""
    server = PeerServer(test)
    recording = test.path("recording")
    process = test.start(["sh", "-c", 'exec "$@" >&-', "sh", REQTRACE,
                          "--record", recording, "-p", str(server.pid), "-d",
                          "0.5"], name="reqtrace")
    test.equal("exit status", 1, process.wait(10), "contract")
    test.check(f"stderr is {process.stderr()!r}",
               "stdout" in process.stderr())
    test.run([REQTRACE, "replay", recording])


@case()
def recording_to_full_device(test):
    """A recording that cannot go on does not take the report with it."""
    server = PeerServer(test)
    process = test.start([REQTRACE, "--record", "/dev/full", "--json",
                          test.path("report"), "-p", server.pid, "-d", "1.5"],
                         name="reqtrace")
    status = process.wait(10)
    test.equal("exit status", 1, status, "contract")
    test.check(f"stderr is {process.stderr()!r}",
               "/dev/full" in process.stderr())


@case()
def stdout_closed_early(test):
    """A reader that goes away (reqtrace ... | head) does not hang it."""
    server = PeerServer(test)
    reader, writer = os.pipe()
    process = test.start([REQTRACE, "-i", "0.2", "-p", server.pid, "-d", "2"],
                         name="reqtrace", stdout=writer)
    os.close(writer)
    process.wait_output("attached", stream="stderr")
    os.close(reader)
    status = process.wait(10)
    test.check(f"ended by a signal or with {status}", status in (0, 1, -13))
    test.fact(f"exit status {status}")


@case(traces=False)
def replay_of_nothing(test):
    """A recording that is not there."""
    refused(test, "no recording", 1, ["replay", "/no/such/file"],
            ("/no/such/file",))


@case(traces=False)
def replay_of_something_else(test):
    """Files that are no recordings."""
    for name, content in (("empty", b""), ("text", b"hello, world\n" * 50),
                          ("zeroes", bytes(5000))):
        path = test.path(name)
        with open(path, "wb") as f:
            f.write(content)
        refused(test, name, 1, ["replay", path], (path,))


@case()
def replay_cut_short(test):
    """A recording whose end is missing, as a crash leaves it: what is there
    is shown or refused in a sentence, never a crash."""
    server = PeerServer(test)
    path = test.path("recording")
    tracer = Tracer.of(test, server.pid, args=("--record", path))
    server.load("--requests", "50")
    tracer.stop()
    with open(path, "rb") as f:
        whole = f.read()
    for size in (len(whole) - 1, len(whole) // 2, 40, 9):
        cut = test.path(f"cut-{size}")
        with open(cut, "wb") as f:
            f.write(whole[:size])
        run = test.run([REQTRACE, "replay", cut], ok=(0, 1))
        if run.popen.returncode and not run.stderr().strip():
            raise Failure(f"cut to {size} bytes: status 1 without a word")
    test.fact(f"{len(whole)} bytes cut at 4 places")


@case()
def without_root(test):
    """Somebody without rights is told so."""
    need("setpriv")
    server = PeerServer(test)
    refused(test, "nobody", 1, ["-p", str(server.pid), "-d", "1"],
            ("root", "CAP_", "capabilit"),
            prefix=("setpriv", "--reuid=65534", "--regid=65534",
                    "--clear-groups"))


@case()
def without_capability(test):
    """Root without the capabilities for BPF is told which."""
    need("setpriv")
    server = PeerServer(test)
    refused(test, "no CAP_BPF", 1, ["-p", str(server.pid), "-d", "1"],
            ("CAP_", "capabilit"),
            prefix=("setpriv",
                    "--bounding-set=-sys_admin,-bpf,-perfmon",
                    "--inh-caps=-sys_admin,-bpf,-perfmon"))


@case()
def inside_another_pid_namespace(test):
    """Run in a PID namespace, where PIDs mean others than the kernel's: a
    refusal in a sentence, or right figures; never an empty report."""
    need("unshare")
    script = test.path("inside.sh")
    with open(script, "w", encoding="ascii") as f:
        f.write(INSIDE.format(
            reqtrace=REQTRACE, tmp=test.tmp,
            peers=os.path.dirname(os.path.abspath(
                PeerServer(test).process.argv[0]))))
    run = test.run(["unshare", "--pid", "--fork", "--kill-child",
                    "--mount-proc", "sh", script], ok=None, timeout=30,
                   stdin=subprocess.DEVNULL)
    said = run.stderr().strip()
    if run.popen.returncode == 0:
        report = Report.load(test.path("report"))
        test.equal("exchanges", 20, report.exchanges(role="server"))
        return
    test.equal("exit status", 1, run.popen.returncode, "contract")
    test.check(f"it said {said!r}", "namespace" in said)


INSIDE = """
{peers}/peer_server >{tmp}/ready &
server=$!
until grep -q ready {tmp}/ready; do sleep 0.05; done
port=$(sed 's/.*"port": \\([0-9]*\\).*/\\1/' {tmp}/ready)
{reqtrace} --json {tmp}/report -p $server -d 3 &
tracer=$!
sleep 1
{peers}/peer_client --to 127.0.0.1:$port --requests 20 >/dev/null
wait $tracer
"""
