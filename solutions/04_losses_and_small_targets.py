# /// lesson
# title = "Losses and small targets: what a network is told to want"
# minutes = 90
# prerequisites = ["03_unet"]
# objectives = [
#     "Say why a network may learn to find nothing at all, and how its loss told it to",
#     "Write a soft Dice, a Tversky and a focal loss, and settle what an empty truth costs",
#     "Name eight traps of Dice and of HD95 in other people's code, and in yours",
#     "Report what is found by lesion size, with intervals, and not as one mean",
# ]
# survey = "3"
# budget = { seconds = 100, memory_gb = 1.5 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# A network does not know what you want. It knows one number, the **loss**, and makes it small. If the loss says "be right
# about pixels", and 998 of 1000 pixels are healthy, then finding nothing is an excellent answer.
#
# The survey names this difficulty in a sentence: "the targets in most medical images are very small, with irregular shapes,
# blurred boundaries and complex gradients". Here you make the targets small, look at the landscape that each loss builds
# around them, write the losses yourself, and let them compete. You also meet the traps: a Dice loss for which false alarms are
# free, one that hides three missed lesions behind one large hit, and a distance in mm that was measured in pixels.

# %% id="imports"
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import Markdown, display
from scipy import ndimage
from tqdm.auto import tqdm

from medsegedu import claims, show
from medsegedu.data import NotHere, nuclei, virtual_patients
from medsegedu.data.lesions import Lesions
from medsegedu.exercises import lesson_04 as ex
from medsegedu.inference import predict
from medsegedu.losses import dice_loss, focal_tversky_loss, generalized_dice_loss
from medsegedu.losses.overlap import class_maps
from medsegedu.metrics import surface_distances
from medsegedu.models import UNet
from medsegedu.preset import choose
from medsegedu.show import lesson_04 as figures
from medsegedu.training import Ledger, fit

# %% [markdown] id="patients-text"
# ## 1. See it: how small is small
#
# Virtual patients as before, but with lesions of 2 to 12 mm, and only two classes: lesion, and all the rest. A pixel is 2 mm
# wide, so the smallest lesions are a single pixel.


# %% id="patients"
def lesions_only(dataset):
    lesion = dataset.classes.index("lesion")
    cases = tuple(replace(case, label=(case.label == lesion).long()) for case in dataset)
    return replace(dataset, cases=cases, classes=("background", "lesion"))


small = Lesions(count=(24, 48), diameter=(2.0, 12.0))
train = lesions_only(virtual_patients(16, seed=41, lesions=small))
test = lesions_only(virtual_patients(choose(smoke=4, quick=16, full=32), seed=42, lesions=small))
case = max(test, key=lambda c: int(c.label.sum()))
show.case(case, contrasts=test.contrasts, classes=test.classes)

# %% [markdown] id="sizes-text"
# To speak of *lesions* and not of pixels, we take the connected pieces of the label apart, and measure each: its **diameter**
# is that of a disc of the same area. (It is the diameter *in this slice*: a ball of 12 mm that the slice just touches looks
# small.)


# %% id="sizes"
def pieces_of(mask, spacing):
    """The connected pieces of a mask (rows, columns): [(piece, diameter in mm)]; a shared corner connects."""
    numbered, count = ndimage.label(mask, structure=np.ones((3, 3)))
    pieces = [numbered == k for k in range(1, count + 1)]
    return [(piece, 2 * float(np.sqrt(piece.sum() * spacing[0] * spacing[1] / np.pi))) for piece in pieces]


EDGES = [0, 3, 5, 8, np.inf]  # mm: one pixel; up to 4; up to 12; more
groups = ["under 3 mm", "3 to 5 mm", "5 to 8 mm", "8 mm and more"]
found = [(d, piece.sum()) for c in test for piece, d in pieces_of(c.label == 1, c.spacing)]
diameters, areas = np.array(found).T
group = np.digitize(diameters, EDGES) - 1
share = 100 * float(np.mean([c.label.float().mean() for c in test]))
display(Markdown(f"**{len(found)} lesions** in {len(test)} slices. They fill **{share:.2f} %** of the pixels."))
show.bars(
    {
        f"{name}: {(group == k).sum()} lesions": 100 * areas[group == k].sum() / areas.sum()
        for k, name in enumerate(groups)
    },
    "% of all lesion pixels", digits=1,
    alt="Bars: the many small lesions hold only a few per cent of the lesion pixels, the few large ones most.",
)  # fmt: skip

# %% [markdown] id="sizes-lesson"
# There are two imbalances, not one. Lesion pixels are rare among all pixels. And among the lesion pixels, those of small
# lesions are rare again. Whatever counts *pixels* hears of the small lesions last, although the patient may have more of
# them than of the large ones.
#
# ### The landscape
#
# What does a loss say of an answer that is nearly right? Below, a lesion and a claim. You move the claim aside (`shift`), or
# make it too small or too large (`size`, in true diameters). On the right is what *every* loss says, along one of the two, as
# a multiple of what it says when **nothing is claimed at all**. Above the dashed line, the loss would rather have you be silent.
# Choose in `loss` which curve is drawn boldly. You will write four of these losses yourself; three stand beside them for
# comparison: focal Tversky and generalized Dice return in section 3, *Lovasz* is a smooth stand-in for the IoU.
#
# *Find out:*
#
# 1. *Lesion of 6 mm, along the shift. From which shift on is silence better than the claim, for the cross-entropy? For Dice?*
# 2. *Still 6 mm: 15 mm aside, which way does Dice tell the claim to move?*
# 3. *Along the size, shift 0: what does each family think of a claim that is twice as wide?*
# 4. *Compare the two absolute values in the title for 2 mm and for 24 mm, cross-entropy and Dice.*

