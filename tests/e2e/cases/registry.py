# SPDX-License-Identifier: GPL-2.0-only
"""The list of cases. A case is a function of a Test; its name is that of the
function, its docstring says what must hold."""

import dataclasses
import typing

ALL = []


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    function: typing.Callable
    timeout: int
    traces: bool


def add(name, function, timeout, traces):
    if any(c.name == name for c in ALL):
        raise ValueError(f"two cases are named {name}")
    ALL.append(Case(name, function, timeout, traces))


def case(timeout=60, traces=True):
    """Seconds before it counts as failed; whether it needs BPF."""
    def register(function):
        add(function.__name__.replace("_", "-"), function, timeout, traces)
        return function
    return register


def case_for(values, timeout=60):
    """One case for each value: NAME-VALUE."""
    def register(function):
        for value in values:
            def run(test, value=value):
                return function(test, value)
            run.__doc__ = function.__doc__
            name = function.__name__.replace("_", "-")
            add(f"{name}-{value}", run, timeout, True)
        return function
    return register
