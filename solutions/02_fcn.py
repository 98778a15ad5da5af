# /// lesson
# title = "Fully convolutional networks: the whole image in one pass"
# minutes = 80
# prerequisites = ["01_sliding_window"]
# objectives = [
#     "Turn a patch classifier into a network for whole images without training it again",
#     "Say how many times faster that is, and where the time goes",
#     "Enlarge coarse scores with a deconvolution, and say what no enlargement brings back",
#     "Build FCN-32s, 16s and 8s, and measure what each skip adds",
# ]
# survey = "2.1"
# budget = { seconds = 60, memory_gb = 1.5 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# The sliding window of lesson 01 was right and slow. It asked its classifier about every single pixel, and two
# neighbours, whose patches are almost the same, shared nothing. In 2015 Jonathan Long, Evan Shelhamer and Trevor
# Darrell showed that hardly anything has to change: **a fully connected layer is a convolution that happens to fit
# only once.** Let it fit more often, and the classifier reads the whole image in one pass. They called it a *fully
# convolutional network*, FCN, and almost every network of this course is one.
#
# You will do it in three steps. First the same answers, but faster: to the last digit that a computer keeps. Then a
# network that is bold enough to answer coarsely and to enlarge its answer. And then the trick that repairs what the
# enlarging blurs: the skip.

# %% id="imports"
import copy
import time

import torch
import torch.nn.functional as F
from IPython.display import Markdown
from torch import nn

from medsegedu import claims, show
from medsegedu.data import CentrePatchSampler, NotHere, hippocampus, virtual_patients
from medsegedu.exercises import lesson_02 as ex
from medsegedu.inference import predict
from medsegedu.metrics import dice, evaluate
from medsegedu.models import FCN, PatchClassifier
from medsegedu.preset import choose
from medsegedu.show import lesson_02 as figures
from medsegedu.training import Ledger, count_flops, fit

# %% [markdown] id="see-text"
# ## 1. See it: what is lost between coarse and fine
#
# Three words from before: a **logit** is a network's raw score for a class, the **seed** fixes the random numbers, and
# the **ruler** is the course's held-out set of virtual patients, the same for every method.
#
# A classifier shrinks what it sees: each **pool** keeps one value of four. After five of them one answer stands for
# 32 x 32 pixels. That number, pixels per answer along an axis, is called the **stride** of the network. To colour every
# pixel, the answers must be enlarged by the stride.
#
# So here is a question before any network: if all coarse answers were *perfect*, how good could the picture become?
# We take the true labels of a virtual patient, average them over squares ("40 % grey matter, 60 % white"), enlarge
# those shares smoothly, and give each pixel the class with the largest share.
#
# *Before you move the slider: our pixels are 2 mm wide, the cortex (the grey ribbon) is about 3 mm thick, and lesions
# measure 4 to 16 mm. At which stride will the ribbon break? When is the last lesion gone?*

# %% id="patients"
train = virtual_patients(24, seed=1)
validation = virtual_patients(4, seed=2)
names = validation.classes  # background, CSF, grey matter, white matter, lesion
busiest = max(range(len(validation)), key=lambda k: int((validation[k].label == 4).sum()))  # most lesion pixels


# %% id="coarse"
def draw_coarsely(label, stride):
    """Perfect answers for squares of `stride` pixels, enlarged again: (H, W) -> (h, w) and (H, W)."""
    height, width = label.shape
    shares = F.one_hot(label, 5).permute(2, 0, 1)[None].float()  # (1, 5, H, W), 0 or 1
    small = F.avg_pool2d(shares, stride, ceil_mode=True)  # (1, 5, h, w), between 0 and 1
    large = F.interpolate(small, scale_factor=stride, mode="bilinear")  # (1, 5, h * stride, w * stride)
    return small[0].argmax(0), large[0, :, :height, :width].argmax(0)


def explore_stride(halvings, slice_number):
    case, stride = validation[slice_number], 2**halvings
    small, large = draw_coarsely(case.label, stride)
    scores = {name: dice(large == k, case.label == k) for k, name in enumerate(names) if k and (case.label == k).any()}
    shown = {"tissue": sum(scores[name] for name in names[1:4]) / 3}
    if "lesion" in scores:
        shown["lesion"] = scores["lesion"]
    return figures.coarse(case, small, large, stride, shown, classes=names)


show.explore(explore_stride, halvings=(0, 5, 1, 3), slice_number=(0, len(validation) - 1, 1, busiest))

# %% [markdown] id="curve-text"
# Over all slices of four patients:

# %% id="curve"
strides = [1, 2, 4, 8, 16, 32]
perfect = {s: evaluate(lambda case, s=s: draw_coarsely(case.label, s)[1], validation) for s in strides}
figures.by_stride(strides, {name: [perfect[s].interval("dice", name).mean for s in strides] for name in names[1:]})

