"""Lesson 02's claims: one pass over the image against the sliding window, skips, and how far scores may be enlarged."""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.claims.registry import claim
from medsegedu.data import ruler, virtual_patients
from medsegedu.errors import UserError
from medsegedu.inference import predict
from medsegedu.metrics import evaluate
from medsegedu.models import FCN, PatchClassifier
from medsegedu.preset import choose
from medsegedu.training import fit

TISSUES = ("CSF", "grey matter", "white matter")
SAME = 1e-4  # the two ways add the same numbers in another order, so their logits differ by rounding alone


@claim(
    "02.same_faster",
    sentence="The sliding window repeats many calculations; FCN replaces it: the same answers, at least 5 times faster.",
    source="survey 2.1",
    unit="seconds a slice",
    arms=("one pass", "sliding window"),
    at_least=5,
    scale="log",
    alone=True,
)
def same_faster(seed: int) -> dict[str, float]:
    """Seconds for one slice of the ruler, pixel by pixel and in one pass, with a classifier of the seed's own weights.

    Raises:
        UserError: the two do not give the same logits.
    """
    side = choose(smoke=32, quick=200, full=200)  # a slice has 117 x 99 pixels: at `quick` all of them
    image = ruler()[8 * seed % len(ruler()) + 3].image[:, :side, :side]
    classifier = PatchClassifier(3, 5, width=8, patch=25).eval()
    dense = classifier.convolutional().eval()
    with torch.inference_mode():
        one, many = dense(image[None])[0], sliding_window(classifier, image)  # (classes, H, W) each; warms both up
        if (gap := float((one - many).abs().max())) > SAME:
            raise UserError(f"The two ways differ by {gap:.2g} in a logit, more than {SAME:g}: compare their layers.")
        return {
            "one pass": _seconds(lambda: dense(image[None])),
            "sliding window": _seconds(lambda: sliding_window(classifier, image)),
        }


def sliding_window(classifier: PatchClassifier, image: Tensor) -> Tensor:
    """The classifier's logits for the patch around every pixel, a row of patches at a time: (C, H, W) -> (classes, H, W)."""
    size = classifier.patch
    padded = F.pad(image[None], (size // 2,) * 4, mode="reflect")[0]  # (C, H + size - 1, W + size - 1)
    patches = padded.unfold(1, size, 1).unfold(2, size, 1)  # (C, H, W, size, size), a view
    rows = [classifier(row.transpose(0, 1)) for row in patches.unbind(1)]  # H times (W, classes)
    return torch.stack(rows).permute(2, 0, 1)  # (classes, H, W)


def _seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of a few runs: what else the machine does can only make a run longer."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def trained_fcn(stride: int, seed: int, depth: int = 5) -> tuple[FCN, float]:
    """The lesson's FCN with its recipe -> the network and the seconds that it took to train."""
    torch.manual_seed(seed)
    model = FCN(3, 5, stride=stride, depth=depth, width=8, hidden=64)
    steps = choose(smoke=3, quick=200, full=3000)
    history = fit(model, virtual_patients(24, seed=1), steps=steps, batch=8, patch=64, seed=seed, progress=False)
    return model, history.seconds


def _tissue_dice(model: nn.Module) -> float:
    """Mean over the ruler's patients and the three tissues; at `smoke` over its first two patients."""
    cases = ruler()[: choose(smoke=16, quick=128, full=128)]
    return float(evaluate(lambda case: predict(model, case.image), cases).of("dice", TISSUES).mean())


@claim(
    "02.skips",
    sentence="Skips join the global information of the deep network with the local information of the shallow one, "
    "and the two compensate each other: FCN-8s draws better than FCN-32s.",
    source="survey 2.1",
    unit="tissue Dice",
    arms=("FCN-32s", "FCN-8s"),
    at_least=0.02,
)
def skips(seed: int) -> dict[str, float]:
    """Two FCNs alike in everything but the two skips, trained on the same patches, and measured on the ruler."""
    return {f"FCN-{stride}s": _tissue_dice(trained_fcn(stride, seed)[0]) for stride in (32, 8)}


@claim(
    "02.blur",
    sentence="If the feature image is expanded 8, 16 and 32 times, details are ignored and the result is fuzzy: "
    "without skips, 32 times draws worse than 8 times.",
    source="survey 2.1",
    unit="tissue Dice",
    arms=("32 times", "16 times", "8 times"),
    at_least=0.02,
)
def blur(seed: int) -> dict[str, float]:
    """FCNs of 5, 4 and 3 stages without any skip, whose last scores are enlarged 32, 16 and 8 times."""
    return {
        f"{2**depth} times": _tissue_dice(trained_fcn(stride=2**depth, seed=seed, depth=depth)[0])
        for depth in (5, 4, 3)
    }
