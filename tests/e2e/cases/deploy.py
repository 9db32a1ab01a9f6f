# SPDX-License-Identifier: GPL-2.0-only
"""The systemd unit of deploy/: what it grants suffices, nothing of it can be
taken away, and systemd understands it."""

import os
import re

import unit_file
from cases.loads import commands
from cases.misuse import refused
from cases.registry import case, case_for
from cases.rights import BITS, mask
from harness import REQTRACE, Skip, need
from services import PeerServer, Redis
from tracer import Tracer

NOBODY = 65534
NAME = "told-by-its-environment"
HIGHEST_EXPOSURE = 3.0  # of 10; what needs no rights at all has about 1


AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
             "--clear-groups")


class Others:
    """Services of another user than whoever traces: redis for its books, and,
    as redis overwrites its environment, one that was told its name there."""

    def __init__(self, test):
        need("setpriv")
        os.chmod(test.tmp, 0o777)  # redis's directory, and the report's
        self.redis = Redis(test, prefix=AS_NOBODY)
        self.named = PeerServer(test, prefix=AS_NOBODY, env=dict(
            os.environ, OTEL_SERVICE_NAME=NAME))


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def trace(test, others, names=None, filtered=True):
    """What the tracer has, and the report of a short load, traced as the unit
    does it, or with these capabilities."""
    prefix = unit_file.prefix(names)
    if filtered:
        prefix += unit_file.filtered(test)
    redis = others.redis
    redis.reset_stats()
    redis.quiet()
    tracer = Tracer.of(test, redis.pid, others.named.pid, prefix=prefix)
    held = status(tracer.pid)
    redis.benchmark("-t", "get", "-n", "5000", "-c", "5")
    redis.quiet()
    return held, tracer.stop()


def process_of(report, service):
    [found] = [p for p in report.data["processes"] if p["pid"] == service.pid]
    return found


@case()
def unit_suffices(test):
    """A redis of another user is traced whole with the account, the
    capabilities and the system calls of the unit."""
    others = Others(test)
    redis = others.redis
    held, report = trace(test, others)
    test.equal("user", str(unit_file.DYNAMIC_USER), held["Uid"].split()[0],
               "systemd")
    test.equal("bounding set", mask(*unit_file.capabilities()),
               int(held["CapBnd"], 16), "unit")
    test.equal("no new privileges", "1", held["NoNewPrivs"], "unit")
    test.equal("seccomp", "2", held["Seccomp"], "filter")
    seen = commands(report.complete(), pid=redis.pid, role="server",
                    port=redis.port)
    test.equal("GET", redis.calls()["GET"], seen["GET"], "redis")
    test.equal("exe", os.readlink(f"/proc/{redis.pid}/exe"),
               process_of(report, redis)["exe"], "kernel")
    test.equal("service", NAME, process_of(report, others.named)["service"],
               "environment")


@case_for(sorted(BITS))
def unit_needs(test, name):
    """What the unit grants is needed: without it reqtrace refuses, or does not
    see what the unit's comment says. What it does not grant is not."""
    rest = [c for c in unit_file.capabilities() if c != name]
    if rest == unit_file.capabilities():
        test.fact(f"the unit does not grant {name}")
        return
    if name in ("bpf", "perfmon"):
        refused(test, f"without {name}", 1, ["--all", "-d", "1"],
                (f"needs CAP_{name.upper()}",), prefix=unit_file.prefix(rest))
        return
    others = Others(test)
    process = process_of(trace(test, others, rest, filtered=False)[1],
                         others.named)
    if name == "sys_ptrace":
        test.equal("exe without it", None, process["exe"] or None, "nothing")
    elif name == "dac_read_search":
        test.check(f"it could read the environment without {name}",
                   process["service"] != NAME)
        test.fact(f"without it the service is {process['service']}")
    else:
        test.check(f"nothing shows that the unit must grant {name}", False)


@case(traces=False)
def unit_is_understood(test):
    """systemd finds no fault in the unit, and rates its exposure."""
    need("systemd-analyze")
    unit = test.path("reqtrace.service")
    with open(unit_file.UNIT, encoding="utf-8") as f:
        text = f.read()
    test.check("ExecStart is not /usr/local/bin/reqtrace",
               text.count("ExecStart=/usr/local/bin/reqtrace ") == 1)
    with open(unit, "w", encoding="utf-8") as f:
        f.write(text.replace("/usr/local/bin/reqtrace", REQTRACE)
                .replace("man:reqtrace(8)", "file:/dev/null"))
    verify = test.run(["systemd-analyze", "verify", "--man=no", unit], ok=None)
    said = verify.stderr().strip()
    # What it says of other units of the machine is not about this one.
    said = "\n".join(line for line in said.splitlines() if "reqtrace" in line)
    test.equal("systemd-analyze verify", "", said, "no fault")
    rated = test.run(["systemd-analyze", "security", "--offline=true",
                      "--no-pager", unit], ok=None).stdout()
    found = re.search(r"exposure level for \S+: ([0-9.]+)", rated)
    if not found:
        raise Skip("systemd-analyze rates no files here (systemd before 250)")
    test.check(f"exposure {found[1]} is above {HIGHEST_EXPOSURE}",
               float(found[1]) <= HIGHEST_EXPOSURE)
    test.fact(f"exposure {found[1]} of 10")