# %% [markdown] id="curve-lesson"
# There is the answer: the ribbon frays from stride 4 on (8 mm a square) and has lost about half of its Dice at 16; the
# fluid, CSF, in thinner gaps, goes first. At stride 8 the lesions are almost gone, at 32 the brain is a blob. Nobody made
# a mistake: smooth enlarging of averages is all that happened. The survey puts it like this: "If the feature image is
# expanded 8 times, 16 times and 32 times, the details in the image will be ignored and the result will be fuzzy."
#
# Be careful, though. This is **not** the limit for every network of that stride. A network may learn to push its
# scores up and down so that the border between two of them falls in the right place, and to enlarge with other
# weights. How far that goes we measure in section 5. Keep your numbers in mind.

# %% [markdown] id="classifier-text"
# ## 2. A layer that fits once
#
# Here is the classifier of lesson 01 again: it reads a patch of 25 x 25 pixels and says what its **centre** pixel
# is. We train it for a few seconds, on patches of all classes equally often.

# %% id="classifier"
torch.manual_seed(0)
classifier = PatchClassifier(3, 5, width=8, patch=25)
steps = choose(smoke=3, quick=200, full=4000)
learned = fit(classifier, CentrePatchSampler(train, 25, 128), steps=steps, loss=F.cross_entropy, progress=False)
classifier = classifier.cpu().eval()
classifier

# %% [markdown] id="sizes-text"
# Follow a patch through it, along one axis: 25 pixels, a 4x4 convolution leaves 22, a pool 11, a convolution 8, a
# pool **4**. So the first linear layer, called `hidden`, reads a map of 8 channels x 4 x 4 = 128 numbers, laid out
# in one long row. It multiplies each number with a weight of its own and adds up. But that is just what a
# convolution does with a 4 x 4 kernel, at the one place where the kernel fits on a 4 x 4 map:

# %% id="fits"
figures.fits()

# %% [markdown] id="fits-lesson"
# On the left the two are the same sum. The difference shows on the right: a linear layer would refuse a 6 x 9 map,
# because it expects 16 numbers a channel and not 54. A convolution does not care. It fits at 3 x 6 places, and
# gives the answer of the linear layer **at each of them**.
#
# ### Exercise 2.1 - A layer that fits once (10 minutes, difficulty 2 of 3)
#
# Write the conversion. `linear.weight` has the shape (outputs, inputs), and its inputs were flattened from a map
# (channels, height, width): channel by channel, and within a channel row by row. No training: the numbers are only
# copied, under another shape. What you need from torch:
#
# - `nn.Conv2d(..., kernel_size=(height, width))` makes a kernel that need not be square.
# - `layer.weight.copy_(numbers)` writes into a weight. torch records what happens to weights, and refuses this unless you
#   do it inside `with torch.no_grad():`. A copy, please: the two layers must not share their memory.
# - A linear layer may have no bias. Then `linear.bias` is `None`, and the convolution gets `bias=False`.
# - The numbers keep their type: `dtype=linear.weight.dtype`, so a float64 layer becomes a float64 convolution.
#
# Return the `nn.Conv2d` itself: two cells further down we change its `dilation`.


# %% id="linear-to-conv"
def linear_to_conv(linear, channels, height, width):
    """linear: reads a flattened map (channels, height, width) -> an nn.Conv2d with its weights and bias."""
    # region solution
    has_bias, kind = linear.bias is not None, linear.weight.dtype
    layer = nn.Conv2d(channels, linear.out_features, kernel_size=(height, width), bias=has_bias, dtype=kind)
    with torch.no_grad():
        layer.weight.copy_(linear.weight.reshape(linear.out_features, channels, height, width))  # (out, C, h, w)
        if linear.bias is not None:
            layer.bias.copy_(linear.bias)
    return layer
    # endregion


linear_to_conv = ex.linear_to_conv.check(linear_to_conv)

# %% [markdown] id="converted-text"
# Use it on both linear layers. The second one, `output`, reads the 64 numbers that the first one made: a map of 64
# channels with 1 x 1 pixel. Then we let the whole thing loose on an image, mirrored at its borders as in lesson 01.

# %% id="converted"
margin = 25 // 2  # the patch around a corner pixel reaches 12 pixels beyond the image
case = validation[busiest]
mirrored = F.pad(case.image[None], (margin,) * 4, mode="reflect")  # (1, 3, H + 24, W + 24)

converted = nn.Sequential(
    *classifier.features,  # convolutions, ReLUs and pools, as they are
    linear_to_conv(classifier.hidden, 8, 4, 4),
    nn.ReLU(),
    linear_to_conv(classifier.output, 64, 1, 1),
)
with torch.inference_mode():
    sparse = converted(mirrored)[0]  # (5, h, w)
f"{tuple(case.label.shape)} pixels, answers for {tuple(sparse.shape[1:])} places"

# %% [markdown] id="which-text"
# A map of answers, at once. But not one for each pixel: a quarter as many rows, a quarter as many columns. *Which
# pixels are they for? Think of the two pools, each of which keeps every second value.*
#
# To find out, we need the truth: the sliding window itself, pixel by pixel.


