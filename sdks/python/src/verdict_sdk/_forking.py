"""What a process that was forked has to make anew."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    def forked(self) -> None:
        """Called in the child, where no other thread is: whoever held a lock or was asking something is not there."""


_holders: WeakSet[Forked] = WeakSet()


def renew_after_fork(holder: Forked) -> None:
    """For as long as the holder lives."""
    _holders.add(holder)


def _renew() -> None:
    for holder in list(_holders):
        holder.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
