# /// lesson
# title = "U-Net: from what to where"
# minutes = 85
# prerequisites = ["02_fcn"]
# objectives = [
#     "Say what each level of a network sees, and what it can still draw",
#     "Build a U-Net from four parts, each of which you wrote and checked",
#     "Predict which image sizes fit through a U without padding",
#     "Tell by experiment what skips, depth and resolution each contribute",
# ]
# survey = "2.2"
# budget = { seconds = 60, memory_gb = 1.5 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# A network that looks at a large part of an image knows **what** it sees. But to look far it has to shrink the image,
# and then it no longer knows exactly **where**. The FCN of lesson 02 decides on such a shrunken image and enlarges
# its answer. The survey is blunt about the price: "the details in the image will be ignored and the result will be
# fuzzy".
#
# In 2015 three authors from Freiburg found a way to have both, trained it on a few dozen images, and won two
# categories of that year's cell tracking challenge. Their U-Net is still the network that others are measured
# against. Here you build it from four parts, train it, and then take it to pieces again: what is each part good for?

# %% id="imports"
from itertools import pairwise

import torch
import torch.nn.functional as F
from IPython.display import Markdown, display
from torch import nn

from medsegedu import claims, show
from medsegedu.data import NotHere, hippocampus, virtual_patients
from medsegedu.exercises import lesson_03 as ex
from medsegedu.inference import predict
from medsegedu.layers import initialise, pad_to_multiple
from medsegedu.losses import dice_ce_loss
from medsegedu.metrics import average_surface_distance, evaluate
from medsegedu.preset import choose
from medsegedu.show import lesson_03 as figures
from medsegedu.training import Ledger, fit

# %% [markdown] id="patients-text"
# ## 1. See it: what and where
#
# Lesson 02 ended with a surprise: a classifier that sees 25 pixels drew the tissues better than an FCN that sees the
# whole head. It answers at every pixel, the FCN at every eighth. Seeing far and drawing finely seem to exclude each
# other. Do they?
#
# Our patients are the virtual ones: three contrasts, pixels of 2 mm, and a label that is true by construction.

# %% id="patients"
train = virtual_patients(24, seed=1)
validation = virtual_patients(4, seed=2)
names = validation.classes  # background, CSF, grey matter, white matter, lesion
complete = [case for case in validation if len(case.label.unique()) == len(names)]  # slices that show all five
case = max(complete, key=lambda case: int((case.label == names.index("lesion")).sum()))
show.case(case, contrasts=validation.contrasts, classes=names)

# %% [markdown] id="levels-text"
# Think of a network in **levels**. On each level there are two 3x3 convolutions; between two levels a 2x2 max-pool
# halves the map. One value on level 3 then stands for 8 x 8 pixels. But it *sees* far more than that: below the pools
# a kernel's steps are 8 pixels long. How much it sees can be counted, as in lesson 01:

# %% id="levels-count"
sees, width, step = [], 1, 1
for level in range(5):
    if level > 0:
        width, step = width + step, 2 * step  # a pool sees one step more; below it a step is twice as long
    width += 2 * 2 * step  # two 3x3 convolutions, each of which sees one step more on both sides
    sees.append(width)
Markdown("One value sees " + ", ".join(f"**{n}** pixels on level {k}" for k, n in enumerate(sees)) + ".")

# %% [markdown] id="levels-explore-text"
# Take one pixel of a structure and go down the levels. Left, the window; in the middle, what one value sees; right,
# all that is left of the slice: this many places there are at which the level can give an answer.
#
# *Two questions for each level. Middle: could you tell from this alone where in the head you are? Right: could you
# still draw the outline of the lesions? Is there a level for which both answers are yes?*