# %% id="sliding-window"
@torch.inference_mode()
def sliding_window(image):
    """The classifier's logits for the patch around every pixel: (3, H, W) -> (5, H, W)."""
    padded = F.pad(image[None], (margin,) * 4, mode="reflect")[0]  # (3, H + 24, W + 24)
    patches = padded.unfold(1, 25, 1).unfold(2, 25, 1)  # (3, H, W, 25, 25): a view, nothing is copied yet
    rows = [classifier(patches[:, i].transpose(0, 1)) for i in range(patches.shape[1])]  # H times (W, 5)
    return torch.stack(rows).permute(2, 0, 1)  # (5, H, W)


start = time.perf_counter()
by_window = sliding_window(case.image)
seconds_window = time.perf_counter() - start
gap = (sparse - by_window[:, ::4, ::4]).abs().max()
Markdown(
    f"Every 4th pixel of every 4th row: the largest difference between the two is **{gap:.1e}**, of logits "
    f"that run from {by_window.min():.0f} to {by_window.max():.0f}."
)

# %% [markdown] id="every-pixel-text"
# The converted classifier *is* the sliding window, asked at every fourth pixel. What is left of a difference comes
# from adding the same numbers in another order: a computer keeps about seven digits.
#
# Now for the other fifteen of sixteen pixels. The pools throw them away: a pool of stride 2 starts at the pixels 0,
# 2, 4... and never at 1, 3, 5. So let it start everywhere: **stride 1**. It still takes the maximum of 2 x 2
# values, but keeps all positions.
#
# One thing breaks. After the pool, the values that used to be neighbours (starting at pixel 0 and at pixel 2) are
# now two places apart; in between stands one that belongs to another window. The next layer must step over it. Such
# a kernel with gaps is called **dilated**: with dilation 2 its entries lie 2 apart. (French speakers call it *à
# trous*, with holes.)
#
# ### Exercise 2.2 - Keep every value (8 minutes, difficulty 2 of 3)
#
# Given the strides of all layers, first to last, which dilation does each layer need once all strides are set to 1?
# A convolution has stride 1 from the start. Draw three layers on paper before you type.


# %% id="dilations"
def dilations(strides):
    """Strides of the layers, e.g. [1, 2, 1] -> the dilation of each layer once all strides are 1: [1, 1, 2]."""
    # region solution
    result = []
    apart = 1  # how far apart former neighbours lie
    for stride in strides:
        result.append(apart)
        apart *= stride
    return result
    # endregion


dilations = ex.dilations.check(dilations)


# %% id="dense"
def stride_of(layer):
    return 2 if isinstance(layer, nn.MaxPool2d) else 1


layers = [copy.deepcopy(layer) for layer in converted if not isinstance(layer, nn.ReLU)]
for layer, dilation in zip(layers, dilations([stride_of(layer) for layer in layers]), strict=True):
    if isinstance(layer, nn.MaxPool2d):
        layer.stride, layer.dilation = 1, dilation
    else:
        layer.dilation = (dilation, dilation)
first, pool1, second, pool2, hidden, output = layers
dense = nn.Sequential(first, nn.ReLU(), pool1, second, nn.ReLU(), pool2, hidden, nn.ReLU(), output)

with torch.inference_mode():
    dense(mirrored)  # the first call prepares things, so it does not count
    start = time.perf_counter()
    at_once = dense(mirrored)[0]  # (5, H, W)
    seconds_dense = time.perf_counter() - start
gap = (at_once - by_window).abs().max()

window_work = count_flops(classifier, case.image[None, :, :25, :25]) * case.label.numel()
dense_work = count_flops(dense, mirrored)
Markdown(f"""
| all {case.label.numel():,} pixels of one slice | sliding window | one pass | ratio |
|---|---|---|---|
| seconds, here and now | {seconds_window:.3f} | {seconds_dense:.4f} | {seconds_window / seconds_dense:.0f} |
| operations, counted (in billions) | {window_work / 1e9:.2f} | {dense_work / 1e9:.2f} | {window_work / dense_work:.0f} |

Largest difference of any logit at any pixel: **{gap:.1e}**.
""")

# %% [markdown] id="ratio-lesson"
# Same network, same answers at every pixel, a fraction of the work. The counted ratio depends on the network alone:
# with larger patches neighbours share more, and it grows. The measured ratio depends on your
# machine as well, because an operation is not always equally quick: cutting out and copying thousands of patches
# takes time that nobody counts, and so do kernels with gaps. Expect anything from twenty to a hundred and more.

# %% id="answers"
drawn = {
    "one pass, pools of stride 2": (sparse.argmax(0), 4),
    "one pass, stride 1 and dilation": (at_once.argmax(0), 1),
}
figures.answers(case, drawn, classes=names)

# %% [markdown] id="claim-faster-text"
# **The claim.** The survey says that in the sliding window "many calculations were repeated, which was
# inefficient", and that FCN "replaced the traditional sliding window method". Our rule, fixed beforehand: the same
# logits, and at least 5 times faster. Grey are committed measurements with other weights and other slices, on whole
# slices of 117 x 99 pixels; the star is your machine, now.