# %% id="landscape"
show.explore(
    figures.landscape, diameter=(2, 24, 2, 6), size=(0.0, 3.0, 0.25, 1.0), shift=(0, 24, 1, 3), along=["shift", "size"],
    loss=["Dice", *(name for name in figures.LOSSES if name != "Dice")],
)  # fmt: skip

# %% [markdown] id="landscape-answers"
# (1) From a shift of 4 to 5 mm on, when most of the claim lies beside the lesion: cross-entropy then pays twice, for the miss
# *and* for the false alarm. For Dice a claim beside the lesion is as bad as none, and no worse. (2) No way at all: without
# overlap Dice is flat, with hardly a slope to follow. The cross-entropy is flat there too, but what it asks of each *pixel*
# is clear: down where the claim is false, up where something is missed. (3) Twice the width is four times the area:
# cross-entropy would rather have nothing, the Dice family would not. (4) A missed lesion of 2 mm costs about an eightieth of
# one of 24 mm by cross-entropy, and the same by Dice. (By area it would be 1/144; the background, never quite certain, adds
# the same little sum to both.) *That* is what "small targets" means to a loss.
#
# ## 2. Build the losses
#
# ### Exercise 4.1 - Soft Dice (12 minutes, difficulty 2 of 3)
#
# The Dice of lesson 00 compares two masks. A mask has no slope: move a score a little, and no pixel changes sides. So in
# training the mask $P$ is replaced by the **probabilities** $p$, and counting by adding up:
#
# $$L = 1 - \frac{2\sum p\,t + \varepsilon}{\sum p + \sum t + \varepsilon}, \qquad \varepsilon = 10^{-5}$$
#
# with $t$ = 1 where the class is true and 0 elsewhere. Take it for each sample and each class by itself, leave out the
# background (class 0), and return the mean. Scores become probabilities by a softmax over the classes.


# %% id="soft-dice"
def soft_dice(logits, label):
    """Scores (N, C, H, W) and label (N, H, W) of integers -> one number: mean of 1 - Dice, without class 0."""
    # region solution
    probabilities = torch.softmax(logits, dim=1)  # (N, C, H, W)
    truth = F.one_hot(label, logits.shape[1]).movedim(-1, 1)  # (N, H, W) -> (N, H, W, C) -> (N, C, H, W)
    both = (probabilities * truth).sum((2, 3))  # (N, C)
    sizes = probabilities.sum((2, 3)) + truth.sum((2, 3))  # (N, C)
    of_each = 1 - (2 * both + 1e-5) / (sizes + 1e-5)
    return of_each[:, 1:].mean()
    # endregion


# %% id="soft-dice-check"
soft_dice = ex.soft_dice.check(soft_dice)

# %% [markdown] id="background-text"
# **First trap: the background.** Take our slice, and an answer that is *sure that nothing is there*. Three Dice losses, all of
# which you can find in published code: one Dice over all pixels of both classes together; the mean of both classes; and yours.

# %% id="background"
label = case.label[None]  # (1, H, W)
nothing = torch.stack([torch.full(label.shape, 10.0), torch.zeros(label.shape)], dim=1)  # (1, 2, H, W): sure of class 0
agree = (nothing.softmax(1)[:, 1] - label).abs().mean()  # of two classes together, Dice is the share of agreement
show.bars(
    {
        "all pixels of both classes": float(agree),
        "mean of both classes": float(dice_loss(nothing, label, include_background=True)),
        "lesion alone (yours)": float(soft_dice(nothing, label)),
    },
    "loss of an answer that finds nothing", digits=3,
    alt="Three bars for the loss of an empty answer: near 0 over all pixels, one half for the mean, 1 for the lesion.",
)  # fmt: skip

# %% [markdown] id="empty-text"
# The same empty answer is nearly perfect, half right, or completely wrong. If somebody's Dice loss starts at 0.5 and stays
# there, look for the background.
#
# ### Exercise 4.2 - The price of nothing (10 minutes, difficulty 2 of 3)
#
# **Second trap: the empty truth.** Most slices, and most patches, hold no lesion. Then $\sum p\,t$ is 0 whatever the network
# says, and the formula gives $1 - \varepsilon / (\sum p + \varepsilon)$. That is practically 1, whether one pixel is claimed
# or a thousand. Other libraries return 0 instead: false alarms are free.
#
# Settle it. From now on we work with `probabilities` and `truth` directly, both (N, C, H, W), the background left out already.
# Return the loss of each sample and class, (N, C): the formula of 4.1 where the class is there, and where it is not, **the mean
# of its probabilities**, the part of the image that is claimed in vain.


# %% id="empty"
def empty_masks(probabilities, truth):
    """Both (N, C, H, W), truth of 0 and 1 -> (N, C): 1 - Dice; of an absent class the mean probability."""
    # region solution
    hits = (probabilities * truth).sum((2, 3))  # (N, C)
    claimed_or_true = (probabilities + truth).sum((2, 3))
    formula = 1 - (2 * hits + 1e-5) / (claimed_or_true + 1e-5)
    is_there = truth.amax((2, 3)) > 0  # (N, C)
    return torch.where(is_there, formula, probabilities.mean((2, 3)))
    # endregion


# %% id="empty-check"
empty_masks = ex.empty_masks.check(empty_masks)

# %% [markdown] id="smooth-text"
# **Third trap: the smoothing.** Look at a healthy slice of 96 x 96 pixels in which more and more is claimed. Beside yours, the
# formula as it stands, with three sizes of $\varepsilon$, the "smoothing". Many scripts set it to 1, some to 100, "to be safe".

