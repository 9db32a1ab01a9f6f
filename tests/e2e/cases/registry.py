# SPDX-License-Identifier: GPL-2.0-only
"""The list of cases. A case is a function of a Test; its name is that of the
function, its docstring says what must hold.

Some are also run in emulated machines with other kernels: there a case takes
seconds to begin, so guests=True is for those that another kernel or engine
could fail. needs names what of ENGINES an engine must have for it.
"""

import dataclasses
import typing

ALL = []


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    function: typing.Callable
    timeout: int
    traces: bool
    guests: bool = False
    needs: tuple = ()
    host: bool = True


def add(name, function, timeout, traces, guests=False, needs=(), host=True):
    if any(c.name == name for c in ALL):
        raise ValueError(f"two cases are named {name}")
    ALL.append(Case(name, function, timeout, traces, guests, tuple(needs),
                    host))


def case(timeout=60, traces=True, guests=False, needs=(), host=True):
    """Seconds before it counts as failed; whether it needs BPF; not host: only
    for machines of its own."""
    def register(function):
        add(function.__name__.replace("_", "-"), function, timeout, traces,
            guests, needs, host)
        return function
    return register


def case_for(values, timeout=60, guests=(), needs=()):
    """One case for each value: NAME-VALUE. guests are some of the values."""
    def register(function):
        for value in values:
            def run(test, value=value):
                return function(test, value)
            run.__doc__ = function.__doc__
            name = function.__name__.replace("_", "-")
            add(f"{name}-{value}", run, timeout, True, value in guests, needs)
        return function
    return register