# %% id="claim-faster"
mine = claims.get("02.same_faster").measure(seed=10)
claims.get("02.same_faster").figure(mine)

# %% [markdown] id="fcn-text"
# ## 3. Coarse, but far-sighted
#
# If one pass with dilation gives every pixel, why does anybody still shrink? Because of what a pixel can *see*. Our
# classifier sees 25 pixels, 5 cm. To look across a whole head with full-size maps, a network must drag many
# channels of many pixels through all its layers. Pools make the deep maps small and cheap, and each halving doubles
# how far the next kernel reaches.
#
# So the FCN keeps its pools, five of them, and makes the best of coarse answers:
#
# | for an image of 96 x 96 | size | channels here | sees (pixels) |
# |---|---|---|---|
# | after pool 3 | 12 x 12 | 32 | 36 |
# | after pool 4 | 6 x 6 | 64 | 76 |
# | after pool 5 | 3 x 3 | 64 | 156 |
# | after the layers that were fully connected | 3 x 3 | 64 | 220 |
# | **scores**, by a 1x1 convolution | 3 x 3 | 5, one a class | 220 |
# | enlarged 32 times | 96 x 96 | 5 | |
#
# The enlarging is a layer of its own, the **deconvolution** (better: transposed convolution). A convolution reads a
# window and writes one value. A deconvolution reads one value and writes a window: it multiplies its kernel with
# the value and *adds* the result to the output, then moves on by its stride. Where windows overlap, they add up.
# Which kernel should it start with? One that interpolates: a tent.
#
# ### Exercise 2.3 - A tent for every score (12 minutes, difficulty 3 of 3)
#
# Write the weights of a deconvolution of stride `factor` that interpolates bilinearly. Along one axis:
#
# - the tent is highest in the middle and falls by 1 over `factor` pixels;
# - it has `2 * factor` values if `factor` is even, and one less if it is odd: an odd tent stands on a pixel, an
#   even one between two. For factor 2: .25 .75 .75 .25, for factor 3: 1/3 2/3 1 2/3 1/3;
# - in 2D, multiply a column by a row.
#
# torch wants a kernel for every pair of channels. A score of white matter must enlarge to a score of white matter
# and to nothing else.


# %% id="bilinear-kernel"
def bilinear_kernel(channels, factor):
    """Weights (channels, channels, size, size) for nn.ConvTranspose2d(..., stride=factor)."""
    # region solution
    size = 2 * factor - factor % 2
    middle = (size - 1) / 2
    tent = 1 - abs(torch.arange(size) - middle) / factor  # (size,)
    weights = torch.zeros(channels, channels, size, size)
    for channel in range(channels):
        weights[channel, channel] = tent[:, None] * tent  # (size, size)
    return weights
    # endregion


bilinear_kernel = ex.bilinear_kernel.check(bilinear_kernel)

# %% [markdown] id="tents-text"
# Left your kernel, right what it does to a row of five scores. *Before you move the slider: where does the sum run
# straight, where does it bend? And what happens at both ends, where a neighbour is missing?*


# %% id="tents"
def explore_tents(factor):
    return figures.tents(bilinear_kernel(1, factor), [1.0, 3.0, 2.0, -1.0, 2.0], factor)


show.explore(explore_tents, factor=(2, 8, 1, 2))

# %% [markdown] id="tents-lesson"
# The sum runs straight from score to score: that is what "linear" means. At odd factors it bends exactly on a score. At
# even ones a score lies between two pixels, so the corner is cut: two small bends, one on either side. It fades at both
# ends, because nobody adds from outside. And however large the factor, it turns only where a score is. Five scores make
# five corners: smooth is not the same as detailed.
#
# This is only how the deconvolution *starts*. Its weights are trained like all others.
#
# ## 4. Skips: ask the shallow stages too
#
# The answers of the last stage are coarse, but the map after pool 4 is twice as fine, and the one after pool 3 four
# times. They see less far (36 and 76 pixels, not 220), so on their own they could not tell apart what looks alike from
# nearby. But they know *where*. How much that is worth depends on the task, and section 5 has a surprise about it. FCN
# does not choose: it asks them, with a 1x1 convolution each, for scores of their own, and **adds** them to the enlarged
# deep ones:
#
# - **FCN-32s**: the deep scores, enlarged 32 times.
# - **FCN-16s**: deep scores enlarged 2 times + scores after pool 4, then enlarged 16 times.
# - **FCN-8s**: that, enlarged 2 times + scores after pool 3, then enlarged 8 times.
#
# A way round the deep stages like this is called a **skip**. We train all three alike: the same patches, the same
# 200 steps.

# %% id="train-fcn"
fcn, history = {}, {}
for stride in (32, 16, 8):
    torch.manual_seed(10)
    fcn[stride] = FCN(3, 5, stride=stride, width=8, hidden=64)
    steps = choose(smoke=3, quick=200, full=3000)
    history[stride] = fit(fcn[stride], train, steps=steps, batch=8, patch=64, seed=10, progress=False)
    fcn[stride] = fcn[stride].cpu().eval()