# %% id="smooth"
healthy = torch.zeros(1, 1, 96, 96)
claimed = np.logspace(-2, np.log10(96 * 96), 40)  # pixels, in sum
lines = {
    f"smoothing {eps:g}": (
        claimed,
        [1 - eps / (n + eps) for n in claimed],
    )  # what the formula says without a true pixel
    for eps in (1e-5, 1, 100)
}
lines["yours"] = (claimed, [float(empty_masks(torch.full_like(healthy, n / 96**2), healthy)) for n in claimed])
show.curves(
    lines, "pixels claimed in a healthy slice", "loss", log="xy",
    alt="Loss over claimed pixels: with a tiny smoothing it is flat near 1; with 1 and 100 it becomes flat "
    "later; yours is a straight line that grows in step with the claim.",
)  # fmt: skip

# %% [markdown] id="smooth-lesson"
# Both axes count in powers of ten here. Where a curve is flat, nothing is learned. With the tiny smoothing a hundredth of a
# pixel is punished almost fully, and a whole false lesion hardly more: no slope leads out. A large smoothing has a slope, but it
# **hides** what is small. Put a *missed* lesion of four pixels into the formula: with 100 it costs 1 - 100/104, four hundredths.
#
# Yours keeps the two apart. A missed lesion costs 1, however small, and a false claim has a price that grows in step with it:
# ten times the claim, ten times the price. That is a choice as well, and a lenient one: a false lesion of ten pixels costs a
# thousandth. So Dice is seldom left alone; a cross-entropy beside it keeps the healthy slices quiet.
#
# **Fourth trap: the batch.** A batch of four patches: one large lesion that is found perfectly, and three tiny ones that are
# missed. How bad is that?

# %% id="batch"
truth = torch.zeros(4, 1, 48, 48)
truth[0, 0, 8:40, 8:40] = 1  # 32 x 32 pixels
for k, (row, column) in enumerate([(10, 30), (25, 12), (38, 22)], start=1):
    truth[k, 0, row : row + 2, column : column + 2] = 1  # 2 x 2 pixels
answer = truth.clone()
answer[1:] = 0
as_one = [part.transpose(0, 1).reshape(1, 1, 4 * 48, 48) for part in (answer, truth)]  # the batch as one tall image
display(
    show.gallery(
        [*truth[:, 0]], ["found", "missed", "missed", "missed"], same_range=True,
        alt="Four masks: a large square, and three with a square of two by two pixels each.",
    )
)  # fmt: skip
show.bars(
    {
        "each sample, then the mean": float(empty_masks(answer, truth).mean()),
        "the batch as one image": float(empty_masks(*as_one)),
    },
    "Dice loss", digits=3,
    alt="Two bars: three quarters for the mean of samples, almost 0 for the batch as one image.",
)  # fmt: skip

# %% [markdown] id="tversky-text"
# Three of four patients are missed: 0.75. Counted as one image: hardly anything wrong. Both are in use, often without a word
# in the paper; in MONAI it is the argument `batch`, in this course's `dice_loss` the argument `over`. Measuring each sample
# gives the small ones a voice. But it has a price, as the empty truth just showed: many samples then have nothing to find.
# Which one trains better is a question for section 4.
#
# ### Exercise 4.3 - Two prices (10 minutes, difficulty 2 of 3)
#
# Is it worse to miss a lesion, or to see one that is not there? In screening the one, in planning an operation perhaps the
# other. Dice charges both alike. The **Tversky** loss has a price for each: $\alpha$ for false alarms, $\beta$ for misses.
#
# $$L = 1 - \frac{\text{hits} + \varepsilon}{\text{hits} + \alpha\,\text{alarms} + \beta\,\text{misses} + \varepsilon}$$
#
# Hits, alarms and misses are soft counts: sums of probabilities. An absent class costs its mean probability, as in 4.2, whatever
# the two prices are; they need not add up to 1.
#
# **Fifth trap: the letters.** Some papers, and some libraries, swap the two. Here alpha is the price of alarms, as in the paper
# of Salehi, who took 0.3 and 0.7.


# %% id="tversky"
def tversky(probabilities, truth, alpha, beta):
    """Both (N, C, H, W), truth of 0 and 1 -> (N, C): Tversky; of an absent class the mean probability."""
    # region solution
    hits = (probabilities * truth).sum((2, 3))  # (N, C)
    alarms = (probabilities * (1 - truth)).sum((2, 3))
    misses = ((1 - probabilities) * truth).sum((2, 3))
    formula = 1 - (hits + 1e-5) / (hits + alpha * alarms + beta * misses + 1e-5)
    return torch.where(truth.amax((2, 3)) > 0, formula, probabilities.mean((2, 3)))
    # endregion


# %% id="tversky-check"
tversky = ex.tversky.check(tversky)


# %% [markdown] id="prices-text"
# A lesion of 12 mm, drawn too small or too large, with pixels of a quarter of a mm. Where is a mistake of 2 mm dearer?


# %% id="prices"
def disc(mm):
    """A disc of this diameter on 96 x 96 pixels of 0.25 mm: (1, 1, 96, 96)."""
    place = (torch.arange(96) - 47.5) * 0.25
    return (torch.hypot(place[:, None], place[None]) < mm / 2).float()[None, None]


drawn = np.arange(4, 21)  # mm
lines = {
    f"alpha {alpha}, beta {beta}": (drawn, [float(tversky(disc(mm), disc(12), alpha, beta)) for mm in drawn])
    for alpha, beta in ((0.5, 0.5), (0.3, 0.7), (0.1, 0.9))
}
show.curves(
    lines, "drawn diameter of a lesion of 12 mm", "Tversky loss",
    alt="Three curves with their minimum of 0 at 12 mm; the larger beta, the steeper to the left, the flatter to the right.",
)  # fmt: skip

