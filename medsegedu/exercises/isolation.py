"""A grading leaves no trace: the random states and torch's switches are afterwards what they were before."""

import contextlib
import random
import sys
from collections.abc import Iterator

import numpy as np
import torch


@contextlib.contextmanager
def preserved_state() -> Iterator[None]:
    """Restore, on the way out, everything global that an attempt may have turned."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    dtype, grad, threads = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()
    deterministic = _deterministic()
    depth = sys.getrecursionlimit()
    gpus = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=gpus):
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(grad)
            if _deterministic() != deterministic:  # only then: the setter imports torch's compiler, a second's work
                torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])
            sys.setrecursionlimit(depth)
            if torch.get_num_threads() != threads:
                torch.set_num_threads(threads)


@contextlib.contextmanager
def fresh_state(seed: int) -> Iterator[None]:
    """The same start for every call: seeds, float32, gradients on. Grad mode and autocast belong to the thread."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_default_dtype(torch.float32)
    with torch.enable_grad(), torch.autocast("cpu", enabled=False):
        yield


def _deterministic() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