smooth = {
    f"FCN-{s}s": torch.tensor(history[s].loss).unfold(0, min(10, steps), 1).mean(1) for s in fcn
}  # mean of 10 steps
show.curves(
    smooth, "step", "loss (mean of 10 steps)", alt="The training loss falls lowest for FCN-8s and least for FCN-32s."
)

# %% [markdown] id="fuse-text"
# ### Exercise 2.4 - Two opinions, one sum (8 minutes, difficulty 2 of 3)
#
# The heart of the FCN: enlarge the deep scores two times, with a deconvolution whose kernel you are given, and add
# the shallow ones. `F.conv_transpose2d(deep, kernel, stride=2, ...)` is the deconvolution as a function. A 4x4 kernel
# with stride 2 writes one pixel beyond the border on every side: `padding=1` takes these away.
#
# One trap, for networks whose pools round *up*, as those of the authors did: out of 7 rows such a pool makes 4, and
# enlarged they are 8. The row that is too many is the last one; cut it off, so that your function serves such networks
# too. (torch's pools round down unless told otherwise, and our images will be padded in exercise 2.5, so here the sizes
# will meet.) And let gradients pass to both stages: they are to be trained through your sum.


# %% id="fuse-scores"
def fuse_scores(deep, shallow, kernel):
    """deep (N, K, h, w), shallow (N, K, H, W) with H = 2h or 2h - 1, kernel (K, K, 4, 4) -> (N, K, H, W)."""
    # region solution
    enlarged = F.conv_transpose2d(deep, kernel, stride=2, padding=1)  # (N, K, 2h, 2w)
    rows, columns = shallow.shape[-2:]
    return enlarged[:, :, :rows, :columns] + shallow  # (N, K, H, W)
    # endregion


fuse_scores = ex.fuse_scores.check(fuse_scores)

# %% [markdown] id="parts-text"
# Now take the trained FCN-8s apart, and put it together again with *your* function. Here is what each stage says
# about white matter (bright: "yes", dark: "no") for a piece of 96 x 96 pixels.


# %% id="parts"
def scores_by_stage(network, image):
    """The scores after the last stage, after pool 4 and after pool 3; the image's size is a multiple of 32."""
    pools = []
    for stage in network.stages:
        image = stage(image)  # half the size
        pools.append(image)
    deep = network.score(network.classifier(image))  # (N, 5, H / 32, W / 32)
    return deep, network.pool_scores[0](pools[3]), network.pool_scores[1](pools[2])  # ... / 16, ... / 8


def your_fcn_8s(image):
    deep, middle, fine = scores_by_stage(fcn[8], image)
    sum16 = fuse_scores(deep, middle, fcn[8].doublings[0].weight)  # (N, 5, H / 16, W / 16)
    sum8 = fuse_scores(sum16, fine, fcn[8].doublings[1].weight)  # (N, 5, H / 8, W / 8)
    return fcn[8].enlarge(sum8)  # (N, 5, H, W)


piece = case.image[None, :, 10:106, 1:97]  # (1, 3, 96, 96)
with torch.inference_mode():
    deep, middle, fine = scores_by_stage(fcn[8], piece)
    sum16 = fuse_scores(deep, middle, fcn[8].doublings[0].weight)
    sum8 = fuse_scores(sum16, fine, fcn[8].doublings[1].weight)
    whole = your_fcn_8s(piece)
white = names.index("white matter")
show.gallery(
    [piece[0, 0], deep[0, white], middle[0, white], sum16[0, white], fine[0, white], sum8[0, white], whole[0, white],
     (case.label[10:106, 1:97] == white).float()],
    ["T1", "deep, 3 x 3", "+ pool 4, 6 x 6", "= sum, 6 x 6", "+ pool 3, 12 x 12", "= sum, 12 x 12", "enlarged 8 times", "truth"],
    alt="Scores of white matter, stage by stage: three by three coarse squares, then finer ones are added twice, and the last "
    "sum is enlarged smoothly to the size of the image.",
)  # fmt: skip

# %% [markdown] id="any-size-text"
# Each map is drawn in its own range of greys, so compare patterns and not brightness. On their own the deep scores hardly
# look like a brain: they need not. Only the **sum** is ever trained to be right, so each stage learns to say what the
# others leave open. *In which of the steps does the gap between the two halves of the brain appear?* Do not look for it
# in the deep scores: the gap is 2 or 3 pixels wide, and one of their squares is 32. Squares of 16 cannot draw it either.
# If it shows at all, then where pool 3 (squares of 8) has been added, as a dent.
#
# ### Exercise 2.5 - Any size (8 minutes, difficulty 2 of 3)
#
# `your_fcn_8s` works for 96 x 96 pixels. Our slices have 117 x 99. The survey praises FCN because it "has no
# limitation on the image size", and it is right that no layer asks for a size. But five pools halve five times, and
# ours round down: 117 rows become 58, 29, 14, 7 and 3. On the way up, 3 rows become 6, and pool 4 has 7 to add. No
# cutting helps against a row that is missing, so the image must be a multiple of 32 before it goes in.
#
# Make any network that wants multiples of `multiple` take any image: add what is lacking **at the end** of each axis by
# repeating the last row or column, run the network, and cut the logits back. The network is the caller's: leave it in the
# mode (`train` or `eval`) in which it came, and let gradients pass.