# %% id="levels"
pixels = {name: (case.label == k).nonzero() for k, name in enumerate(names) if k > 0}  # (pixels, 2)
places = {name: found[len(found) // 2].tolist() for name, found in pixels.items()}


def look(level, structure):
    row, column = places[structure]
    channel = 2 if structure == "lesion" else 0  # FLAIR shows lesions best, T1 the tissues
    return figures.level(case, row, column, stride=2**level, sees=sees[level], channel=channel)


show.explore(look, level=(0, 4, 1, 2), structure=["lesion", "grey matter", "white matter", "CSF"])

# %% [markdown] id="levels-lesson"
# There is none. The upper levels know **where**, the lower ones know **what**. An FCN decides at the bottom and
# enlarges its answer, and in lesson 02 you saw that even *perfect* answers for 8 x 8 pixels lose most lesions on the
# way. The detail is gone; the pools threw it away.
#
# But it was not thrown away at once: before the first pool it was all there. **So keep a copy of every map before it is
# pooled, and hand it to the decoder when the answer has grown back to that size.** That is the whole idea of the U-Net.
# FCN-8s had begun with it, on two levels and with nothing but scores. U-Net does it on all levels, and with all channels.

# %% [markdown] id="u-text"
# ## 2. The U
#
# Here is the network of the paper, drawn to scale by a few lines of code. Start at the upper left. Each **level** is
# two 3x3 convolutions, each followed by a ReLU (the "modified linear" function of the survey: negative values become
# 0). Then a 2x2 max-pool halves the map, and the number of channels doubles. This **contracting path** collects
# context. The **expanding path** does the reverse: an up-convolution doubles the map, and there it meets its
# **skip**, the copy from the same level.
#
# *Find three things in the drawing: (1) where 572 becomes 570, (2) why the hatched part is smaller than the map that
# it is cut out of, (3) which map is the largest block of numbers.*

# %% id="u"
figures.u()

# %% [markdown] id="u-answers"
# (1) At each convolution: the paper adds no border, so a 3x3 kernel cannot be centred on the outermost pixels. Such a
# convolution is called **valid**, and costs 1 pixel on every side. (2) Because the way through the depth has cost
# more borders than the short way across. (3) One of the maps of the first level: 64 channels of 570 x 570, twenty
# million numbers. The deep maps look heavy, but hold few pixels. Full resolution is what costs memory, and this is
# why people crop images, as the survey's conclusion complains.
#
# At the end a 1x1 convolution turns 64 channels into one score per class. The survey says that a sigmoid makes a
# probability of it; in the paper it is a softmax over two scores. With two classes that is the same: the softmax of
# (a, b) is the sigmoid of a - b.
#
# ## 3. Build it
#
# Five exercises. If you are stuck, `ex.conv_block.hint()` gives a hint, three in all. Whatever happens, the lesson
# goes on: while your answer is not right, the reference takes its place.
#
# ### Exercise 3.1 - The block (8 minutes, difficulty 1 of 3)
#
# One block is used nine times in the drawing. Ours differs from the paper's in two ways that have become usual since.
#
# - **Padding.** One row of zeros around the map (`padding=1`), so that the size stays.
# - **Batch normalisation** between each convolution and its ReLU. Over the batch, each channel is brought to mean 0
#   and deviation 1, and then scaled and shifted by two learned numbers. Training becomes faster and far less touchy.
#   And since the mean is subtracted, a constant that the convolution added just before is lost: a bias would be idle, so
#   leave it out (`bias=False`).
#
# Write a function that returns the block as an `nn.Sequential`: (convolution, normalisation, ReLU) twice. Only the first
# convolution changes the number of channels.


# %% id="conv-block"
def conv_block(in_channels, out_channels):
    """A module: (N, in_channels, H, W) -> (N, out_channels, H, W)."""
    # region solution
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),  # (N, out, H, W)
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),  # (N, out, H, W)
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )
    # endregion


# %% id="conv-block-check"
conv_block = ex.conv_block.check(conv_block)

# %% [markdown] id="conv-block-use-text"
# What does a block see that has never been trained? Its kernels are random, yet some of them happen to answer to
# edges, some to bright places. Training has to do no more than to find the useful ones and to strengthen them.

# %% id="conv-block-use"
torch.manual_seed(1)
features = conv_block(3, 8)(case.image[None]).detach()[0]  # (1, 3, H, W) -> (8, H, W)
show.gallery(
    list(features), [f"channel {k}" for k in range(8)],
    alt="Eight feature maps of an untrained block on a brain slice; some show edges, some bright tissue.",
)  # fmt: skip

# %% [markdown] id="join-text"
# ### Exercise 3.2 - Join the two paths (8 minutes, difficulty 2 of 3)
#
# The decoder's map knows *what*, the skip knows *where*. U-Net puts them side by side, as channels. In the paper's valid
# network the skip is larger, so its **centre** is cut out first. This is the deepest join of the drawing:

# %% id="join-figure"
figures.cut(skip=64, up=56)