# %% [markdown] id="prices-lesson"
# All three want 12 mm. But a network is never certain, and near an edge it has to err on one side. The steeper the left arm,
# the more it will err to the right: draw a little more, miss a little less. In numbers that is recall against precision, and
# claim 2 measures it.
#
# ### Exercise 4.4 - Look away from the easy (8 minutes, difficulty 2 of 3)
#
# Cross-entropy has merits too: a slope at every pixel, overlap or not. Its trouble is the crowd: tens of thousands of easy
# pixels, each with a tiny loss, add up to more than the few hard ones. The **focal** loss turns the crowd down. With $p$ the
# probability of a pixel's true class:
#
# $$L = \text{mean of } (1 - p)^{\gamma}\,(-\log p)$$
#
# A pixel with $p = 0.99$ counts 0.0001 of before if $\gamma = 2$; one with $p = 0.1$ keeps four fifths. The mean is over all
# pixels, background included.


# %% id="focal"
def focal(logits, label, gamma):
    """Scores (N, C, H, W), label (N, H, W) of integers -> one number: mean of (1 - p)^gamma times -log p."""
    # region solution
    surprise = F.cross_entropy(logits, label, reduction="none")  # -log p, (N, H, W)
    unsure = 1 - torch.exp(-surprise)  # 1 - p
    return (unsure**gamma * surprise).mean()
    # endregion


# %% id="focal-check"
focal = ex.focal.check(focal)

# %% [markdown] id="focal-use-text"
# Who is heard? Suppose a network that is early in training: it gives the truth a probability of 0.95 on the background and of
# 0.3 on the lesions of our slice. We add up the two parts of the loss and see which share of it comes from the lesions.

# %% id="focal-use"
p_true = torch.where(label == 1, 0.3, 0.95)
lesion_p = torch.where(label == 1, p_true, 1 - p_true)  # the probability of class 1, (1, H, W)
early = torch.stack([(1 - lesion_p).log(), lesion_p.log()], dim=1)  # scores whose softmax is that: (1, 2, H, W)
shares = {}
for gamma in (0, 1, 2, 4):
    pixels = label == 1
    of_lesions = float(
        focal(early[..., pixels[0]][..., None], label[pixels][None, :, None], float(gamma)) * pixels.sum()
    )
    shares[f"gamma {gamma}"] = 100 * of_lesions / float(focal(early, label, float(gamma)) * label.numel())
show.bars(
    shares, "% of the loss that comes from lesion pixels", digits=0,
    alt="Bars: with gamma 0 a minor share of the loss comes from the lesions, with larger gamma nearly all.",
)  # fmt: skip

# %% [markdown] id="hd-text"
# So gamma makes the hard pixels heard. But *hard* is not the same as *small*: a doubtful pixel on the edge of a large lesion is
# just as hard as a whole lesion of one pixel. And the loss as a whole becomes small, and its steps with it. Will it help
# here? You will see.
#
# ### Exercise 4.5 - How far off, in mm (15 minutes, difficulty 3 of 3)
#
# Before the losses compete, the other measure. Dice tells how much overlaps, not how far the rest is away. The **Hausdorff
# distance** does: from each pixel of one outline to the nearest of the other; the largest of all. One stray pixel decides it, so
# one usually takes the 95th percentile: **HD95**.
#
# Unfortunately there are several HD95. Ours, which is also MONAI's:
#
# 1. The **outline** of a mask: its pixels with a face neighbour outside; beyond the image's border counts as outside.
# 2. For each outline pixel of the one mask, the distance **in mm** to the nearest outline pixel of the other, and the other
# way round.
# 3. The 95th percentile of each of the two lists (as `np.percentile` takes it), and of these the **larger**.
# 4. Both masks empty: 0. One empty: the diagonal of the image in mm, that is of its shape times the spacing, so that a miss is
# worse than any find.
#
# `scipy.ndimage` has all you need: `binary_erosion`, and `distance_transform_edt`, which gives each pixel that is `True` its
# distance to the nearest one that is not, in the unit of `sampling=`.


# %% id="hd95"
def hd95(prediction, label, spacing):
    """Two boolean arrays (*spatial), mm along each axis -> HD95 in mm."""
    # region solution
    if not (prediction.any() and label.any()):
        both_empty = not (prediction.any() or label.any())
        return 0.0 if both_empty else float(np.linalg.norm(np.multiply(label.shape, spacing)))
    percentiles = []
    for here, there in ((prediction, label), (label, prediction)):
        from_outline = here & ~ndimage.binary_erosion(here)
        to_outline = there & ~ndimage.binary_erosion(there)
        away = ndimage.distance_transform_edt(~to_outline, sampling=spacing)  # mm, at each pixel
        percentiles.append(np.percentile(away[from_outline], 95))
    return float(max(percentiles))
    # endregion


# %% id="hd95-check"
hd95 = ex.hd95.check(hd95)

# %% [markdown] id="hd95-use-text"
# A slice with pixels of 3 mm by 1 mm, as a sagittal cut through thick slices has. The claim is a little off, and there is a
# false alarm of a few pixels. What would a careless HD95 have said?