# %% id="any-size"
def any_size(network, image, multiple):
    """network: (N, C, multiples) -> (N, K, the same); image (N, C, H, W) of any size -> logits (N, K, H, W)."""
    # region solution
    rows, columns = image.shape[-2:]
    below, beside = -rows % multiple, -columns % multiple
    larger = F.pad(image, [0, beside, 0, below], mode="replicate")  # (N, C, rows + below, columns + beside)
    return network(larger)[:, :, :rows, :columns]  # (N, K, H, W)
    # endregion


any_size = ex.any_size.check(any_size)

# %% id="assembled"
with torch.inference_mode():
    yours = any_size(your_fcn_8s, case.image[None], 32)
    library = fcn[8](case.image[None])
Markdown(
    f"{tuple(case.label.shape)} pixels in, {tuple(yours.shape[2:])} answers out. Your FCN-8s and the library's differ "
    f"by at most **{(yours - library).abs().max():.1e}**."
)

# %% [markdown] id="compare-text"
# All three networks on slices that they have never seen. Walk through the slices, and through the structures.
#
# *Look at the edges: which network draws round blobs, which one follows the folds? Which one finds small things, and at
# what price?* (Our answer is below the figure.)


# %% id="compare"
def explore_networks(slice_number, structure):
    chosen = validation[slice_number]
    found = {f"FCN-{stride}s": predict(fcn[stride], chosen.image) for stride in fcn}
    wanted = names.index(structure)
    return show.compare(
        chosen, found, wanted, class_name=structure, channel=2 if structure == "lesion" else 0, zoom=False
    )


show.explore(
    explore_networks, slice_number=(0, len(validation) - 1, 1, busiest),
    structure=["grey matter", "white matter", "CSF", "lesion"],
)  # fmt: skip

# %% [markdown] id="measure-text"
# What to see: FCN-32s draws smooth blobs as large as its squares, FCN-8s follows the border to within a few pixels. What
# is small stays hard for all three: a lesion of a few pixels hardly moves the five scores of its square. And the price
# of a finer answer is a bolder one. Where FCN-8s marks something small, go and see whether it is there in the truth.
#
# ## 5. Measure it
#
# The ruler is the course's held-out set: sixteen patients on whom nothing is ever trained. Each method gets a row
# in the ledger. The classifier from section 2, made convolutional, gets one too.

# %% id="ledger"
ledger = Ledger()
everywhere = classifier.convolutional()  # the library's version of what you built in section 2
ledger.measure("02", "patch classifier 25 px, one pass", everywhere, seconds=learned.seconds)
on_ruler = {
    f"FCN-{stride}s": ledger.measure("02", f"FCN-{stride}s", fcn[stride], seconds=history[stride].seconds)
    for stride in (32, 8)
}
ledger

# %% [markdown] id="ledger-lesson"
# Look closely, for here is a surprise. When we ran this, the humble patch classifier (it sees 25 pixels and was
# trained in a few seconds) reached a tissue Dice of about 0.72, and FCN-8s, which sees the whole head, about 0.6 to
# 0.65. With lesions it is worse: FCN-8s found almost none. So is the FCN a step back?
#
# It depends on what the task asks. These tissues differ in brightness, so a look at the neighbourhood is enough,
# and what counts is *where*: the classifier answers at every pixel, FCN-8s at every eighth. Where neighbourhoods
# look alike and only the place in the body tells them apart, 25 pixels are not enough. The networks of this lesson
# are also small and trained for 200 steps only, while the paper's began with weights learned from a million
# photographs. To see far **and** sharply is what lesson 03 is about.
#
# **Claim: the skips.** The survey: "skip connection is designed in the network to connect the global information of
# the deep network and the local information of the shallow network to compensate each other". The rule, fixed
# beforehand: FCN-8s is better than FCN-32s by at least 0.02 tissue Dice on the ruler, over five seeds. Your own two
# networks are the star. Expect it near the grey seeds and not necessarily among them: it is one more seed, and five
# seeds do not show the whole range. What the claim compares is the *gap* between the two.

# %% id="claim-skips"
tissues = ("CSF", "grey matter", "white matter")
mine = {name: result.interval("dice", tissues).mean for name, result in on_ruler.items()}
claims.get("02.skips").figure(mine)

# %% [markdown] id="claim-blur-text"
# **Claim: enlarging 8, 16 and 32 times.** Now without any skip. Three networks of 3, 4 and 5 stages, whose last
# scores are enlarged 8, 16 and 32 times. The rule: 32 times is worse than 8 times by at least 0.02. (Training three
# more networks would take you a minute: `claims.get("02.blur").measure(seed=10)`. Here are the committed seeds.)

