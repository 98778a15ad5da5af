"""Keep on disk what is slow to make."""

import contextlib
import hashlib
from collections.abc import Callable

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.files import cache_folder, write_atomically


def cached(kind: str, key: tuple, make: Callable[[], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """The tensors that `make` returns, read from the cache when they were made before.

    The cache is a convenience: where it can't be written, or a file in it is broken, the tensors are made anew.

    Args:
        key: everything that the result depends on; its `repr` names the file.
    """
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
    path = cache_folder() / kind / f"{name}.safetensors"
    try:
        stored = load(path.read_bytes())
        return tuple(stored[str(i)] for i in range(len(stored)))
    except (OSError, SafetensorError, KeyError):
        pass
    tensors = make()
    with contextlib.suppress(UserError):
        write_atomically(path, save({str(i): tensor.contiguous() for i, tensor in enumerate(tensors)}))
    return tensors