# %% id="hd95-use"
true_mask, claim_mask = np.zeros((2, 24, 60), bool)
true_mask[5:14, 8:30] = True
claim_mask[7:15, 10:33] = True
claim_mask[18:20, 50:53] = True  # the false alarm
spacing = (3.0, 1.0)
away = figures.distances(claim_mask, true_mask, spacing)
measured = surface_distances(claim_mask, true_mask, spacing)
pooled = np.concatenate([measured.from_prediction, measured.from_label])  # mm, both directions
display(away)
show.bars(
    {
        "yours": hd95(claim_mask, true_mask, spacing),
        "axes of the spacing exchanged": hd95(claim_mask, true_mask, spacing[::-1]),
        "spacing left out (pixels)": hd95(claim_mask, true_mask, (1.0, 1.0)),
        "both directions in one heap (MedPy)": float(np.percentile(pooled, 95)),
        "the largest: Hausdorff": float(pooled.max()),
    },
    "distance", digits=1,
    alt="Five values of the distance for one and the same pair of masks, which differ by a factor of two and more.",
)  # fmt: skip

# %% [markdown] id="hd95-lesson"
# One pair of masks, five numbers, and most of them are called HD95 in some paper. So when you report one, say which:
# whose definition, which unit, and what a missed lesion costs. These are traps six to eight, and here are all of them:
#
# 1. The **background** counts as a class, and an answer that finds nothing looks half right.
# 2. The **empty truth**: false alarms are free, or cost the same however many they are.
# 3. The **smoothing**, meant to be harmless, hides small lesions.
# 4. The **batch** counts as one image, and a large lesion hides missed small ones.
# 5. The **letters**: alpha is the price of alarms with one author, of misses with the next.
# 6. The **spacing** is left out, or its axes are exchanged: millimetres that are none.
# 7. The **definition** of HD95: the larger of two percentiles, or one heap, or the maximum.
# 8. The **miss**: MONAI returns `nan` for it. Average with `nanmean`, and the result *improves* when the network fails.
#
# ## 3. Let them compete
#
# One U-Net, the same first weights, the same patches in the same order, half of them placed on a lesion. Only the loss differs.
# Six are yours; two come from the core: the **focal Tversky** (a root of Tversky) and the **generalized Dice** (one Dice for all
# classes, each weighted by one over its squared size).


# %% id="losses"
def maps(logits, label):
    """(N, C, H, W), (N, H, W) -> probabilities and truth without the background, both (N, C - 1, H, W)."""
    probabilities, truth, _ = class_maps(logits, label, None, False)
    return probabilities, truth


def dice_of_each(logits, label):
    return empty_masks(*maps(logits, label)).mean()


losses = {
    "cross-entropy": F.cross_entropy,
    "focal": lambda logits, label: focal(logits, label, 2.0),
    "Dice, as it stands": soft_dice,  # false alarms in healthy patches cost 1, and have no slope
    "Dice": dice_of_each,
    "Dice + cross-entropy": lambda logits, label: dice_of_each(logits, label) + F.cross_entropy(logits, label),
    "Tversky": lambda logits, label: tversky(*maps(logits, label), 0.3, 0.7).mean(),
    "focal Tversky": focal_tversky_loss,
    "generalized Dice": generalized_dice_loss,
}  # fmt: skip

# %% [markdown] id="guess"
# *Before you run it, write down a guess: which loss finds most lesions of one pixel? Which makes most false alarms? Which
# draws large lesions best?* The next cell trains eight networks: about a minute, on a slow machine three.

# %% id="compete"
nets = {}
for name, loss in tqdm(losses.items(), desc="eight losses"):
    torch.manual_seed(0)
    nets[name] = UNet(3, 2, width=16, depth=3)
    fit(nets[name], train, steps=choose(smoke=3, quick=200, full=3000), patch=32, loss=loss, progress=False)


# %% [markdown] id="judge-text"
# Now judge them lesion by lesion. A lesion is **found** if one of its pixels is claimed. Its own **Dice** compares it with
# the claims that touch it. A claim that touches no lesion is a **false alarm**.


# %% id="judge"
def judge(net, cases):
    """One row a lesion: (patient, diameter, found, its Dice); and [both, claimed, true] pixels and false alarms."""
    rows, pixels, alarms = [], np.zeros(3), 0
    for c in cases:
        claim, truth = (predict(net, c.image) == 1).numpy(), (c.label == 1).numpy()
        pixels += (claim & truth).sum(), claim.sum(), truth.sum()
        numbered, count = ndimage.label(claim, structure=np.ones((3, 3)))
        sizes = np.bincount(numbered.ravel())  # pixels of each claim
        touching = set()
        for piece, diameter in pieces_of(truth, c.spacing):
            touched = sorted(set(numbered[piece].tolist()) - {0})
            overlap = (numbered[piece] > 0).sum()
            rows.append((c.patient, diameter, len(touched) > 0, 2 * overlap / (sizes[touched].sum() + piece.sum())))
            touching |= set(touched)
        alarms += count - len(touching)
    return rows, pixels, alarms


judged = {name: judge(net, test) for name, net in nets.items()}
lines = ["| loss | Dice of all pixels | recall of pixels | precision | false alarms a slice |", "|---|---|---|---|---|"]
for name, (_, (both, claimed_, true_), alarms) in judged.items():
    numbers = 2 * both / (claimed_ + true_), both / true_, both / max(claimed_, 1)
    lines.append(f"| {name} | " + " | ".join(f"{x:.2f}" for x in numbers) + f" | {alarms / len(test):.2f} |")
Markdown("\n".join(lines))

# %% [markdown] id="luck-text"
# Is a row of this table the loss, or is it luck? *Which rows would you bet on, if the eight were trained once more?* The
# stars are your table; the dots are three runs that were made before, with other first weights, all else alike.

# %% id="luck"
figures.luck(
    {
        name: (2 * both / (claimed_ + true_), both / max(claimed_, 1))
        for name, (_, (both, claimed_, true_), _) in judged.items()
    }
)  # fmt: skip