# %% id="claim-blur"
claims.get("02.blur").figure()

# %% id="blur-against-perfect"
blur = claims.result("02.blur")
rows = []
for stride in (32, 16, 8):
    measured = [seed["values"][f"{stride} times"] for seed in blur["values"]] if blur else []
    trained = f"{min(measured):.2f} to {max(measured):.2f}" if measured else "not measured yet"
    rows.append(f"| {stride} | {perfect[stride].interval('dice', tissues).mean:.2f} | {trained} |")
Markdown("\n".join([
    "| enlarged | perfect shares, enlarged smoothly (section 1) | trained networks without skips, five seeds |",
    "|---|---|---|", *rows,
]))  # fmt: skip

# %% [markdown] id="blur-lesson"
# Three things to take from this table. First, the trend is the survey's.
#
# Second, compare the two columns: where a trained network has more than the "perfect" shares of section 1, it is not
# better than perfect. Those shares were perfect *as shares*: each square said exactly how much of it is grey matter,
# and a fixed tent enlarged that. A trained network is free to say something more useful. Its kernels have learned to
# do better than a tent. A score may be pushed up so that the border moves to where it belongs, and a thin structure
# that never holds the majority of a square can still win. But each square has only five numbers to say what is in it.
#
# Third, an honest surprise: three stages *without* any skip (0.66 to 0.70 when we measured it) draw these tissues better
# than FCN-8s, which has five stages and two skips (0.61 to 0.65). Both enlarge 8 times. So for this task the deep stages
# added nothing that 200 steps could teach them to use: the tissues differ in brightness, and 36 pixels show enough. The
# skips repair what the deep stages lose; they do not prove that one needed the deep stages.
#
# And a caution. The three networks differ in *depth* as well: the one of stride 8 has fewer stages and fewer
# weights, and 200 steps are less of a trial for it. So this comparison alone does not prove that enlarging is to
# blame. Two other results point the same way, though: section 1, which has no network in it, and the skips, which
# mend the blur without changing the depth: FCN-32s and FCN-8s have the same five stages.

# %% [markdown] id="real-text"
# ## 6. Reality check
#
# Virtual patients are clean, and our question may have an easy answer there. So here are real people: MR images
# around the **hippocampus**, a structure as long as a thumb that matters for memory. Two classes, its front part
# (anterior) and its back part (posterior), in slices along its length, pixels of 1 mm. The split is by person:
# whoever is tested was never trained on.
#
# *Both parts are the same tissue and equally bright. Would the patch classifier with its 25 pixels do well here? And
# what do you expect of FCN-32s, when a slice has about 35 x 50 pixels?*

# %% id="real-data"
try:
    real = hippocampus(dims=2)
    real_train, _, real_test = real.split((0.6, 0.2, 0.2), seed=0)
    sentence = f"{len(real_train.patients)} people train, {len(real_test.patients)} other people test. {real.citation}"
except NotHere as reason:
    real = None
    sentence = f"**Skipped: the real patients are not here.** {reason} The rest of this section stays empty."
Markdown(sentence)

# %% id="real-train"
real_fcn, real_result = {}, {}
if real:
    for stride in (32, 8):
        torch.manual_seed(0)
        name = f"FCN-{stride}s"
        real_fcn[name] = FCN(1, 3, stride=stride, width=8, hidden=64)
        fit(
            real_fcn[name],
            real_train,
            steps=choose(smoke=3, quick=200, full=3000),
            batch=8,
            patch=(32, 48),
            progress=False,
        )
        real_result[name] = evaluate(lambda case, net=real_fcn[name]: predict(net, case.image), real_test)

# %% id="real-result"
rows = [
    (f"{name}: {part.split()[0]}", interval.mean, interval.low, interval.high)
    for name, result in real_result.items()
    for part in result.classes
    for interval in [result.interval("dice", part)]
]
show.intervals(
    rows, "Dice of held-out people, mean and 95 % interval",
    alt="Dice with intervals of the front and the back part of the hippocampus, for FCN-32s and for FCN-8s.",
) if real else Markdown("Skipped: no real patients.")  # fmt: skip

# %% [markdown] id="real-look-text"
# A mean hides people. This is the person in the middle: for half of the others FCN-8s does better, for half worse.
# The slice is the one with most hippocampus.

