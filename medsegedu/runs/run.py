"""A trained run, and the way of a case through it: to the network's grid and intensities, and back to its own."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from medsegedu.data import Case, Dataset, Grid, case_on, hippocampus, nuclei, probabilities_on, virtual_patients, zscore
from medsegedu.data.catalogue import SETS
from medsegedu.data.folder import folder
from medsegedu.data.public import get
from medsegedu.device import best_device
from medsegedu.errors import UserError
from medsegedu.inference import probabilities
from medsegedu.runs.settings import Settings

SETTINGS, SPLIT, CHECKPOINT, WEIGHTS = "settings.json", "split.json", "checkpoint.pt", "weights.safetensors"
PLAN = "plan.json"


@dataclass(frozen=True, eq=False)
class Run:
    """A folder with a trained network.

    Args:
        model: on its device, with its trained weights.
    """

    place: Path
    settings: Settings
    model: nn.Module

    @classmethod
    def load(cls, place: Path) -> "Run":
        """The run in a folder.

        Raises:
            UserError: it is none, it has not finished training, or its weights are broken.
        """
        settings = Settings.read(place / SETTINGS)
        model = settings.network()
        try:
            model.load_state_dict(load_file(place / WEIGHTS))
        except FileNotFoundError:
            raise UserError(
                f"{place} has no {WEIGHTS}: it is still in training; run `medsegedu train` to its end."
            ) from None
        except (SafetensorError, RuntimeError, OSError) as error:
            raise UserError(f"{place / WEIGHTS} can't be read; train the run again.") from error
        return cls(place, settings, model.to(best_device()))

    def segment(self, case: Case, *, flips: bool = False) -> Tensor:
        """The label map of a case on the case's own grid (*spatial), int64.

        Args:
            flips: also look at the image mirrored along the axes along which training mirrored it, and average.

        Raises:
            UserError: the case has other contrasts or axes than the run was trained on, or `flips` are asked of a run that
                never saw them.
        """
        wanted = self.settings.contrasts
        if len(case.image) != len(wanted) or case.dims != self.settings.dims:
            raise UserError(
                f"{case.id} has {len(case.image)} channels and {case.dims} axes, but the run {self.place} was trained on "
                f"{len(wanted)} ({', '.join(wanted)}) and {self.settings.dims}; give it images of that kind."
            )
        if flips and not self.settings.flips:
            raise UserError(f"The run {self.place} never saw a mirrored image; train with --flips, or predict without.")
        ready = prepare(case, self.settings.spacing)
        axes = self.settings.flips if flips else ()
        shares = probabilities(self.model, ready.image, patch=self.settings.patch, flips=axes)  # (classes, *ready)
        return probabilities_on(shares, Grid.of(ready), Grid.of(case)).argmax(0)  # (*spatial)


def prepare(case: Case, spacing: tuple[float, ...]) -> Case:
    """A case as the network sees it: in RAS order, at `spacing` mm, each contrast with mean 0 and deviation 1."""
    grid = Grid.of(case).canonical()
    near = all(abs(a - b) <= 0.01 * b for a, b in zip(grid.spacing, spacing, strict=True))
    ready = case_on(case, grid if near else grid.spaced(spacing))  # a per cent is not worth an interpolation
    return replace(ready, image=zscore(ready.image))


def load_data(name: str) -> Dataset:
    """The data of a name (a public set, or "virtual" for virtual patients), or of a folder.

    Raises:
        UserError: there is neither a set nor a folder of this name, or the folder has a problem.
    """
    if name == "virtual":
        return virtual_patients(40)
    if name == "hippocampus":
        return hippocampus()
    if name == "nuclei":
        return nuclei()
    if name in SETS:
        return folder(get(name))
    if not Path(name).is_dir():
        known = ", ".join(["virtual", *SETS])
        raise UserError(f"There is no folder {name}, nor public data of that name; name a folder, or one of {known}.")
    return folder(name)


def divide(settings: Settings, dataset: Dataset, place: Path) -> tuple[Dataset, Dataset, Dataset]:
    """The cases that train, validate and test: as `split.json` says, or as the seed says when there is none yet.

    Raises:
        UserError: the file names a patient whom the data don't have, or one twice.
    """
    path = place / SPLIT
    if not path.exists():
        return dataset.split(settings.shares, settings.seed)  # type: ignore[return-value]
    try:
        parts = [list(map(str, part)) for part in json.loads(path.read_text(encoding="utf-8")).values()]
        train, validation, test = parts
    except (ValueError, AttributeError, TypeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read as a split ({error}); delete the run and train again.") from error
    everyone = train + validation + test
    if twice := sorted(patient for patient in set(everyone) if everyone.count(patient) > 1):
        raise UserError(f"{path}: patient {twice[0]} is in two parts; a patient must be in one only.")
    return dataset.of(train), dataset.of(validation), dataset.of(test)


def is_first_process() -> bool:
    """Whether this is the one process that writes files: the only one, or the first of those that `torchrun` started."""
    return os.environ.get("RANK", "0") == "0"