# %% [markdown] id="luck-lesson"
# Some rows stay where they are. Others fall from 0.9 to next to nothing: a loss of overlap *alone* is a lottery, and it takes
# very little to draw another lot. (Tversky was lucky three times. In a network half as wide we wrote its misses in two ways,
# $\sum (1 - p)\,t$ and $\sum t - \sum p\,t$, which are equal but for the last digit of rounding: the first gave a Dice of 0.93,
# the second 0.22.) If one of your rows is near 0, that is no mistake of yours, and a second run may be fine.
#
# What happens there? In two fallen networks we looked at the pixels that were claimed in vain: three quarters of them and more
# had a probability above 0.999. A probability that is *sure*, rightly or wrongly, has hardly a slope: it changes with the score
# by $p\,(1 - p)$, and at 0.999 that is a thousandth. A loss of overlap passes this on, so a region that is once surely wrong
# stays wrong. (Dice as it stands has a second trouble, the empty truth of 4.2.) In the slope of the cross-entropy the factor
# cancels out: the surer the mistake, the harder it pulls. That is a good reason to put one beside a Dice, and why `dice_ce_loss`
# is this course's usual loss.


# %% [markdown] id="by-size-text"
# The table hides the sizes. Here are the lesions by diameter, with intervals over *patients* (whole patients are drawn anew,
# since the lesions of one patient are alike). Switch between what is found and how well it is drawn, and choose whom to compare.
# (Mind the precision: a network that claims whole regions finds all that lies in them.)


# %% id="by-size"
def by_size(measure, family):
    chosen = {
        "pixels against overlap": ["cross-entropy", "focal", "Dice", "Dice + cross-entropy"],
        "the Dice family": ["Dice, as it stands", "Dice", "Tversky", "focal Tversky", "generalized Dice"],
    }[family]
    column, said = (2, "part of the lesions found") if measure == "found" else (3, "mean Dice of a lesion")
    rows = {name: [(row[0], row[1], row[column]) for row in judged[name][0]] for name in chosen}
    return figures.recall(rows, EDGES, ylabel=said)


show.explore(by_size, measure=["found", "Dice"], family=["pixels against overlap", "the Dice family"])

# %% [markdown] id="look-text"
# And where? The slice in which these three together claim most in vain.

# %% id="look"
shown = ["cross-entropy", "Dice", "Tversky"]
in_vain = [sum(int(((predict(nets[name], c.image) == 1) & (c.label == 0)).sum()) for name in shown) for c in test]
worst = test[int(np.argmax(in_vain))]
show.compare(worst, {name: predict(nets[name], worst.image) for name in shown}, 1, class_name="lesion", channel=2)

# %% [markdown] id="compete-lesson"
# What we saw in our runs, and you may check against yours: the larger a lesion, the less the loss matters; those of 8 mm and
# more are found by all. Among the small ones cross-entropy and focal come last, in every run: in so few steps the crowd of
# background pixels wins, and the focal loss is slower still, since its steps are small. (With many more steps they catch up in
# part. Try `quick=1000` in the cell that trains the eight, if you have a few minutes: a loss decides *when* a network learns
# something, not only *whether*.)
#
# Dice + cross-entropy is the calm one: it finds most of the small ones, with few false alarms, and it does so again in the next
# run. Which of two neighbours in the table is ahead, a single run cannot tell. So:
#
# ## 4. Measure it
#
# Five claims, each with a rule fixed beforehand. Grey lines are the committed seeds, each with its own patients and first
# weights. *Small* lesions are those under 5 mm in the slice, 1 to 4 pixels.
#
# The rule, in all five figures: a claim **holds** if the whole interval lies above 0 *and* the mean reaches the dashed line. It
# **does not hold** if the whole interval lies below the dashed line. All else is **not shown**: more seeds could decide it.
#
# **Claim 1: imbalance.** *How many small lesions does a Dice beside the cross-entropy find that it alone misses?* The star is a
# seed that you measure now (a quarter of a minute).

# %% id="claim-imbalance"
mine = claims.get("04.imbalance").measure(seed=10)
claims.get("04.imbalance").figure(mine)

# %% [markdown] id="claim-tversky-text"
# **Claim 2: two prices.** *Does the dearer miss work as ordered?* Tversky with 0.3 and 0.7 against Dice. It should find more
# of the pixels, *and* lose precision: the effect is the smaller of the two, so that both must be there. (To save your time,
# the other figures show the committed seeds; `claims.get("04.tversky").measure(seed=10)` is yours to run.)

# %% id="claim-tversky"
claims.get("04.tversky").figure()

# %% id="claim-tversky-table"
arms = ("Dice: recall", "Tversky: recall", "Dice: precision", "Tversky: precision")
lines = ["| seed | " + " | ".join(arms) + " |", "|---|---|---|---|---|"]
for each in claims.result("04.tversky")["values"]:
    lines.append(f"| {each['seed']} | " + " | ".join(f"{each['values'][arm]:.2f}" for arm in arms) + " |")
Markdown("\n".join(lines))

# %% [markdown] id="claim-batch-text"
# One line stretches the figure's axis, so here are its numbers. Does Tversky gain recall in every seed? And which line falls
# out of the row? In one of our seeds it is *Dice* that has next to no precision: that network claims a whole region of the
# background, and against it anything is precise. It is the lottery of section 3, and it widens the interval so far that the
# rule may say "not shown". That is how it should be: a rule that is fixed beforehand does not leave out the run that spoils
# the picture.
#
# **Claim 3: sample or batch.** *Does a Dice over the batch neglect the small ones?* The four squares of section 2 let one
# expect it. Here are two networks, trained with one of them each, and nothing beside it.

