"""How much memory criss-cross attention needs, and how much the non-local block: python tests/benchmarks/criss_cross_memory.py.

A forward and a backward pass over a map of 64 channels, each in a process of its own, whose peak is what the operating system
counted (resident set) above what the process held just before. A warm-up on a tiny map comes first, so that what torch loads
only once is not counted. Not a test: it takes about a minute.
"""

import argparse
import resource
import subprocess
import sys
import time

import torch

from medsegedu.layers import CrissCross, NonLocal

KINDS = {"criss-cross": CrissCross, "non-local": NonLocal}
SIZES = (32, 48, 64, 96)
MIB = 2**20


def peak() -> int:
    """Bytes: the most that this process has held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def run(kind: str, size: int) -> None:
    """Print the bytes above the baseline and the seconds."""
    torch.set_num_threads(1)
    layer = KINDS[kind](64)
    layer(torch.rand(1, 64, 8, 8, requires_grad=True)).sum().backward()
    image = torch.rand(1, 64, size, size, requires_grad=True)
    before, start = peak(), time.perf_counter()
    layer(image).square().sum().backward()
    print(peak() - before, time.perf_counter() - start)


def measure(kind: str, size: int) -> tuple[float, float]:
    command = [sys.executable, __file__, "--kind", kind, "--size", str(size)]
    used, seconds = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(used) / MIB, float(seconds)


def table() -> None:
    print(f"{'map':>9} {'pixels':>7} | {'criss-cross':>18} | {'non-local':>18} | ratio")
    for size in SIZES:
        cross, dense = (measure(kind, size) for kind in KINDS)
        columns = " | ".join(f"{used:8.1f} MiB {seconds:4.2f} s" for used, seconds in (cross, dense))
        print(f"{size:4} x{size:3} {size * size:8} | {columns} | {dense[0] / max(cross[0], 0.1):5.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--size", type=int)
    options = parser.parse_args()
    if options.kind:
        run(options.kind, options.size)
    else:
        table()
