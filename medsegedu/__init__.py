"""medsegedu: deep-learning medical image segmentation, as a course over a small, tested core.

Submodules load when first used, so `import medsegedu` costs next to nothing:

>>> import medsegedu
>>> patients = medsegedu.data.virtual_patients(4)
"""

from importlib import import_module
from importlib.metadata import version
from types import ModuleType

_SUBMODULES = (
    "claims", "course", "data", "exercises", "inference", "layers", "losses", "metrics", "models", "plan", "show", "training",
)  # fmt: skip
__all__ = ["__version__", *_SUBMODULES]


def __getattr__(name: str) -> ModuleType | str:
    if name == "__version__":
        return version("medsegedu")
    if name in _SUBMODULES:
        return import_module(f"medsegedu.{name}")
    raise AttributeError(f"module 'medsegedu' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