# %% id="claim-batch"
claims.get("04.batch").figure()

# %% [markdown] id="claim-high-text"
# The arithmetic of the four squares was beyond doubt; the training is another matter. In a batch of patches many hold no
# lesion at all. Dice over the batch hardly hears of these, and so has steadier steps; Dice of each sample hears every small
# lesion, and every false alarm in an empty patch. Which of the two weighs more is what the seeds quarrel about.
#
# **Claims 4 and 5: high and low resolution.** The survey asks for both. For small targets "more high-resolution information needs
# to be input to the model"; and the semantics being simple, the model should "make full use of the low-resolution information
# [...] to ensure the accurate recognition of the target".
#
# Claim 4 takes the high resolution away: one network sees 2 x 2 pixels as one, their mean, and its scores are enlarged again.
# *What do small lesions lose, and what do large ones?* Both may lose; the claim is that *small ones lose more*.

# %% id="claim-high"
claims.get("04.high_resolution").figure()

# %% [markdown] id="claim-low-text"
# Claim 5 takes the low resolution away: a U-Net of depth 1 sees 18 pixels, one of depth 3 a hundred. *Does a lesion have to be
# seen from afar to be recognised?* Counted is the lesion F1, in which a false alarm weighs as much as a miss.

# %% id="claim-low"
claims.get("04.low_resolution").figure()

# %% [markdown] id="claims-lesson"
# Read them together. In our seeds two things decided over the small lesions, and both by about 40 in 100: the pixels (a
# lesion of 2 mm that is averaged with its neighbours is a faint stain) and the loss (a Dice beside the cross-entropy, or
# none). Whether another loss could bring back what the coarse pixels hide, we have not tested. Over samples or over
# the batch: that mattered much less.
#
# And the low resolution? In four of our five seeds the shallow network was the better one. What surroundings add depends on
# whether a target can be recognised from nearby. These lesions are brighter than all around them, so it can. Real ones have
# doubles, vessels and artefacts, that only their surroundings give away; as with the two parts of the hippocampus in lesson
# 03.

# %% [markdown] id="real-text"
# ## 5. Reality check
#
# Real small targets: **nuclei** under a fluorescence microscope, from the 2018 Data Science Bowl. Some images show nuclei of 10
# pixels across, others of 60. Sizes are in pixels here, since nobody recorded the scale, and nuclei that touch count as one
# piece. Images of one field of view stay together in the split. *Do you expect the same order of losses? Nuclei fill about a
# tenth of the pixels, some sixty times more than our lesions.*

# %% id="real-data"
try:
    real = nuclei()
    real_train, _, real_test = real.split((0.6, 0.1, 0.3), seed=0)
    real_test = real_test[: choose(smoke=3, quick=40, full=len(real_test))]
    filled = 100 * float(np.mean([c.label.float().mean() for c in real_test]))
    sentence = f"{real}. Held out here: {len(real_test)} images, nuclei fill {filled:.0f} % of them. {real.citation}"
except NotHere as reason:
    real = None
    sentence = f"**Skipped: the real images are not here.** {reason} The rest of this section stays empty."
Markdown(sentence)

# %% id="real-train"
real_judged = {}
if real:
    for name in tqdm(("cross-entropy", "Dice + cross-entropy", "Tversky"), desc="three losses"):
        torch.manual_seed(0)
        net = UNet(1, 2, width=8, depth=3)
        fit(net, real_train, steps=choose(smoke=3, quick=200, full=3000), patch=32, loss=losses[name], progress=False)
        real_judged[name] = judge(net, real_test)

# %% id="real-result"
if real:
    real_edges = [0, 6, 10, 16, 24, np.inf]
    rows = {name: [row[:3] for row in result[0]] for name, result in real_judged.items()}
    own = {name: [(row[0], row[1], row[3]) for row in result[0]] for name, result in real_judged.items()}
    display(figures.recall(rows, real_edges, unit="px", ylabel="part of the nuclei found"))
    picture = figures.recall(own, real_edges, unit="px", ylabel="mean Dice of a nucleus")
picture if real else Markdown("Skipped: no real images.")

# %% [markdown] id="real-lesson"
# In our runs all three found nearly every nucleus of 6 pixels and more. They differ among the smallest pieces, some of which are
# splinters of the annotation, and in how well the largest are drawn; but by a few hundredths, and a second run of the same loss
# (once more with the misses written in the other way) moved by as much, and changed the order. *Look at your intervals: do they
# overlap?* Where the target fills a tenth of the image, no crowd has to be outvoted, and plain cross-entropy does well. A loss is
# a remedy for an imbalance; without the imbalance there is little to cure.
#
# ## 6. The ledger
#
# Lesson 03's network once more, on the usual patients and with the usual five classes, with one thing changed: its loss is
# Tversky + cross-entropy. If you have run lesson 03 on this machine, its row stands above: compare the lesions' columns. (If not,
# `python -m medsegedu run 03` adds it.)

# %% id="ledger"
torch.manual_seed(0)
unet = UNet(3, 5, width=16, depth=3)
history = fit(
    unet, virtual_patients(24, seed=1), steps=choose(smoke=3, quick=300, full=4000), patch=32,
    loss=lambda logits, label: losses["Tversky"](logits, label) + F.cross_entropy(logits, label),
)  # fmt: skip
ledger = Ledger()
ledger.measure("04", "U-Net, Tversky + cross-entropy", unet, seconds=history.seconds)
ledger

