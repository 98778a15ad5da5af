"""How hard virtual patients can be made, one knob at a time: the windows within which the lessons set their tasks.

>>> virtual_patients(8, **setting("noise", 0.12))
"""

from dataclasses import dataclass
from typing import Any

from medsegedu.data.lesions import Lesions
from medsegedu.data.virtual import Scanner
from medsegedu.errors import UserError


@dataclass(frozen=True)
class Knob:
    """One difficulty: what to turn, and four places to turn it to, from the easiest to the hardest.

    Args:
        name: of what is turned.
        form: how a level is said, with {} for its number.
        levels: from easy to hard; a pair is a smallest and a largest.
        usual: which of them is the default.
        makes_hard: why a larger turn should be harder, in a sentence; docs/virtual_patients.md measures whether it is.
    """

    name: str
    form: str
    levels: tuple[Any, ...]
    usual: int
    makes_hard: str


KNOBS = (
    Knob("lesion diameter", "{} mm", ((12.0, 20.0), (4.0, 16.0), (3.0, 6.0), (2.0, 4.0)), 1,
         "Of a lesion of 2 mm one voxel is left, most of it mixed with its surroundings; the loss hardly notices it."),
    Knob("lesion contrast", "{} of full", (1.0, 0.6, 0.35, 0.15), 0,
         "A lesion as bright as its surroundings is told apart by its shape alone, and noise has shapes too."),
    Knob("lesion roughness", "{} of the radius", (0.0, 0.25, 0.4, 0.6), 1,
         "A rough boundary has more surface, and at the surface a voxel is two things at once."),
    Knob("noise", "{} of full intensity", (0.0, 0.03, 0.08, 0.16), 1,
         "Rician noise hides faint edges and brightens the dark; it no longer averages out to nothing."),
    Knob("bias", "{} of log intensity", (0.0, 0.1, 0.25, 0.5), 1,
         "A shading across the head makes grey matter here as bright as white matter there: no threshold fits both."),
    Knob("jitter", "{} of full intensity", (0.0, 0.03, 0.08, 0.16), 1,
         "Tissues that differ from patient to patient in brightness can't be learnt as numbers."),
    Knob("gamma", "exponent {}", (1.0, 0.8, 1.4, 2.0), 0,
         "Another scanner has another law from tissue to intensity: what was learnt on the first does not hold (domain shift)."),
    Knob("slice thickness", "{} mm", (2.0, 4.0, 6.0, 8.0), 0,
         "Thick slices mix what lies above and below, and a small lesion fades into its slice."),
)  # fmt: skip


def knob(name: str) -> Knob:
    """The knob of this name.

    Raises:
        UserError: there is none.
    """
    for found in KNOBS:
        if found.name == name:
            return found
    raise UserError(f"There is no knob '{name}'; choose from {', '.join(known.name for known in KNOBS)}.")


def setting(name: str, level: Any) -> dict[str, Any]:
    """The arguments of `virtual_patients` that turn one knob to `level` and leave the others as they are."""
    knob(name)
    if name.startswith("lesion "):
        return {"lesions": Lesions(**{name.removeprefix("lesion "): level})}
    if name == "slice thickness":
        return {"spacing": (2.0, 2.0, level)}
    return {"scanner": Scanner(**{name: level})}
