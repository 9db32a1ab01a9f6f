# SPDX-License-Identifier: GPL-2.0-only
"""What reqtrace may and may not do: few capabilities suffice, those that are
needed no longer are given up, and what it starts is left as it was. What it
may do on this kernel, reqtrace doctor tells."""

import json
import os

import engine
import permission
from cases.loads import commands
from cases.misuse import refused
from cases.registry import case, case_for
from harness import REQTRACE, Skip, need
from services import PeerServer, Redis
from tracer import Tracer

NOBODY = 65534
# include/uapi/linux/capability.h
BITS = {"dac_read_search": 2, "kill": 5, "sys_ptrace": 19, "sys_admin": 21,
        "perfmon": 38, "bpf": 39}
ENOUGH = ("bpf", "perfmon", "sys_ptrace")


def as_nobody(*capabilities):
    """The words that start a command as another user with these alone."""
    need("setpriv")
    wanted = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
            "--clear-groups", f"--inh-caps={wanted}",
            f"--ambient-caps={wanted}")


def mask(*names):
    return sum(1 << BITS[name] for name in names)


def capabilities(pid):
    """{"Eff": mask, ...} of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return {line[3:6]: int(line.split()[1], 16) for line in f
                if line.startswith("Cap")}


def doctor(test, *prefix, ok=(0,)):
    """What it finds, as (status, text, JSON)."""
    asked = [*prefix, REQTRACE, *engine.OPTION, "doctor"]
    text = test.run(asked, ok=ok)
    found = test.run([*asked, "--json", "-"], ok=ok)
    return text.wait(), text.stdout(), json.loads(found.stdout())


@case()
def few_capabilities_suffice(test):
    """Another user with three capabilities counts what root counts."""
    redis = Redis(test)
    redis.reset_stats()
    redis.quiet()
    os.chmod(test.tmp, 0o777)  # where the report is to be
    tracer = Tracer.of(test, redis.pid, prefix=as_nobody(*ENOUGH))
    test.equal("capabilities", mask(*ENOUGH), capabilities(tracer.pid)["Eff"],
               "granted")
    redis.benchmark("-t", "get", "-n", "20000", "-c", "10")
    redis.quiet()
    report = tracer.stop().complete()
    seen = commands(report, pid=redis.pid, role="server", port=redis.port)
    test.equal("GET", redis.calls()["GET"], seen["GET"], "redis")
    [exe] = [p["exe"] for p in report.data["processes"]
             if p["pid"] == redis.pid]
    test.equal("exe", os.readlink(f"/proc/{redis.pid}/exe"), exe, "kernel")


@case_for(("with-parts", "without"), guests=("with-parts", "without"))
def few_capabilities_suffice_or_are_named(test, parts):
    """The same on other kernels; before Linux 6.2 one more is needed, and
    reqtrace says which, the doctor too."""
    server = PeerServer(test)
    os.chmod(test.tmp, 0o777)
    tracer = Tracer.of(test, server.pid, prefix=as_nobody(*ENOUGH), wait=False,
                       args=("--no-parts",) if parts == "without" else ())
    release = tuple(int(n) for n in os.uname().release.split(".")[:2])
    if release >= (6, 2):
        tracer.wait_attached()
        books = server.load("--requests", "50")
        server.rest()
        report = tracer.stop().complete()
        test.equal("exchanges", books["requests"],
                   report.exchanges(pid=server.pid))
        return
    test.equal("exit status", 1, tracer.process.wait(), "contract")
    said = tracer.process.stderr()
    test.check(f"it says {said!r}", "needs CAP_SYS_ADMIN as well" in said)
    _, text, found = doctor(test, *as_nobody(*ENOUGH), ok=(1,))
    test.check(f"the doctor says {found['refusal']!r}", found["refusal"] in said
               and "give it cap_sys_admin" in " ".join(text.split()))


@case_for(("bpf", "perfmon"))
def capability_is_missing(test, name):
    """One that is needed is not there: it is named."""
    server = PeerServer(test)
    rest = [c for c in ENOUGH if c != name]
    refused(test, f"without {name}", 1, ["-p", str(server.pid), "-d", "1"],
            (f"needs CAP_{name.upper()},",), prefix=as_nobody(*rest))


@case()
def capabilities_are_given_up(test):
    """Of root's, few are left while it traces, and it traces all the same,
    processes that come later too."""
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    left = capabilities(tracer.pid)
    with open(f"/proc/{tracer.pid}/status", encoding="ascii") as f:
        test.check("a program that it starts would have them again",
                   "NoNewPrivs:\t1\n" in f.read())
    books = server.load("--requests", "50")
    server.rest()
    report = tracer.stop().complete()
    allowed = [*ENOUGH, "dac_read_search"]
    if any(h.startswith("uretprobe/") for h in report.data["tool"]["hooks"]):
        allowed.append("sys_admin")
    test.check(f"effective: {left['Eff']:#x}",
               left["Eff"] & ~mask(*allowed) == 0)
    test.check(f"effective: {left['Eff']:#x} is too few",
               left["Eff"] & mask(*ENOUGH) == mask(*ENOUGH))
    test.equal("permitted", left["Eff"], left["Prm"], "effective")
    test.equal("inheritable and ambient", 0, left["Inh"] | left["Amb"],
               "expected")
    test.equal("exchanges", books["responses"], report.exchanges())


@case_for(("EPERM", "ENOMEM"))
def hook_fails_late(test, error):
    """A hook that works when it is tried, and then does not: one sentence with
    its name and what to look for, and nothing stays attached."""
    need("strace")
    calls = test.path("calls")
    run = [REQTRACE, *engine.OPTION, "-p", str(os.getpid()), "-d", "0.1"]
    trace = ("strace", "-e", "trace=bpf", "-o", calls)
    test.run([*trace, *run])
    with open(calls, encoding="utf-8") as f:
        hooks = [number for number, line in enumerate(f, 1)
                 if "BPF_LINK_CREATE" in line and "BPF_TRACE_RAW_TP" in line]
    before = permission.programs()
    said = test.run([*trace, "-e", f"inject=bpf:error={error}:when={hooks[-3]}",
                     *run], ok=(1,)).stderr().strip()
    test.check(f"it said {said!r}", said.startswith("reqtrace: cannot attach ")
               and " to tp_btf/" in said and "\n" not in said
               and "fault of reqtrace" not in said
               and ("seccomp" if error == "EPERM" else "memory") in said)
    test.equal("programs left", [], permission.left_behind(before), "expected")


@case()
def command_has_the_rights_of_its_user(test):
    """A command has all that reqtrace was started with."""
    own = capabilities(os.getpid())["Eff"]
    tracer = Tracer(test, wait=False,
                    command=["sh", "-c", "id -u; grep CapEff "
                             "/proc/self/status"])
    tracer.finish()
    said = tracer.text().split()
    test.equal("user", str(os.geteuid()), said[0], "id")
    test.equal("capabilities", own, int(said[2], 16), "kernel")


@case()
def command_of_another_user_is_ended(test):
    """It is ended with the run, whoever it has become."""
    need("setpriv")
    tracer = Tracer(test, "-d", "1", command=[
        "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
        "sh", "-c", "echo $$; exec sleep 1000"])
    tracer.finish(timeout=30)
    pid = int(tracer.text().split()[0])
    test.equal(f"command {pid} lives", False, os.path.exists(f"/proc/{pid}"),
               "expected")


@case()
def doctor_knows(test):
    """Kernel, hooks, and the engine that a run then takes."""
    status, text, found = doctor(test)
    test.equal("exit status", 0, status, "contract")
    test.check("it cannot trace", found["can_trace"])
    for word in (os.uname().release, "BTF", "Lockdown", "CAP_BPF",
                 "iter/task_file", found["engine"]):
        test.check(f"{word} is not in what it prints", word in text)
    wide = [line for line in text.splitlines() if len(line) > 80]
    test.check(f"lines wider than 80 columns: {wide}", not wide)
    server = PeerServer(test)
    tracer = Tracer.of(test, server.pid)
    books = server.load("--requests", "10")
    server.rest()
    report = tracer.stop().complete()
    test.equal("exchanges", books["responses"], report.exchanges())
    tool = report.data["tool"]
    test.equal("engine", tool["engine"], found["engine"], "run")
    test.equal("lost", tool["lost"], found["lost"], "run")
    works = {h["name"] for h in found["hooks"] if h["works"]}
    test.check(f"hooks of the run that do not work: {tool['hooks']}",
               set(tool["hooks"]) <= works)


@case(traces=False)
def doctor_without_rights(test):
    """Somebody without rights is told what is missing, and what the kernel
    has as far as it can be seen."""
    prefix = as_nobody() if os.geteuid() == 0 else ()
    status, text, found = doctor(test, *prefix, ok=(1,))
    test.equal("exit status", 1, status, "contract")
    test.check("it can trace", not found["can_trace"])
    test.check(f"it says {found['refusal']!r}",
               "CAP_BPF and CAP_PERFMON" in found["refusal"])
    test.check("it does not say what to do", "setcap" in text)
    test.check("nothing was left untried",
               any(not h["tried"] for h in found["hooks"]))
    test.check("a hook works that could not be tried",
               not any(h["works"] for h in found["hooks"]))


@case()
def without_type_information(test):
    """A kernel without BTF: run and doctor name the option that it lacks."""
    need("unshare", "mount")
    prefix = ("unshare", "--mount", "sh", "-c",
              'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh")
    if test.run([*prefix, "true"], ok=None).wait():
        raise Skip("nothing may be mounted over /sys/kernel/btf")
    refused(test, "no BTF", 1, ["-p", "1", "-d", "1"],
            ("CONFIG_DEBUG_INFO_BTF=y",), prefix=prefix)
    _, text, found = doctor(test, *prefix, ok=(1,))
    test.check("it can trace", not found["can_trace"])
    test.check("it does not name the option",
               "CONFIG_DEBUG_INFO_BTF=y" in text)


@case_for(("sock", "fexit", "syscall"))
def engine_asked_for(test, name):
    """It is taken, or refused with the hook that is missing."""
    [asked] = [e for e in doctor(test)[2]["engines"] if e["name"] == name]
    server = PeerServer(test)
    if not asked["works"]:
        refused(test, name, 1, ["--engine", name, "-p", str(server.pid)],
                (asked["reason"],))
        return
    tracer = Tracer.of(test, server.pid, args=("--engine", name))
    books = server.load("--requests", "25")
    server.rest()
    report = tracer.stop().complete()
    test.equal("engine", name, report.data["tool"]["engine"], "option")
    test.equal("exchanges", books["responses"], report.exchanges())
    lost = report.data["tool"]["lost"]
    test.check(f"the report does not tell all of {lost}",
               all(one.split(":")[0] in " ".join(tracer.text().split())
                   for one in lost))
