# SPDX-License-Identifier: GPL-2.0-only
"""Which kernels and engines there are to check, and what is expected of each
pair. A new kernel or engine is a line here."""

import dataclasses

ENGINES = ("auto", "sock", "fexit", "syscall")
HOST = "host"  # the machine's own kernel, without QEMU
ARM64 = "arm64"  # see arm64.py


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str  # as scripts/kernels/fetch.sh knows it
    about: str
    engines: tuple  # those that must trace; the others must be refused
    auto: str = ""  # the engine that reqtrace must choose by itself
    counted: bool = False  # its clock is the number of instructions
    cases: tuple = ()  # only these; none: all that are for guests


# 5.10 lacks the storage of tasks, and more; 6.1 the tracepoints of sockets,
# which came with 6.3.
#
# Linux 7 preempts the programs of tracepoints when a tick finds them (see the
# counter "skipped"). An emulated machine takes a hundred times longer for a
# program, but its ticks come by the host's clock: so there it would be the
# rule. By instructions it is as rare as on a real machine, and slower still:
# hence fewer cases, and fewest with the engines that auto does not take.
SAMPLE = ("redis-get", "ipv6", "unix-server", "server-calls-msg",
          "nginx-ab-keep-alive", "sleep-200-ms", "client-role-unix",
          "report-names-the-process", "parts-of-causes-thread",
          "connection-handed-over", "head-of-line", "sendfile-100-mb")
KERNELS = (
    Kernel("5.10", "Debian 11", ()),
    Kernel("6.1", "Debian 12", ("auto", "fexit", "syscall"), "fexit"),
    Kernel("6.12", "Debian 12 backports, Debian 13", ENGINES, "sock"),
    Kernel("new", "the newest of Debian sid and experimental", ENGINES,
           "sock", counted=True, cases=SAMPLE),
    Kernel(ARM64, "Debian 12 backports, arm64", ("sock", "fexit", "syscall")),
)

# Of auto it is asked what it chooses; how that engine traces shows elsewhere.
AUTO_CASES = ("report-names-the-process", "sleep-200-ms", "unix-server",
              "client-role-unix")
# Without much at once: fexit has no twins for what is skipped there.
LIGHT_CASES = ("report-names-the-process", "sleep-200-ms", "client-role-unix")


@dataclasses.dataclass(frozen=True)
class Cell:
    """One engine on one kernel."""
    kernel: str
    engine: str
    traces: bool
    auto: str = ""
    counted: bool = False
    cases: tuple = ()

    @property
    def name(self):
        return f"{self.kernel}-{self.engine}"


def some_of(kernel, engine):
    """The cases to run where not all of them are."""
    if not kernel.counted or engine in (kernel.auto, "auto"):
        return kernel.cases
    return LIGHT_CASES


def cells(kernels, engines):
    """In the order in which to start them: the long ones first."""
    found = []
    for kernel in KERNELS:
        if kernel.name in kernels:
            found += [Cell(kernel.name, engine, engine in kernel.engines,
                           kernel.auto if engine == "auto" else "",
                           kernel.counted, some_of(kernel, engine))
                      for engine in engines
                      if kernel.name != ARM64 or engine in kernel.engines]
    if HOST in kernels:  # what it allows is found out; see matrix.py
        found += [Cell(HOST, engine, True) for engine in engines]
    return sorted(found, key=lambda c: (not c.traces, c.engine == "auto",
                                        c.kernel == HOST))
