"""Writes losses.json: the losses of other libraries on inputs that `tests/losses/cases.py` makes again from their seeds.

pip install segmentation-models-pytorch torchvision kornia
python tests/golden/make_losses.py
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

from kornia.losses import focal_loss as kornia_focal
from kornia.losses import lovasz_softmax_loss as kornia_lovasz
from segmentation_models_pytorch.losses import DiceLoss, LovaszLoss, TverskyLoss
from torch import Tensor
from torchvision.ops import sigmoid_focal_loss

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "losses"))
from cases import random_case  # noqa: E402

CASES = [((2, 5, 7), 2, 1), ((3, 8, 5), 4, 2), ((2, 3, 6, 5), 3, 3)]  # shape, classes, seed
IGNORE = 255


def values(logits: Tensor, label: Tensor) -> dict[str, float]:
    """Each library's loss under the name of the library and what sets it apart."""
    classes = logits.shape[1]
    partly = label.clone()
    partly[:, -1] = IGNORE
    tversky = {"alpha": 0.3, "beta": 0.7, "gamma": 0.75, "eps": 1e-12}
    found = {
        "smp dice": DiceLoss("multiclass", eps=1e-12)(logits, label),
        "smp dice foreground": DiceLoss("multiclass", classes=list(range(1, classes)), eps=1e-12)(logits, label),
        "smp dice ignore": DiceLoss("multiclass", ignore_index=IGNORE, eps=1e-12)(logits, partly),
        "smp tversky": TverskyLoss("multiclass", alpha=0.3, beta=0.7, eps=1e-12)(logits, label),
        "smp focal tversky of the mean": TverskyLoss("multiclass", **tversky)(logits, label),
        "smp focal tversky by class": sum(
            TverskyLoss("multiclass", classes=[c], **tversky)(logits, label) for c in range(classes)
        ) / classes,
        # float32 inside, whatever it is given
        "smp lovasz": LovaszLoss("multiclass")(logits.float(), label),
        "smp lovasz per image": LovaszLoss("multiclass", per_image=True)(logits.float(), label),
        "smp lovasz ignore": LovaszLoss("multiclass", ignore_index=IGNORE)(logits.float(), partly),
        "kornia focal": classes * kornia_focal(logits, label, alpha=None, gamma=2.0, reduction="mean"),
        "kornia focal alpha": classes * kornia_focal(logits, label, alpha=0.3, gamma=1.5, reduction="mean"),
    }  # fmt: skip
    if logits.ndim == 4:
        found["kornia lovasz"] = kornia_lovasz(logits, label)
    if classes == 2:  # a sigmoid's logit is the difference of a softmax's two
        logit, target = logits[:, 1] - logits[:, 0], label.to(logits.dtype)
        found["torchvision focal"] = sigmoid_focal_loss(logit, target, alpha=-1, gamma=2.0, reduction="mean")
        found["torchvision focal alpha"] = sigmoid_focal_loss(logit, target, alpha=0.25, gamma=2.0, reduction="mean")
        found["torchvision focal root"] = sigmoid_focal_loss(logit, target, alpha=0.25, gamma=0.5, reduction="mean")
    return {name: float(value) for name, value in found.items()}


def main() -> None:
    packages = ("segmentation-models-pytorch", "torchvision", "kornia", "torch", "numpy")
    golden = {
        "versions": {name: version(name).split("+")[0] for name in packages},
        "ignore": IGNORE,
        "cases": [
            {"shape": shape, "classes": classes, "seed": seed, "values": values(*random_case(shape, classes, seed))}
            for shape, classes, seed in CASES
        ],
    }
    (HERE / "losses.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
