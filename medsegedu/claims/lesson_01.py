"""Lesson 01's claims: the sliding window repeats its work, and the size of its patches matters."""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.claims.registry import claim
from medsegedu.data import CentrePatchSampler, Dataset, extract_patch, virtual_patients
from medsegedu.inference import predict
from medsegedu.metrics import evaluate
from medsegedu.models import PatchClassifier
from medsegedu.preset import choose
from medsegedu.training import count_flops, fit

SURVEY = "survey 2.1"
WIDTHS = {5: 88, 9: 16, 17: 16, 33: 16}  # patch size -> channels: 9,400 to 12,700 weights each
SIZES = tuple(f"{size} px" for size in WIDTHS)


@claim(
    "01.redundant",
    sentence='In a sliding window "many calculations were repeated": multiplications of all windows against one pass.',
    source=SURVEY,
    unit="million multiplications",
    arms=("one pass", "sliding window"),
    at_least=10,
    scale="log",
)
def redundant(seed: int) -> dict[str, float]:
    """Counted for patches of 33 pixels on a square image; its side, 64 to 256 pixels, depends on the seed."""
    classifier = PatchClassifier(3, 5, width=WIDTHS[33], patch=33)
    side = int(torch.randint(64, 257, ()))
    a_window = count_flops(classifier, torch.zeros(1, 3, 33, 33))
    one_pass = count_flops(classifier.convolutional(), torch.zeros(1, 3, side, side))
    # A multiplication and an addition count as two operations.
    return {"one pass": one_pass / 2e6, "sliding window": side**2 * a_window / 2e6}


@claim(
    "01.slow",
    sentence='The sliding window "was inefficient": seconds for an image against one pass.',
    source=SURVEY,
    unit="seconds",
    arms=("one pass", "sliding window"),
    at_least=10,
    scale="log",
    alone=True,
)
@torch.inference_mode()
def slow(seed: int) -> dict[str, float]:
    """Measured on 48 x 48 pixels, with 33-pixel windows in batches of one row; both give the same logits."""
    classifier = PatchClassifier(3, 5, width=WIDTHS[33], patch=33).eval()
    dense = classifier.convolutional().eval()
    image = torch.randn(3, 48, 48)

    def slide() -> Tensor:
        rows = [torch.stack([extract_patch(image, row, column, 33) for column in range(48)]) for row in range(48)]
        return torch.stack([classifier(windows) for windows in rows]).permute(2, 0, 1)  # (classes, H, W)

    # bfloat16 or not, both arms compute in the same precision, and so must agree.
    torch.testing.assert_close(slide(), dense(image[None])[0], rtol=1e-3, atol=1e-3)
    return {"one pass": _best(lambda: dense(image[None])), "sliding window": _best(slide)}


@claim(
    "01.block_size",
    sentence='"The size of image blocks would directly affect the accuracy of segmentation": all classes, three contrasts.',
    source=SURVEY,
    unit="Dice",
    arms=SIZES,
    compared=("33 px", "9 px"),
    at_least=0.05,
)
def block_size(seed: int) -> dict[str, float]:
    """Equal steps, batches and (nearly) weights; mean Dice of CSF, grey matter, white matter and lesion."""
    return _dice_of_each_size(seed, ("T1", "T2", "FLAIR"), ("CSF", "grey matter", "white matter", "lesion"))


@claim(
    "01.block_context",
    sentence='"The size of image blocks would directly affect the accuracy of segmentation": lesions, from T1 alone.',
    source=SURVEY,
    unit="Dice",
    arms=SIZES,
    compared=("5 px", "17 px"),
    at_least=0.05,
)
def block_context(seed: int) -> dict[str, float]:
    """The same with T1 alone, where a lesion is as bright as grey matter: only its surroundings give it away."""
    return _dice_of_each_size(seed, ("T1",), ("lesion",))


def train_classifier(dataset: Dataset, size: int, seed: int) -> PatchClassifier:
    """A classifier of patches of `size` pixels, trained on balanced draws and then weighed with the classes' true shares."""
    torch.manual_seed(seed)
    classifier = PatchClassifier(len(dataset.contrasts), len(dataset.classes), width=WIDTHS[size], patch=size)
    sampler = CentrePatchSampler(dataset, size, batch=128, seed=seed)
    fit(
        classifier,
        sampler,
        steps=choose(smoke=3, quick=300, full=3000),
        loss=F.cross_entropy,
        seed=seed,
        progress=False,
    )
    labels = torch.cat([case.label.flatten() for case in dataset if case.label is not None])
    shares = torch.bincount(labels, minlength=len(dataset.classes)) / len(labels)
    with torch.no_grad():  # adding log(share) to a logit multiplies its probability by the share
        classifier.output.bias.add_(shares.log().to(classifier.output.bias.device))
    return classifier


def _dice_of_each_size(seed: int, contrasts: tuple[str, ...], classes: tuple[str, ...]) -> dict[str, float]:
    train = virtual_patients(24, seed=1, contrasts=contrasts)
    held_out = virtual_patients(4, seed=2, contrasts=contrasts)
    found = {}
    for size, name in zip(WIDTHS, SIZES, strict=True):
        dense: nn.Module = train_classifier(train, size, seed).convolutional()
        evaluation = evaluate(lambda case, dense=dense: predict(dense, case.image), held_out)  # type: ignore[misc]
        found[name] = float(evaluation.of("dice", classes).mean())
    return found


def _best(function: Callable[[], Tensor], repeats: int = 3) -> float:
    """Seconds of the fastest of `repeats` calls: the one that other programs disturbed least."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