# %% id="real-look"
if real:
    order = real_result["FCN-8s"].of("dice").argsort()
    person = real_test.patients[order[len(order) // 2]]
    shown = max((c for c in real_test if c.patient == person), key=lambda c: int((c.label > 0).sum()))
    found = {name: predict(net, shown.image) for name, net in real_fcn.items()}
    picture = show.compare(shown, found, 1, class_name="anterior part", zoom=False)
picture if real else Markdown("Skipped: no real patients.")

# %% [markdown] id="real-lesson"
# On virtual patients the skips helped with every seed. Do they help on real ones? When we ran this, FCN-8s had about
# twice the Dice of FCN-32s, in both parts. That is one training run each, on one data set: the interval tells you how
# far *people* differ, not how far another training run would.
#
# The survey names one more weakness: pixel-by-pixel classification "ignores the relation between each pixel". Each
# pixel's loss is added up on its own, and nothing tells the network that a hippocampus is one piece. Lessons 04 and
# 06 come back to this.

# %% [markdown] id="quiz-1"
# ## 7. Quiz
#
# **1. A linear layer reads a map of 8 channels x 4 x 4. As a convolution it is applied to an 8 x 30 x 25 map,
# stride 1, no padding. How many answers?**
#
# <details><summary>(a) One: it is still the same layer.</summary>
# No. One answer is what it gives on a 4 x 4 map. A convolution answers at every place where its kernel fits.
# </details>
#
# <details><summary>(b) 27 x 22.</summary>
# Yes. 30 - 4 + 1 rows and 25 - 4 + 1 columns. Each is what the linear layer would have said about that 4 x 4 piece.
# </details>
#
# <details><summary>(c) 30 x 25.</summary>
# No. That would need padding, and with padding the outermost answers would be about pieces that hang over the
# border, which the linear layer never saw.
# </details>

# %% [markdown] id="quiz-2"
# **2. You set all pools to stride 1 and forget the dilation. What happens?**
#
# <details><summary>(a) An error, in any of the layers.</summary>
# No. No layer asks for a size, so every one of them runs. If anything stops you, it is a later comparison with something
# of the right size.
# </details>
#
# <details><summary>(b) The same answers, only slower.</summary>
# No. The later kernels now read values side by side that used to lie two or four pixels apart: they see a smaller,
# different part of the image.
# </details>
#
# <details><summary>(c) Other answers, and a few too many of them.</summary>
# Yes. Kernels without gaps reach less far, so fewer pixels are lost at the border: 130 x 112 answers for our 117 x 99
# pixels. The network itself does not complain, and the numbers look plausible. Here the comparison with the sliding
# window stops you, because the sizes differ. Had somebody cut the map "to fit", only the values would tell.
# </details>

# %% [markdown] id="quiz-3"
# **3. Why does the bilinear kernel not add up to 1?**
#
# <details><summary>(a) Each output pixel receives only some of its weights, and those add up to 1.</summary>
# Yes. With factor 2, an output pixel lies under two of the four weights along an axis: .25 + .75. All sixteen together
# make 4, because one coarse pixel becomes four.
# </details>
#
# <details><summary>(b) It does not matter, training corrects it.</summary>
# Training could, but it would first have to undo scores that are four times too faint; and at factor 32 a thousand
# times.
# </details>
#
# <details><summary>(c) Because it has one kernel for each class.</summary>
# No. The classes do not touch each other: each has its own tent, and the same holds for one class alone.
# </details>

# %% [markdown] id="quiz-4"
# **4. FCN-8s beats FCN-32s. Somebody proposes to drop the deep stages and use pool 3 alone, since it has the fine
# detail. What do you answer? (More than one answer has a point.)**
#
# <details><summary>(a) Good idea for these tissues; measure it.</summary>
# Right for this task, and you have the measurement: three stages without skips beat FCN-8s on the tissues, and so did the
# patch classifier in your ledger. But it is an answer about this task, not about networks: see (b).
# </details>
#
# <details><summary>(b) Pool 3 sees only a small neighbourhood, so it cannot use what lies far away.</summary>
# Right in general. Where two structures look alike from nearby, like the two parts of the hippocampus, something that sees
# far must tell them apart, and the sum lets each stage say what it knows. Whether your task is of that kind, you
# find out as in (a).
# </details>
#
# <details><summary>(c) It cannot work, because shallow stages have no scores.</summary>
# No. Any map can be asked for scores: a 1x1 convolution is enough. That is what the skips of FCN do.
# </details>

# %% [markdown] id="reading"
# ## 8. What to read
#
# - J. Long, E. Shelhamer, T. Darrell, *Fully Convolutional Networks for Semantic Segmentation*, CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038). Sections 3.1 to 3.3 are sections 2 and 3 of this lesson,
#   section 4.2 is the skips, and figure 3 is the drawing of 32s, 16s and 8s.
# - E. Shelhamer, J. Long, T. Darrell, the longer journal version, PAMI 2017,
#   [arXiv:1605.06211](https://arxiv.org/abs/1605.06211). What the skips, the batch and the weighting each
#   contribute, measured.
# - A. Giusti et al., *Fast Image Scanning with Deep Max-Pooling Convolutional Neural Networks*, ICIP 2013,
#   [arXiv:1302.1700](https://arxiv.org/abs/1302.1700). The same answers in one pass, two years earlier, for
#   microscope images.
# - F. Yu, V. Koltun, *Multi-Scale Context Aggregation by Dilated Convolutions*, ICLR 2016,
#   [arXiv:1511.07122](https://arxiv.org/abs/1511.07122). Seeing far without pools.
# - A. Odena, V. Dumoulin, C. Olah, *Deconvolution and Checkerboard Artifacts*, Distill 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003). What goes wrong when tents do not fit
#   their stride, to play with.