# %% [markdown] id="join-task"
# A margin may be odd, and rows and columns may have different margins. Of an odd margin, the start loses the smaller
# half. Where nothing is left over, nothing is cut, so the same function will serve our padded network.


# %% id="join"
def crop_and_concat(up, skip):
    """up (N, C, h, w), skip (N, D, H, W) with H >= h, W >= w -> (N, D + C, h, w), the skip's channels first."""
    # region solution
    h, w = up.shape[2:]
    top = (skip.shape[2] - h) // 2
    left = (skip.shape[3] - w) // 2
    middle = skip[:, :, top : top + h, left : left + w]  # (N, D, h, w)
    return torch.cat([middle, up], dim=1)  # (N, D + C, h, w)
    # endregion


# %% id="join-check"
crop_and_concat = ex.crop_and_concat.check(crop_and_concat)

# %% [markdown] id="join-use-text"
# Why the centre? Let a whole slice be the skip, and the same slice without a border of 6 pixels be what comes up.
# Joined rightly, the two channels show the same place at the same pixel, and their difference is black. Beside it,
# the difference that the top left corner would give: every edge is seen twice, 6 pixels apart.

# %% id="join-use"
slice_ = case.image[None, :1]  # (1, 1, H, W)
inner = slice_[..., 6:-6, 6:-6]  # (1, 1, H - 12, W - 12)
joined = crop_and_concat(inner, slice_)[0]  # (2, H - 12, W - 12)
corner = slice_[0, 0, : inner.shape[2], : inner.shape[3]]  # (H - 12, W - 12)
show.gallery(
    [joined[1], (joined[0] - joined[1]).abs(), (corner - joined[1]).abs()],
    ["what comes up", "centre: difference", "corner: difference"], same_range=True,
    alt="A slice; its difference to the skip's centre is black; that to the corner shows doubled edges.",
)  # fmt: skip

# %% [markdown] id="up-text"
# ### Exercise 3.3 - One step up (12 minutes, difficulty 2 of 3)
#
# Now the step that the right half of the drawing repeats. It is a module, because it owns weights. Three things happen:
#
# 1. A 2x2 **up-convolution** with stride 2 (`nn.ConvTranspose2d`) doubles the size: each pixel becomes a square of
#   four, by learned weights. It also brings `in_channels` down to `out_channels`.
# 2. The skip, which has `out_channels` too, is joined to it.
# 3. A block makes `out_channels` of the result.
#
# *How many channels does the block read?* That is the commonest error in a first U-Net, together with sizes that do
# not match.


