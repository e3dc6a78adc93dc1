"""Virtual time, which the benches run in too."""

from antiphon.bench.virtual import STUCK_S, VirtualLoop, VirtualThreads, in_virtual_time, passes, until

__all__ = ["STUCK_S", "VirtualLoop", "VirtualThreads", "in_virtual_time", "passes", "until"]
