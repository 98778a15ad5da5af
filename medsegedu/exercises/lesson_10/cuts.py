"""Exercise 10.5: what a good division cuts, counted without any label."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_10 import answers

soft_ncut = Exercise(
    "10.soft_ncut",
    reference=answers.soft_ncut,
    title="The soft normalised cut",
    minutes=12,
    difficulty=3,
    hints=(
        "For one segment with probabilities p (pixels,): all bonds within it are the sum of bonds[i, j] p[i] p[j], and that is "
        "`p @ bonds @ p`.",
        "All bonds of its pixels, wherever they lead: sum of bonds[i, j] p[i], which is `p @ bonds.sum(1)`.",
        "Each segment gives 1 minus the first divided by the second; add the K numbers up. A segment that nobody claims has 0 / "
        "0: `.clamp(min=1e-12)` below the fraction makes it cost 1.",
    ),
    after="0 where no bond is cut, K - 1 where everybody is undecided, nearly K at worst. Next: ways to divide a slice, priced.",
    gradients=True,
    call=lambda attempt, probabilities, bonds: attempt(probabilities, bonds.detach()),  # nobody learns bonds
)


def bound(random: Random, pixels: int) -> Tensor:
    """Symmetric bonds above 0; each pixel is bound to itself by 1."""
    bonds = random.tensor(pixels, pixels).abs()
    bonds = (bonds + bonds.T) * 0.3
    return bonds.fill_diagonal_(1)


@soft_ncut.case
def three_segments(random: Random) -> tuple[Any, ...]:
    return (2 * random.tensor(3, 11)).softmax(0), bound(random, 11)


@soft_ncut.case
def two_segments_of_few_bonds(random: Random) -> tuple[Any, ...]:
    bonds = bound(random, 8) * (1 - random.mask(8, 8, share=0.6).float())
    return random.tensor(2, 8).softmax(0), torch.maximum(bonds, bonds.T).fill_diagonal_(1)


@soft_ncut.case
def nothing_is_cut(random: Random) -> tuple[Any, ...]:
    bonds = torch.block_diag(bound(random, 3), bound(random, 5))
    probabilities = torch.zeros(2, 8)
    probabilities[0, :3] = probabilities[1, 3:] = 1
    return probabilities, bonds


@soft_ncut.case
def double_precision(random: Random) -> tuple[Any, ...]:
    return random.tensor(5, 7).double().softmax(0), bound(random, 7).double()


@soft_ncut.behaviour
def a_segment_that_nobody_claims(attempt: Any, random: Random) -> str | None:
    shares = F.one_hot(torch.arange(9) % 3, 3).T.float()  # (3, 9)
    empty = torch.cat([shares[:2], torch.zeros(1, 9), shares[2:]]).requires_grad_()
    bonds = bound(random, 9)
    loss, without = attempt(empty, bonds).sum(), attempt(shares, bonds).sum()
    if not torch.isfinite(loss):
        return (
            "A segment that no pixel claims gives 0 / 0, and the loss is NaN. Segments do die out as a network learns: "
            "`.clamp(min=1e-12)` below the fraction."
        )
    if torch.isclose(loss, without, atol=1e-3):
        return "A segment that no pixel claims costs nothing in your loss. It costs 1: its share, 0 / 0, counts as 0."
    if not torch.isclose(loss, without + 1, atol=1e-3):
        return "A segment that no pixel claims must add 1 to the loss, and leave what the other segments cost as it is."
    if loss.requires_grad and not torch.isfinite(torch.autograd.grad(loss, empty)[0]).all():
        return (
            "Where no pixel claims a segment, the loss is right, but its gradient is NaN: you divided 0 by 0 and mended the "
            "result. The way back passes through the division; clamp below the fraction *before* you divide."
        )
    return None


@soft_ncut.behaviour
def weak_bonds(attempt: Any, random: Random) -> str | None:
    probabilities, bonds = (2 * random.tensor(3, 8)).softmax(0), bound(random, 8)
    strong = attempt(probabilities, bonds).sum()
    for times, words in ((1e3, "a thousand"), (1e8, "a hundred million")):
        if not torch.isclose(strong, attempt(probabilities, bonds / times).sum(), rtol=0.01):
            return (
                f"Make all bonds {words} times weaker, and the shares stay the same; your loss does not. What you put below the "
                "fraction against 0 / 0 is felt where bonds are weak: `.clamp(min=1e-12)`."
            )
    return None


def inside(p: Tensor, bonds: Tensor) -> Tensor:
    return ((p @ bonds) * p).sum(1)


def in_all(p: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return (p @ bonds.sum(1)).clamp(min=low)


def cut(p: Tensor, bonds: Tensor, low: float) -> Tensor:
    return (1 - inside(p, bonds) / in_all(p, bonds, low)).sum()


@soft_ncut.mistake(
    "You returned what the segments *keep*. That is to be large, but a loss is made small: 1 minus the share, for each segment."
)
def kept_share(probabilities: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return (inside(probabilities, bonds) / in_all(probabilities, bonds, low)).sum()


@soft_ncut.mistake(
    "You took 1 minus the sum of the shares. Each of the K segments starts with its own 1: it is K minus the sum."
)
def one_for_all(probabilities: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return 1 - (inside(probabilities, bonds) / in_all(probabilities, bonds, low)).sum()


@soft_ncut.mistake(
    "You took the mean over the segments. The sum is asked for; otherwise a division into more segments looks better for free."
)
def mean_over_segments(probabilities: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return cut(probabilities, bonds, low) / len(probabilities)


@soft_ncut.mistake(
    "You divided by all bonds of the image, the same number for every segment. Cutting off a single pixel is then the cheapest "
    "cut of all. Divide by the bonds of the segment's own pixels: that is what *normalised* means."
)
def not_normalised(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return (1 - inside(probabilities, bonds) / bonds.sum()).sum()


@soft_ncut.mistake(
    "You divided by the size of the segment (the sum of its probabilities). Pixels have different numbers of bonds: each "
    "counts with all of its own, `bonds.sum(1)`."
)
def divided_by_the_size(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return (1 - inside(probabilities, bonds) / probabilities.sum(1).clamp(min=1e-12)).sum()


@soft_ncut.mistake(
    "You used the probabilities once. A bond is kept if *both* of its pixels belong to the segment, so it is multiplied by p of "
    "the one and by p of the other; with one alone, all shares are 1."
)
def only_one_end(probabilities: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return (1 - (probabilities @ bonds).sum(1) / in_all(probabilities, bonds, low)).sum()


@soft_ncut.mistake(
    "You squared p in the lower part as well. Below the line stand all bonds of the segment's pixels, wherever they lead: one p "
    "alone."
)
def squared_below(probabilities: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return (1 - inside(probabilities, bonds) / in_all(probabilities.square(), bonds, low)).sum()


@soft_ncut.mistake(
    "You multiplied each pixel's probability by its own and forgot the bonds between *different* pixels: "
    "`(p * p) @ bonds.sum(1)` asks whether a pixel agrees with itself."
)
def with_itself(probabilities: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return (1 - (probabilities.square() @ bonds.sum(1)) / in_all(probabilities, bonds, low)).sum()


@soft_ncut.mistake(
    "You decided first (argmax) and counted then. The count is that of the ordinary normalised cut, but no gradient passes a "
    "decision: keep the probabilities."
)
def hard(probabilities: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return cut(F.one_hot(probabilities.argmax(0), len(probabilities)).T.to(probabilities), bonds, low)


@soft_ncut.mistake(
    "You took a softmax of what are probabilities already. It makes all segments nearly equal, and the loss nearly constant."
)
def softmax_again(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return answers.soft_ncut(probabilities.softmax(0), bonds)


@soft_ncut.mistake(
    "A segment that no pixel claims gives 0 / 0, and your loss is NaN. Segments do die out as a network learns: "
    "`.clamp(min=1e-12)` below the fraction."
)
def empty_is_nan(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return (1 - inside(probabilities, bonds) / (probabilities @ bonds.sum(1))).sum()


@soft_ncut.mistake(
    "You took the bond of each pixel with itself away. It belongs to the sum: a pixel never cuts itself off."
)
def no_bond_with_itself(probabilities: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return cut(probabilities, bonds - torch.diag(bonds.diag()), low)


@soft_ncut.mistake(
    "The number is right, but no gradient flows back (`.detach()`, NumPy, `torch.no_grad()`). A network must learn from it."
)
def detached(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return answers.soft_ncut(probabilities, bonds).detach()
