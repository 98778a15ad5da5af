"""Lesson 11's recipe on all 260 hippocampus volumes, next to MONAI's BasicUNet by its tutorials' recipe, for the same minutes.

Run: python tests/benchmarks/recipe_against_monai.py [--minutes 10] [--threads 2] [--looks 5] [--seed 0] [--save]
One split by patient (60 % train, 20 % choose the weights, 20 % are measured), the same volumes (RAS order, 1 mm, mean 0 and
deviation 1), the same threads, one after the other. Ours gets the minutes on the clock, in which it looks at the data, plans,
measures its speed and trains; MONAI's then gets the processor time that ours took, so that other work on the machine favours
neither. Both look at most five times (--looks) at the validation patients and keep the best weights; looking counts as training.

- ours: `make_plan(fingerprint(training patients), minutes=...)`, `training.fit` with all that the plan chose, mirrored left to
  right as MONAI's below
- MONAI: BasicUNet as it comes (features 32, 32, 64, 128, 256, 32, instance normalisation), Adam at 1e-4, batches of 2 volumes x 4
  crops by RandCropByPosNegLabeld (1 : 1), as in its tutorials spleen_segmentation_3d and unet_training_dict; DiceCELoss with
  softmax; random flips left to right, and the random rotation about the long axis and change of scale that the spleen tutorial
  suggests (RandAffined). Mirroring other axes, or quarter turns, would swap what is anterior and what is posterior. Crops are
  32 x 48 x 32, the largest that BasicUNet can halve four times and the median volume of 35 x 50 x 36 holds (the tutorials' 96 x
  96 x 96 is for larger images). Forward passes are in bfloat16 where the processor has it, for both, and guarded against an
  error of torch's in thin volumes (`PadsThinVolumes`: MONAI's crops are two voxels thin at the bottom). Inference: sliding
  windows, Gaussian, overlap 0.5, for both

Prints Dice and HD95 of each class on the held-out patients with the bootstrap's 95 % interval, and the paired difference; --save
writes results/recipe_against_monai.json.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from medsegedu.data import Augment, Case, Dataset, hippocampus
from medsegedu.device import PadsThinVolumes, autocast_dtype
from medsegedu.files import results_folder, write_atomically
from medsegedu.inference import predict
from medsegedu.metrics import Evaluation, dice, evaluate
from medsegedu.metrics.evaluate import bootstrap
from medsegedu.plan import fingerprint, make_plan, steps_in
from medsegedu.runs import LOSSES, Settings
from medsegedu.runs.run import prepare
from medsegedu.table import text_table
from medsegedu.training import fit

CROP, FLIPS = (32, 48, 32), (0,)


@dataclass
class Arm:
    """What one recipe came to."""

    name: str
    recipe: dict[str, Any]
    model: nn.Module
    segment: Callable[[Case], Tensor]
    steps: int
    wall: float
    cpu: float
    validation: list[float]


def prepared(data: Dataset) -> Dataset:
    return Dataset([prepare(case, (1.0, 1.0, 1.0)) for case in data], data.classes, data.contrasts, name=data.name)


def ours(train: Dataset, validation: Dataset, minutes: float, looks: int, seed: int) -> Arm:
    wall, cpu = time.perf_counter(), time.process_time()
    plan = make_plan(fingerprint(train), minutes=minutes)
    print(f"{plan}\n", flush=True)
    settings = Settings.choose("hippocampus", train, **plan.choices() | {"flips": FLIPS, "seed": seed})
    torch.manual_seed(seed)
    model, augment = settings.network(), Augment(flips=FLIPS)
    options: dict[str, Any] = {
        "batch": settings.batch, "patch": settings.patch, "rate": settings.rate, "loss": LOSSES[settings.loss],
        "augment": augment, "looks": looks,
    }  # fmt: skip
    left = minutes - (time.perf_counter() - wall) / 60
    timing = steps_in(left, model, train, validation, **options)
    options["looks"] = timing.looks
    history = fit(model, train, validation, steps=timing.steps, seed=seed, progress=False, **options)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    recipe = {
        name: value for name, value in asdict(settings).items() if name not in ("data", "classes", "contrasts", "steps")
    }
    return Arm(
        "ours, planned", recipe, model, lambda case: predict(model, case.image, patch=settings.patch), timing.steps, *spent,
        [score for _, score in history.validation],
    )  # fmt: skip


def monai_arm(train: Dataset, validation: Dataset, budget: float, looks: int, seed: int) -> Arm:
    from monai.data import DataLoader, list_data_collate
    from monai.data import Dataset as MonaiDataset
    from monai.inferers import sliding_window_inference
    from monai.losses import DiceCELoss
    from monai.networks.nets import BasicUNet
    from monai.transforms import Compose, RandAffined, RandCropByPosNegLabeld, RandFlipd, SpatialPadd
    from monai.utils import set_determinism

    set_determinism(seed)
    wall, cpu = time.perf_counter(), time.process_time()
    keys = ["image", "label"]
    transforms = Compose([
        SpatialPadd(keys, CROP),
        RandCropByPosNegLabeld(keys, label_key="label", spatial_size=CROP, pos=1, neg=1, num_samples=4),
        RandFlipd(keys, prob=0.5, spatial_axis=0),
        RandAffined(
            keys, prob=1.0, spatial_size=CROP, rotate_range=(0, 0, np.pi / 15), scale_range=(0.1, 0.1, 0.1),
            mode=("bilinear", "nearest"), padding_mode="border",
        ),
    ])  # fmt: skip
    rows = [{"image": case.image, "label": case.label[None].float()} for case in train if case.label is not None]
    loader = DataLoader(MonaiDataset(rows, transforms), batch_size=2, shuffle=True, collate_fn=list_data_collate)
    model = BasicUNet(spatial_dims=3, in_channels=1, out_channels=len(train.classes))
    loss, optimizer = DiceCELoss(to_onehot_y=True, softmax=True), torch.optim.Adam(model.parameters(), 1e-4)
    dtype = autocast_dtype(torch.device("cpu"))

    def segment(case: Case) -> Tensor:
        model.eval()
        with torch.no_grad():
            logits = sliding_window_inference(case.image[None], CROP, 4, model, overlap=0.5, mode="gaussian")
        return torch.as_tensor(logits)[0].argmax(0)

    def score() -> float:
        scores = []
        for case in validation:
            assert case.label is not None
            found = segment(case)
            scores += [dice(found == c, case.label == c) for c in case.label.unique().tolist() if c > 0]
        return float(np.mean(scores))

    best: tuple[float, dict[str, Tensor]] = (-1.0, {})
    validated: list[float] = []
    steps, before = 0, time.process_time()
    segment(validation[0])
    look = (time.process_time() - before) * len(validation)  # until a whole one was measured

    def spent() -> float:
        return time.process_time() - cpu

    while spent() < budget - look:
        for batch in loader:
            model.train()
            with torch.autocast("cpu", dtype) if dtype else nullcontext(), PadsThinVolumes():
                logits = model(batch["image"].as_tensor())
            value = loss(logits.float(), batch["label"].as_tensor())
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            steps += 1
            last = spent() >= budget - look
            if last or spent() >= budget * (len(validated) + 1) / looks:
                before = time.process_time()
                validated.append(score())
                look = time.process_time() - before
                if validated[-1] > best[0]:
                    best = validated[-1], {k: v.clone() for k, v in model.state_dict().items()}
            if last:
                break
    model.load_state_dict(best[1])
    recipe = {"crop": CROP, "batch": "2 x 4", "optimizer": "Adam 1e-4", "loss": "DiceCELoss", "flips": FLIPS}
    return Arm(
        "MONAI BasicUNet, tutorials", recipe, model, segment, steps, time.perf_counter() - wall, spent(), validated
    )


def rows_of(arm: Arm, found: Evaluation) -> list[str]:
    count = sum(p.numel() for p in arm.model.parameters())
    cells = [str(found.interval(measure, name)) for measure in ("dice", "hd95") for name in found.classes]
    return [arm.name, f"{count:,}", str(arm.steps), f"{arm.wall:.0f}", f"{arm.cpu:.0f}", *cells]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--looks", type=int, default=5, help="at the validation patients")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", action="store_true", help="write results/recipe_against_monai.json")
    options = parser.parse_args()
    import monai

    torch.set_num_threads(options.threads)
    train, validation, test = (prepared(part) for part in hippocampus().split((0.6, 0.2, 0.2), options.seed))
    parts = ", ".join(f"{len(p)} of {len(p.patients)} patients" for p in (train, validation, test))
    versions = f"{options.threads} threads, torch {torch.__version__}, MONAI {monai.__version__}"
    print(f"hippocampus, volumes to train, validate, test: {parts}; {options.minutes:g} minutes, {versions}\n")
    first = ours(train, validation, options.minutes, options.looks, options.seed)
    arms = [first, monai_arm(train, validation, first.cpu, options.looks, options.seed)]
    found = [evaluate(arm.segment, test) for arm in arms]
    names = found[0].classes
    table = [
        ["recipe", "parameters", "steps", "s", "CPU s", *(f"{n} Dice" for n in names), *(f"{n} HD95 mm" for n in names)]
    ]
    table += [rows_of(arm, one) for arm, one in zip(arms, found, strict=True)]
    print(text_table(table))
    differences = {name: bootstrap(found[0].of("dice", name) - found[1].of("dice", name)) for name in names}
    for name, interval in differences.items():
        print(f"ours - MONAI, Dice of {name}, paired by patient: {interval}")
    if options.save:
        content = {
            "minutes": options.minutes, "threads": options.threads, "looks": options.looks, "seed": options.seed,
            "torch": torch.__version__, "monai": monai.__version__, "machine": platform.machine(),
            "patients": len(test.patients),
            "arms": [
                {"name": arm.name, "recipe": arm.recipe, "steps": arm.steps, "seconds": round(arm.wall, 1),
                 "cpu_seconds": round(arm.cpu, 1), "parameters": sum(p.numel() for p in arm.model.parameters()),
                 "validation": [round(v, 4) for v in arm.validation],
                 "test": {m: {n: asdict(one.interval(m, n)) for n in names} for m in ("dice", "hd95")}}
                for arm, one in zip(arms, found, strict=True)
            ],
            "difference": {name: asdict(interval) for name, interval in differences.items()},
        }  # fmt: skip
        print(write_atomically(results_folder() / "recipe_against_monai.json", json.dumps(content, indent=1) + "\n"))


if __name__ == "__main__":
    main()