# %% id="up"
class UpBlock(nn.Module):
    """x (N, in_channels, h, w), skip (N, out_channels, at least 2h, at least 2w) -> (N, out_channels, 2h, 2w)."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        # region solution
        self.enlarge = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.block = conv_block(2 * out_channels, out_channels)
        # endregion

    def forward(self, x, skip):
        # region solution
        up = self.enlarge(x)  # (N, out, 2h, 2w)
        both = crop_and_concat(up, skip)  # (N, 2 out, 2h, 2w)
        return self.block(both)  # (N, out, 2h, 2w)
        # endregion


# %% id="up-check"
UpBlock = ex.up_block.check(UpBlock)

# %% [markdown] id="up-use-text"
# With two parts you can already count. The paper's network has 31 million weights. Where do they sit? *Guess: on the
# large maps at the top or on the small ones at the bottom?* (On the device "meta" a module has shapes, but no memory.)

# %% id="up-use"
widths = [64, 128, 256, 512, 1024]
with torch.device("meta"):
    down = [conv_block(a, b) for a, b in pairwise([1, *widths])]
    up = [UpBlock(b, a) for a, b in pairwise(widths)]
weights = [[sum(weight.numel() for weight in part.parameters()) for part in side] for side in (down, up)]
millions = {f"block of level {k}, {widths[k]} channels": count / 1e6 for k, count in enumerate(weights[0])}
millions |= {f"step up to level {k}, {widths[k]} channels": weights[1][k] / 1e6 for k in reversed(range(4))}
show.bars(
    millions, f"million weights, {sum(millions.values()):.1f} in all",
    alt="Bars of each part's weights: the bottom and the step above it hold most, the top almost none.",
)  # fmt: skip

# %% [markdown] id="forward-text"
# At the bottom: a level has four times as many weights as the one above it, and a quarter of its pixels. So each level
# costs about as much *computing* as the next. What differs is what fills the memory: at the top the maps, at the bottom
# the weights. (Ours is a little off the paper's 31,030,658: normalisations in, biases out.)
#
# ### Exercise 3.4 - Through the U (12 minutes, difficulty 3 of 3, the heart of the lesson)
#
# All parts are there. What is left is the order: what is stored when, and which skip goes where. You get
#
# - `encoder`, a list of blocks from the top level to the bottom, one more than there are skips;
# - `decoder`, a list of steps up, in the order of use, so the deepest comes first;
# - `head`, the 1x1 convolution that makes the scores.
#
# `F.max_pool2d(x, 2)` halves a map. Do not assume four levels: a U-Net may have any depth.


# %% id="forward"
def forward(image, encoder, decoder, head):
    """image (N, C, H, W) -> logits (N, classes, H, W); raw scores, without a softmax."""
    # region solution
    x = image
    skips = []
    for block in encoder[:-1]:
        x = block(x)
        skips.append(x)  # at the full size of its level
        x = F.max_pool2d(x, 2)  # half the size
    x = encoder[-1](x)
    for step in decoder:
        x = step(x, skips.pop())  # half the channels, twice the size; the skip stored last comes first
    return head(x)  # (N, classes, H, W)
    # endregion


# %% id="forward-check"
forward = ex.forward.check(forward)

# %% [markdown] id="assemble-text"
# Now put your four parts together. The class below adds two small things.
#
# - **Any size.** A pool needs an even map, but our slices have 117 x 99 pixels. So the image's edge is repeated until three
#   pools can halve it, and the scores are cut back: your `any_size` of lesson 02. (The paper's network works
#   otherwise: next.)
# - **Switches.** A skip that is switched off feeds zeros. No weight comes or goes, so the networks stay comparable.


# %% id="assemble"
class YourUNet(nn.Module):
    """A U-Net from your parts: (N, in_channels, H, W) -> logits (N, classes, H, W), for any H and W."""

    def __init__(self, in_channels, classes, width=16, depth=3):
        super().__init__()
        widths = [width * 2**level for level in range(depth + 1)]  # 16, 32, 64, 128
        self.encoder = nn.ModuleList(conv_block(a, b) for a, b in pairwise([in_channels, *widths]))
        self.decoder = nn.ModuleList(UpBlock(b, a) for b, a in pairwise(widths[::-1]))
        self.head = nn.Conv2d(width, classes, 1)
        self.skips = [True] * depth  # the switches, from the full resolution down
        self.apply(initialise)  # random weights of the right size, as the paper asks (He et al. 2015)

    def forward(self, image):
        x = pad_to_multiple(image, 2 ** len(self.decoder))  # (N, in_channels, a little more)
        pairs = zip(self.decoder, reversed(self.skips), strict=True)
        switched = [part if on else without_skip(part) for part, on in pairs]
        logits = forward(x, self.encoder, switched, self.head)  # (N, classes, a little more)
        return logits[..., : image.shape[2], : image.shape[3]]  # (N, classes, H, W)


def without_skip(part):
    return lambda x, skip: part(x, torch.zeros_like(skip))


torch.manual_seed(0)
unet = YourUNet(in_channels=3, classes=5)
count = sum(weight.numel() for weight in unet.parameters())
size = tuple(unet(case.image[None]).shape)
Markdown(f"Your U-Net has **{count:,} weights** and turns {tuple(case.image[None].shape)} into {size}.")

# %% [markdown] id="valid-text"
# ### Exercise 3.5 - Which sizes fit (10 minutes, difficulty 2 of 3)
#
# Before we train it, back to the paper's network without padding. Anyone who builds one meets the same error in the first
# hour: two maps of different size cannot be joined. Move the slider: for some sizes the drawing ends in a wall.
#
# *Find two neighbouring sizes that fit. How far apart are they, and why just that?*

# %% id="valid-explore"
show.explore(figures.u, size=(540, 620, 4, 576), depth=(1, 4, 1, 4))

# %% [markdown] id="valid-task"
# Write the function that follows a size through the U: `depth` times (block, pool), the bottom's block, `depth` times
# (up-convolution, block). A block takes off 4 pixels. If a pool meets an odd size, or if nothing is left in the end,
# raise a `ValueError`: better a clear word now than a strange shape later.


# %% id="valid"
def valid_size(size, depth=4):
    """Pixels along one axis of the input -> of the output; a ValueError if the size does not fit."""
    # region solution
    left_over = size
    for _ in range(depth):
        left_over -= 4
        if left_over % 2:
            raise ValueError(f"{size} does not fit: a pool would meet {left_over}.")
        left_over //= 2
    left_over -= 4  # the block at the bottom
    for _ in range(depth):
        left_over = 2 * left_over - 4
    if left_over <= 0:
        raise ValueError(f"{size} is too small: nothing would be left.")
    return left_over
    # endregion


# %% id="valid-check"
valid_size = ex.valid_size.check(valid_size)


# %% id="valid-use"
def fits(size):
    try:
        return valid_size(size) > 0
    except ValueError:
        return False


fitting = [size for size in range(1, 1200) if fits(size)]
small = ", ".join(str(size) for size in fitting if size <= 600)
display(Markdown(f"At depth 4, of the sizes up to 600 these fit: {small}."))
outputs = {size: valid_size(size) for size in (fitting[0], 252, 572, 1180)}
share = {f"{size} in, {output} out": 100 * (output / size) ** 2 for size, output in outputs.items()}
show.bars(
    share, "% of the image's pixels that get an answer", digits=2,
    alt="Bars: of the smallest image almost no pixel gets an answer, of 572 pixels under half, then more.",
)  # fmt: skip

# %% [markdown] id="valid-lesson"
# Every 16th size fits, because four pools halve four times; and 188 is the first with anything left. Even of 572 x
# 572 pixels, fewer than half get an answer. The paper made a virtue of it: large images are cut into tiles whose
# *answers* touch while their inputs overlap, and where a tile juts out of the image, the image is mirrored. Each
# pixel is then judged with all its real surroundings. Most networks of today, and ours, pad with zeros instead (inside,
# at each convolution), and accept that near the border they know a little less.

# %% [markdown] id="train-text"
# ## 4. Train it, and take it to pieces
#
# What is it trained with? The paper weights the cross-entropy of each pixel, and more so between touching cells. We
# use the pair that has become usual, `dice_ce_loss`. Its one half is the **cross-entropy**: the surprise at each
# pixel, averaged over all, so large structures count most. Its other half is one minus a soft **Dice** (with
# probabilities instead of yes and no) for each class, averaged over the classes, so a lesion of ten pixels counts as
# much as the whole white matter. One gives a steady direction, the other gives small structures a voice. Lesson 04 is
# about nothing else.
#
# The network sees patches of 32 x 32 pixels, half of them placed on a structure drawn by lot. Watch the loss, and how the
# Dice of whole validation slices rises.

# %% id="train"
history = fit(unet, train, validation, steps=choose(smoke=3, quick=300, full=4000), patch=32, loss=dice_ce_loss)
steps, scores = zip(*history.validation, strict=True)
show.curves(
    {"loss of a batch": history.loss, "validation Dice": (steps, scores)}, "step", "loss, Dice",
    alt="The loss falls quickly and then slowly, while the validation Dice rises.",
)  # fmt: skip

# %% id="first-look"
lesion = names.index("lesion")
show.compare(case, {"your U-Net": predict(unet, case.image)}, lesion, class_name="lesion", channel=2)

# %% [markdown] id="switch-text"
# The truth on the left; on the right, enlarged, what your network found, missed and made up. Now take the skips away,
# one by one, from this **trained** network.
#
# *Before you click: which of the three skips will the lesions miss most? Which will the large white matter miss most?*
# The boundary distance says how many mm the predicted outline and the true one are apart on average.


# %% id="switch"
def switch(full_resolution, half_resolution, quarter_resolution, structure):
    unet.skips = [full_resolution, half_resolution, quarter_resolution]
    answer = predict(unet, case.image)
    unet.skips = [True, True, True]
    wanted = names.index(structure)
    off = average_surface_distance(answer == wanted, case.label == wanted, case.spacing)
    contrast = 2 if structure == "lesion" else 0  # FLAIR for lesions, T1 for tissues
    missed = "nothing found" if not (answer == wanted).any() else f"boundary {off:.1f} mm off"
    return show.compare(case, {missed: answer}, wanted, class_name=structure, channel=contrast, zoom=False)


show.explore(
    switch, full_resolution=True, half_resolution=True, quarter_resolution=True,
    structure=["lesion", "grey matter", "white matter", "CSF"],
)  # fmt: skip


# %% id="switch-table"
def validation_dice(skips):
    unet.skips = skips
    result = evaluate(lambda c: predict(unet, c.image), validation).interval("dice").mean
    unet.skips = [True, True, True]
    return result


switched = {
    "all skips": [True, True, True],
    "without full resolution": [False, True, True],
    "without half": [True, False, True],
    "without quarter": [True, True, False],
    "no skips": [False, False, False],
}  # fmt: skip
show.bars(
    {name: validation_dice(skips) for name, skips in switched.items()}, "Dice, mean of structures and patients",
    alt="Bars of the validation Dice with all skips, without each of them in turn, and without any.",
)  # fmt: skip

# %% [markdown] id="switch-lesson"
# The bars average all structures; the switches above answer for each of them alone.
#
# This shows what the trained network *leans on*. It does not show what a network *needs*: one that had never had a
# skip would have learned to do without, as far as that is possible. Taking a part out of a finished network and
# building it without that part are two different experiments, and easily confused. For a claim we need the second one.
#
# ## 5. Measure it
#
# Three sentences of the survey, each with a rule that was fixed beforehand: the effect must be at least 0.02 Dice,
# and its 95 % interval must lie above zero. Grey lines are the committed seeds, each with patients of its own. In the
# first figure the star is a seed that you are measuring now, on patients nobody has looked at before.
#
# **Claim 1: the skips.** Two U-Nets, trained from scratch, one with all skips off. Both have the same number of
# weights, the same patients and the same 200 steps.

# %% id="claim-skips"
mine = claims.get("03.skips").measure(seed=10)
claims.get("03.skips").figure(mine)

# %% [markdown] id="claim-skips-text"
# Without skips everything has to pass through the bottom of the U, where one place stands for 8 x 8 pixels. Is the
# detail lost there for good? Not quite: a place has 128 channels, and they may encode what lies inside the square. But
# that code has to be learned first, and small and thin structures come last. So part of the gap is slowness. How much?
# Try it: `bare = YourUNet(3, 5)`, `bare.skips = [False] * 3`, and `fit` it for as long as you have patience. (Ours
# narrowed the gap with six times as many steps, but was still far behind.)
#
# **Claim 2: the depth.** The survey says that the contracting path is there "to obtain context information". A U-Net
# of depth 1 sees a window of 18 pixels, 36 mm; one of depth 3 sees 100 pixels, the whole head: 68 on the way down, as counted in
# section 1, and the rest in the blocks on the way up. *Think before you run:
# what in these images cannot be told from 36 mm?* (To save your time, this figure and the next show the committed seeds only;
# `mine = claims.get("03.depth").measure(seed=10)` and `.figure(mine)` add a star of your own in half a minute.)

# %% id="claim-depth"
claims.get("03.depth").figure()

# %% [markdown] id="claim-depth-text"
# Whatever the verdict says, read it as a sentence about *these images*. A virtual patient's tissues differ in
# brightness, and lesions lie bright in white matter: both can be seen from nearby. So here depth has little left to
# win, although the deep network has nineteen times as many weights. (One fair objection: both learned from patches of
# 64 pixels, which do not show the deep one all that it could see. With patches of 96 the gap was a little larger in
# two trials, 0.01 and 0.03.) And it is no law. In the reality check comes a task where two structures look exactly
# alike and only the place tells them apart; measure depth again there.
#
# **Claim 3: the resolution.** Lesions are the survey's "small targets": they need "more high-resolution information". One
# U-Net gets the images as they are. The other gets them at half the resolution (4 mm pixels), and its scores are enlarged
# afterwards. Both are judged at full resolution.

# %% id="claim-resolution"
claims.get("03.resolution").figure()

# %% [markdown] id="claim-resolution-text"
# Halving the resolution makes everything four times cheaper, and it is done every day to fit large volumes onto a
# graphics card. In the first curve of lesson 02, perfect answers for 2 x 2 pixels kept most of the lesions' Dice.
# Compare: how much of the loss here comes from answering coarsely, and how much from *seeing* coarsely?

# %% [markdown] id="real-text"
# ## 6. Reality check
#
# Real people: the **hippocampus** of lesson 02, in slices of 1 mm pixels along its length. Its front part (anterior) and
# its back part (posterior) are the same tissue and equally bright; where one ends and the other begins is a matter of
# place. The two sides of one person stay together in the split: 60 % of the people train, 30 % are held out, and the
# rest is not used.
#
# *A U-Net of depth 1 sees 18 mm here. What do you expect of it? And of a U-Net without skips?*

# %% id="real-data"
try:
    real = hippocampus(dims=2, slices=choose(smoke=2, quick=6, full=6))
    real_train, _, real_test = real.split((0.6, 0.1, 0.3), seed=0)
    counts = f"{len(real_train.patients)} people train, {len(real_test.patients)} are held out."
    sentence = f"{real}. {counts} {real.citation}"
except NotHere as reason:
    real = None
    sentence = f"**Skipped: the real patients are not here.** {reason} The rest of this section stays empty."
Markdown(sentence)

# %% id="real-train"
arms = {"your U-Net, depth 3": (3, True), "depth 3, no skips": (3, False), "depth 1, with its skip": (1, True)}
nets, results = {}, {}
if real:
    for name, (depth, skip) in arms.items():
        torch.manual_seed(0)
        nets[name] = YourUNet(1, 3, depth=depth)
        nets[name].skips = [skip] * depth
        fit(nets[name], real_train, steps=choose(smoke=3, quick=200, full=4000), patch=32, progress=False)
        results[name] = evaluate(lambda c, net=nets[name]: predict(net, c.image), real_test)

# %% id="real-result"
rows = [
    (f"{name}: {part.split()[0]}", interval.mean, interval.low, interval.high)
    for name, result in results.items()
    for part in result.classes
    for interval in [result.interval("dice", part)]
]
show.intervals(
    rows, "Dice of held-out people, mean and 95 % interval",
    alt="Dice with intervals of both parts of the hippocampus: the U-Net, without skips, and at depth 1.",
) if real else Markdown("Skipped: no real patients.")  # fmt: skip

# %% [markdown] id="real-look-text"
# A mean hides people. Here are the held-out person with the best, the median and the worst Dice of your U-Net, each
# in the slice with most hippocampus. *Look at the worst: has the network lost the place, the outline, or the border
# between front and back?*

# %% id="real-look"
if real:
    per_person = results["your U-Net, depth 3"].of("dice")
    order = per_person.argsort()[::-1]
    chosen = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    slices, titles = [], []
    for name, k in chosen.items():
        person = [c for c in real_test if c.patient == real_test.patients[k]]
        slices.append(max(person, key=lambda c: int((c.label > 0).sum())))
        titles.append(f"{name}: Dice {per_person[k]:.2f}")
    found = [predict(nets["your U-Net, depth 3"], c.image) for c in slices]
    picture = figures.people(slices, found, titles, real.classes)
picture if real else Markdown("Skipped: no real patients.")

# %% [markdown] id="real-lesson"
# Do the two claims about skips and depth come out as they did on virtual patients? If depth mattered little there and
# matters here, both are true: context helps exactly as far as the answer depends on it. And the skips: without them the
# network fell far behind on virtual patients; on the hippocampus, one smooth and compact structure, the gap was far
# smaller in our run. Skips help as far as the answer depends on fine detail. (This was one training run of
# each network. The intervals tell how far *people* differ, not how far another run would.)
#
# ## 7. The ledger
#
# Your U-Net on the course's held-out patients, in the same row as every method before and after it.

# %% id="ledger"
ledger = Ledger()
on_ruler = ledger.measure("03", "U-Net", unet, seconds=history.seconds)
ledger

# %% [markdown] id="quiz-1"
# ## 8. Quiz
#
# **1. Why is the centre of the skip cut out, and not a corner?**
#
# <details><summary>(a) The corners of a feature map are noisier.</summary>
# No. Noise is the same everywhere; what matters is which place in the image a value belongs to.
# </details>
#
# <details><summary>(b) Every valid convolution takes the same margin off each side.</summary>
# Yes. So pixel (0, 0) of the decoder's map lies over pixel (4, 4) of the deepest skip, and cutting 4 on every side
# brings them together again.
# </details>
#
# <details><summary>(c) It makes no difference: the network learns around it.</summary>
# Partly: it can learn to shift by a few pixels if its kernels reach that far. But it pays with weights, and at the
# top level of the paper's network the shift would be 88 pixels, far beyond two 3x3 kernels.
# </details>

# %% [markdown] id="quiz-2"
# **2. You switch off the full-resolution skip of a trained U-Net and its Dice falls from 0.93 to 0.40. What have you shown?**
#
# <details><summary>(a) That a U-Net without this skip reaches 0.40.</summary>
# No. A network that is trained without it would use its other parts differently. You have not trained one.
# </details>
#
# <details><summary>(b) That this network relies on this skip.</summary>
# Yes, and no more than that. For "a U-Net needs it" you must train a second one without it, as claim 1 does.
# </details>
#
# <details><summary>(c) That the other skips are useless.</summary>
# No. You have not switched them off. One of them may matter as much or hardly at all; each needs a test of its own, as in
# the bars above.
# </details>

# %% [markdown] id="quiz-3"
# **3. A paper's valid U-Net of depth 4 shall segment images of 512 x 512 completely. What do you do?**
#
# <details><summary>(a) Feed the 512 x 512 pixels; the network is fully convolutional and takes any size.</summary>
# It does not: 512 - 4 = 508, 254 - 4 = 250, 125 - 4 = 121, and the third pool meets an odd map. And where a size
# fits, 184 pixels along each axis get no answer.
# </details>
#
# <details><summary>(b) Enlarge the images to 572 x 572 by interpolation.</summary>
# Then the sizes fit, but the answer covers 388 x 388 of them: the border of every image is lost. And the structures
# are larger than those that were learned.
# </details>
#
# <details><summary>(c) Mirror the border until the output is at least 512, here 700 in and 516 out, and cut the output.</summary>
# Yes. That is the paper's way; 700 is the first size that fits and leaves 512 or more. Larger images are done in tiles.
# </details>

# %% [markdown] id="quiz-4"
# **4. Your colleague adds the skip to the decoder's map instead of joining the channels. What changes?**
#
# <details><summary>(a) Nothing but the names: both carry the same information.</summary>
# A sum of two numbers no longer tells which was which. Joined, the next convolution can weigh each channel of each path
# by itself, and addition is one of the things that it can learn.
# </details>
#
# <details><summary>(b) The next block has fewer weights, and cannot tell the paths apart.</summary>
# Yes. It is a fair trade, made by FCN, V-Net and many light networks; it needs equal channels on both sides.
# </details>
#
# <details><summary>(c) The gradient no longer reaches the encoder.</summary>
# It does: a sum passes its gradient on to both terms unchanged.
# </details>

# %% [markdown] id="quiz-5"
# **5. In your own project a U-Net of depth 3 gains next to nothing over one of depth 1. What do you conclude?**
#
# <details><summary>(a) Deep U-Nets are a waste of weights.</summary>
# Too far. In your images the nearest surroundings told nearly everything; where place decides, as between the two
# parts of the hippocampus, they do not.
# </details>
#
# <details><summary>(b) The survey is wrong about context.</summary>
# Too far as well. It says what the contracting path is for, not that every task needs it. You measured one kind of image.
# </details>
#
# <details><summary>(c) How much context pays depends on the task, so measure it on yours.</summary>
# Yes. Train one shallow network beside your deep one, as here. If they are equal, take the one with a twentieth
# of the weights.
# </details>

# %% [markdown] id="reading"
# ## 9. What to read
#
# - O. Ronneberger, P. Fischer, T. Brox, *U-Net: Convolutional Networks for Biomedical Image Segmentation*, MICCAI
#   2015, [arXiv:1505.04597](https://arxiv.org/abs/1505.04597). Eight pages; look for the overlapping tiles and for
#   the weights between touching cells.
# - M. Drozdzal et al., *The Importance of Skip Connections in Biomedical Image Segmentation*, 2016,
#   [arXiv:1608.04117](https://arxiv.org/abs/1608.04117). Claim 1, asked with care: long and short skips, and who
#   learns how fast.
# - A. Odena, V. Dumoulin, C. Olah, *Deconvolution and Checkerboard Artifacts*, Distill 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003). What an up-convolution does when its kernel
#   and its stride do not match.
# - W. Luo et al., *Understanding the Effective Receptive Field in Deep Convolutional Neural Networks*, NIPS 2016,
#   [arXiv:1701.04128](https://arxiv.org/abs/1701.04128). Why "sees 100 pixels" promises more than it keeps: the
#   middle counts most.
# - F. Isensee et al., *nnU-Net*, Nature Methods 2021,
#   [doi:10.1038/s41592-020-01008-z](https://doi.org/10.1038/s41592-020-01008-z). How far a plain U-Net goes if
#   everything around it is done well.
#
# Everything here was flat; in lesson 07 the same U gets a third dimension by changing a single argument.
