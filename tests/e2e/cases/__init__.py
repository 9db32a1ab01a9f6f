# SPDX-License-Identifier: GPL-2.0-only
"""All cases, in the order in which they run."""

from cases import (calls, command_line, connections, cost, deploy, endings,
                   export, in_flight, live, loads, misuse, parts, parts_around,
                   parts_hard, parts_real, processes, races, recording, rights,
                   roles, splice, tls, truth)
from cases.registry import ALL

__all__ = ["ALL", "calls", "command_line", "connections", "cost", "deploy",
           "endings", "export", "in_flight", "live", "loads", "misuse", "parts",
           "parts_around", "parts_hard", "parts_real", "processes", "races",
           "recording", "rights", "roles", "splice", "tls", "truth"]
