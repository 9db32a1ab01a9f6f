# SPDX-License-Identifier: GPL-2.0-only
"""All cases, in the order in which they run: that of the modules' names."""

import importlib
import pkgutil

from cases.registry import ALL

__all__ = ["ALL"]

for _module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"cases.{_module}")