# %% [markdown] id="quiz-1"
# ## 7. Quiz
#
# **1. Your training loss, a Dice over background and lesion, falls to 0.50 and stays there. What do you look at first?**
#
# <details><summary>(a) The learning rate.</summary>
# Perhaps later. But 0.50 is a suspicious number: it is the mean of a perfect 0 and a hopeless 1.
# </details>
#
# <details><summary>(b) Whether the network finds any lesion at all.</summary>
# Yes. An empty answer has a background Dice near 1 and a lesion Dice of 0, and the mean hides it. Leave the background out, and
# the loss says 1.
# </details>
#
# <details><summary>(c) Whether there are enough patients.</summary>
# That shows as a gap between training and test. Here the training loss itself does not fall.
# </details>

# %% [markdown] id="quiz-2"
# **2. In a healthy slice a Dice loss with smoothing 1e-5 is 0.9999, although only a thousandth of each pixel is claimed. Is that
# a problem?**
#
# <details><summary>(a) No, a false claim should cost 1.</summary>
# The value is not the trouble, the slope is: ten times less or ten times more costs the same, so the network isn't told which
# way to go.
# </details>
#
# <details><summary>(b) Yes; a smoothing of 100 mends it.</summary>
# It brings the slope back, and at the same time makes four missed pixels cost four hundredths. It hides just what you look for.
# </details>
#
# <details><summary>(c) Yes; an empty truth needs a price of its own.</summary>
# Yes: one that falls with the claim, such as the mean probability, or a cross-entropy beside the Dice.
# </details>

# %% [markdown] id="quiz-3"
# **3. A tool reports "sensitivity first: alpha = 0.7, beta = 0.3". What do you do?**
#
# <details><summary>(a) Exchange them: beta must be the larger.</summary>
# Only if the tool uses Salehi's letters, as this lesson does. It may be that of a paper in which alpha is the price of misses.
# </details>
#
# <details><summary>(b) Test it: draw a lesion too small and too large, and see which costs more.</summary>
# Yes. Two lines of code, as in the figure of the two prices, and you know, whatever the letters are called.
# </details>
#
# <details><summary>(c) Nothing, the sum is 1 in both cases.</summary>
# The sum has nothing to do with it. Exchanged, the network misses more instead of less.
# </details>

# %% [markdown] id="quiz-4"
# **4. Network A misses 10 of 100 patients altogether; its mean HD95 is 4 mm. B misses none; its mean is 5 mm. Which is better?**
#
# <details><summary>(a) A: the smaller distance wins.</summary>
# First ask what a miss costs in this mean. If misses are `nan` and left out, A was only measured on the easy ones.
# </details>
#
# <details><summary>(b) B, certainly.</summary>
# Most likely. But "certainly" needs the same rule for both: with a diagonal of 250 mm a patient, A's ten misses alone would
# add 25 mm, so 4 mm shows that they were left out.
# </details>
#
# <details><summary>(c) It can't be said before the rule for misses is known.</summary>
# Yes, and here the numbers give the rule away: they were left out. Judge both on the same patients, with a price for misses.
# </details>

# %% [markdown] id="quiz-5"
# **5. A colleague swears by the focal Tversky loss: mean Dice 0.86 instead of 0.85, one run each. What do you ask for?**
#
# <details><summary>(a) More decimals.</summary>
# They would not help. The next run of either may differ by more than 0.01.
# </details>
#
# <details><summary>(b) Several seeds, paired, and the result by lesion size.</summary>
# Yes. The difference between seeds says whether 0.01 is anything, and the sizes say for whom: a mean Dice over pixels
# hardly notices the small lesions.
# </details>
#
# <details><summary>(c) The p-value over the pixels.</summary>
# Pixels of one patient are not independent; with a million of them everything is significant. The units are patients and runs.
# </details>

# %% [markdown] id="reading"
# ## 8. What to read
#
# - F. Milletari, N. Navab, S.-A. Ahmadi, *V-Net*, 3DV 2016, [arXiv:1606.04797](https://arxiv.org/abs/1606.04797). Where the Dice
#   loss entered; look for the squares in the denominator.
# - C. H. Sudre et al., *Generalised Dice Overlap as a Deep Learning Loss Function for Highly Unbalanced Segmentations*, 2017,
#   [arXiv:1707.03237](https://arxiv.org/abs/1707.03237). Losses against each other at growing imbalance.
# - S. S. M. Salehi, D. Erdogmus, A. Gholipour, *Tversky Loss Function for Image Segmentation*, 2017,
#   [arXiv:1706.05721](https://arxiv.org/abs/1706.05721). Two prices, for lesions of multiple sclerosis.
# - T.-Y. Lin et al., *Focal Loss for Dense Object Detection*, ICCV 2017,
#   [arXiv:1708.02002](https://arxiv.org/abs/1708.02002). The crowd of easy examples, with figures worth copying in style.
# - N. Abraham, N. M. Khan, *A Novel Focal Tversky Loss Function with Improved Attention U-Net for Lesion Segmentation*, 2019,
#   [arXiv:1810.07842](https://arxiv.org/abs/1810.07842). Small lesions, and an exponent that libraries write in two ways.
# - J. Ma et al., *Loss odyssey in medical image segmentation*, Medical Image Analysis 2021,
#   [doi:10.1016/j.media.2021.102035](https://doi.org/10.1016/j.media.2021.102035). Twenty losses on four tasks: compound losses
#   are the most robust.
# - A. Reinke et al., *Understanding metric-related pitfalls in image analysis validation*, Nature Methods 2024,
#   [doi:10.1038/s41592-023-02150-0](https://doi.org/10.1038/s41592-023-02150-0). All traps of this lesson and many more, in
#   pictures.
#
# Here one network got eight losses. In lesson 05 one loss gets several networks: nested ones that choose their own depth.
