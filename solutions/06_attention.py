# /// lesson
# title = "Attention: what matters, where, and to whom"
# minutes = 90
# prerequisites = ["03_unet"]
# objectives = [
#     "Say what a layer of attention multiplies, and by what",
#     "Build squeeze and excitation, spatial attention, a gate, a non-local block and criss-cross attention",
#     "Predict how the memory of each grows with the image",
#     "Tell by paired experiments whether attention pays, and what an attention map does not show",
# ]
# survey = "2.4"
# budget = { seconds = 90, memory_gb = 1.5 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# The survey praises attention in one sentence: it "can strengthen the network's attention to important features, improve
# the segmentation accuracy of the network on the basis of constant complexity and computation". That is two promises:
# more accuracy, and for nothing.
#
# Six kinds of layers go by the name of attention in medical segmentation. You will build five of them, put each into
# the same U-Net, look at what it does at any pixel you like, and then measure both promises.

# %% id="imports"
import torch
import torch.nn.functional as F
from IPython.display import Markdown, display
from scipy import stats

from medsegedu import claims, show
from medsegedu.data import NotHere, hippocampus, virtual_patients
from medsegedu.exercises import lesson_06 as ex
from medsegedu.inference import predict
from medsegedu.layers import CrissCross, NonLocal
from medsegedu.metrics import evaluate
from medsegedu.models import UNet
from medsegedu.preset import choose
from medsegedu.show import lesson_06 as figures
from medsegedu.show.lesson_06_maps import asked, passed
from medsegedu.training import Ledger, count_flops, fit

# %% [markdown] id="kinds-text"
# ## 1. See it: three questions
#
# A convolution treats every place and every image alike: its weights are fixed once training ends. A layer of
# **attention** computes a few more numbers *from the image itself*, and uses them to turn things up and down. It can
# ask three questions.
#
# - **Which channels matter in this image?** One factor for each channel. (SE: squeeze and excitation)
# - **Which places matter?** One factor for each pixel. (half of CBAM and of scSE; the gates of Attention U-Net)
# - **Which other places should this place listen to?** One weight for each *pair* of pixels. (non-local, and
#   criss-cross, which asks the same more cheaply)

# %% id="kinds"
figures.kinds()

# %% [markdown] id="train-text"
# The first two only dim what is there: a factor lies between 0 and 1. The third brings in something new from
# elsewhere. Below, six small U-Nets learn to segment the virtual patients, each with one kind of attention. They have
# 8 channels at the first level and train briefly (all six in less than a minute), so they are no champions; they are here to
# be looked into.

# %% id="train"
train = virtual_patients(24, seed=1)
validation = virtual_patients(4, seed=2)
names = validation.classes  # background, CSF, grey matter, white matter, lesion
complete = [case for case in validation if len(case.label.unique()) == len(names)]  # slices that show all five
case = max(complete, key=lambda case: int((case.label == names.index("lesion")).sum()))
image = case.image[None]  # (1, 3, H, W)

kinds = {
    "SE": "se", "CBAM": "cbam", "scSE": "scse", "gates": "gate",
    "non-local": "non_local", "criss-cross": "criss_cross",
}  # fmt: skip
nets = {}
for name, kind in kinds.items():
    torch.manual_seed(0)
    nets[name] = UNet(3, 5, width=8, depth=3, attention=kind)  # but for the attention all start alike
    fit(nets[name], train, steps=choose(smoke=2, quick=120, full=2000), patch=48, batch=8, progress=False)

# %% [markdown] id="explore-text"
# Now ask them. Choose a kind, a level (0 is full resolution; the last two kinds work at the bottom only, on level 3)
# and a pixel.
#
# *Four things to find out. (1) For which kinds does it matter which pixel you choose? (2) Put the cross on a lesion:
# does every kind let the lesion pass? Look at the gates on level 0. (3) Where do non-local and criss-cross look, and
# does that change when you move the cross to another tissue? (4) Which of these maps would you show to a doctor as the
# reason for an answer?*

# %% id="explore"
maps = {name: net.attention_maps(image) for name, net in nets.items()}
lesion = (case.label == names.index("lesion")).nonzero()  # (pixels, 2)
start = lesion[len(lesion) // 2].tolist()
height, width = case.label.shape


def look(kind, level, row, column):
    return figures.attention(case, maps[kind], kind, row, column, level=level)


show.explore(
    look, kind=["CBAM", *(name for name in kinds if name != "CBAM")], level=(0, 2, 1, 0),
    row=(0, height - 1, 1, start[0]), column=(0, width - 1, 1, start[1]),
)  # fmt: skip

# %% id="explore-still"
figures.attention(case, maps["gates"], "gates", *start, level=0)

# %% [markdown] id="explore-lesson"
# (1) For all but SE, whose factors hold for the whole slice. (2) It need not. In our run CBAM lit up at the lesions,
# while the gates of the finest level were *shut* just there, and open along the rim of the brain. Yet both networks
# segment lesions: perhaps the coarse map had said "lesion" clearly enough, and the detail of the skip was needed
# elsewhere. (3) In our run the non-local block put nearly all its weight on one single place, and on the same one
# whoever asked. We come back to that.
#
# (4) None, without further proof. **A map of attention shows what one layer multiplies. It does not show what the
# answer depends on**; other ways lead around that layer. Keep this in mind whenever a paper shows a beautiful map.
#
# ## 2. Build it
#
# Five exercises. If you are stuck, `ex.squeeze_excite.hint()` gives a hint, three in all. Each function gets the layers
# with weights as arguments, so that you write only what happens between them. At the end of each you use your function on
# the trained networks above.
#
# ### Exercise 6.1 - Weigh the channels (10 minutes, difficulty 1 of 3)
#
# *A network has found eight features. For this image, which of them are worth hearing?* **Squeeze and excitation**
# answers in two steps. *Squeeze*: describe each channel by a single number, its average over the image. *Excite*: a
# tiny network of two layers looks at all these averages together and gives each channel a factor. Its middle is
# narrower than its ends (the layer called `squeeze` maps C values to fewer, `excite` maps them back), so it has to
# find out which channels belong together. The survey's words "explicitly modeling the interdependencies between
# channels" are about this.

# %% id="squeeze-figure"
figures.chain([["x", "mean over\npixels", "squeeze", "ReLU", "excite"]], ["sigmoid"], around="x")

# %% [markdown] id="squeeze-task"
# A **sigmoid** squashes any number into 0 to 1. `squeeze` and `excite` are Linear layers: they take the averages as (N, C),
# one row an image, without the dimensions of the pixels. Write the whole chain; the last sign is a multiplication.


# %% id="squeeze"
def squeeze_excite(x, squeeze, excite):
    """x (N, C, H, W), squeeze: C -> C / r values, excite: C / r -> C values; returns x, scaled."""
    # region solution
    averages = x.mean(dim=(2, 3))  # (N, C)
    factors = torch.sigmoid(excite(F.relu(squeeze(averages))))  # (N, C)
    return x * factors[:, :, None, None]  # (N, C, H, W)
    # endregion


# %% id="squeeze-check"
squeeze_excite = ex.squeeze_excite.check(squeeze_excite)

# %% [markdown] id="squeeze-use-text"
# Now use it inside the trained network. The helper below runs a network and catches what reaches one of its layers. We
# take the layer on level 2, compute its factors with *your* function (what comes out divided by what goes in), and then
# do it again for the same slice with its FLAIR contrast erased. *If the factors were fixed weights, would the two lines
# differ?*


# %% id="squeeze-use"
def reaching(net, name, image):
    """The layer of this name, and what reaches it while the network looks at the image."""
    caught, layer = [], net.get_submodule(name)
    handle = layer.register_forward_pre_hook(lambda module, inputs: caught.extend(inputs))
    with torch.no_grad():
        net.eval()(image)
    handle.remove()
    return layer, *caught


def channel_factors(image):
    layer, x = reaching(nets["SE"], "down.1.attention", image)  # x (1, 32, H / 4, W / 4)
    first, _relu, second = layer.excite  # the core keeps both layers, and the ReLU between them, under this one name
    with torch.no_grad():
        scaled = squeeze_excite(x + 1e-6, first, second)  # (1, 32, H / 4, W / 4), never divided by 0
    return (scaled / (x + 1e-6)).mean((0, 2, 3))  # (32,)


without_flair = image.clone()
without_flair[:, 2] = 0
show.curves(
    {"the slice": channel_factors(image), "without FLAIR": channel_factors(without_flair)}, "channel", "factor",
    alt="Two lines: the factor of each of 32 channels for a slice, and for the same slice without its FLAIR contrast.",
)  # fmt: skip

# %% [markdown] id="spatial-text"
# The factors follow the image. That is the point of attention: weights that are computed, not stored.
#
# ### Exercise 6.2 - Weigh the places (8 minutes, difficulty 2 of 3)
#
# CBAM does the same to channels (with averages *and* maxima), and then turns the question by ninety degrees: now
# squeeze the **channels** of each pixel, and keep the pixels. Two numbers describe a pixel: the largest of its
# channels (does *anything* answer here?) and their mean (how much answers in all?). A 7x7 convolution, `window`,
# looks at these two maps, the maximum first, and a sigmoid makes a factor of each pixel. Return the factors
# themselves.


# %% id="spatial"
def spatial_attention(x, window):
    """x (N, C, H, W), window: (N, 2, H, W) -> (N, 1, H, W); returns the factor of each pixel, (N, 1, H, W)."""
    # region solution
    largest = x.amax(dim=1, keepdim=True)  # (N, 1, H, W)
    average = x.mean(dim=1, keepdim=True)  # (N, 1, H, W)
    both = torch.cat([largest, average], dim=1)  # (N, 2, H, W)
    return window(both).sigmoid()  # (N, 1, H, W)
    # endregion


# %% id="spatial-check"
spatial_attention = ex.spatial_attention.check(spatial_attention)

# %% id="spatial-use"
layer, x = reaching(nets["CBAM"], "up.2.block.attention", image)  # x (1, 8, H, W), padded to multiples of 8
with torch.no_grad():
    x = layer.channel_attention(x) * x  # CBAM's first half
    factor = spatial_attention(x, torch.nn.Sequential(layer.window, layer.norm))  # (1, 1, H, W)
show.gallery(
    [image[0, 2], x.amax(1)[0], x.mean(1)[0], factor[0, 0]], ["FLAIR", "largest channel", "mean channel", "factor"],
    alt="A slice, the largest and the mean of its eight feature channels at each pixel, and the factor made of the two.",
)  # fmt: skip

# %% [markdown] id="gate-text"
# scSE is a third way to say the same: SE's factor of the channel and a factor of the pixel (one 1x1 convolution), side by
# side, and the larger of the two counts.
#
# ### Exercise 6.3 - The gate on a skip (12 minutes, difficulty 2 of 3)
#
# *A skip of the U-Net brings all details up, wanted or not. Who could know which are wanted?* The decoder: it comes from
# below and has seen the whole. In **Attention U-Net** it steers a gate on each skip.
#
# Two 1x1 convolutions bring both to the same number of channels: `theta` the skip, `phi` what comes up (called `gate`,
# the gating signal). The coarser one is enlarged to the size of the other. They are **added**, a ReLU cuts, `psi` makes one
# number of each pixel, and a sigmoid a factor. It multiplies the skip as it came.

# %% id="gate-figure"
figures.chain([["skip", "theta"], ["gate", "phi", "resize"]], ["sum", "ReLU", "psi", "sigmoid"], around="x")

# %% [markdown] id="gate-task"
# Sizes may be odd, so enlarge to a *size*, not by a factor, and bilinearly.


# %% id="gate"
def attention_gate(skip, gate, theta, phi, psi):
    """skip (N, C, H, W), gate (N, D, h, w) with h <= H, w <= W -> the skip, dimmed, (N, C, H, W)."""
    # region solution
    seen = theta(skip)  # (N, E, H, W)
    sought = F.interpolate(phi(gate), size=seen.shape[2:], mode="bilinear")  # (N, E, H, W)
    factor = torch.sigmoid(psi(F.relu(seen + sought)))  # (N, 1, H, W)
    return skip * factor  # (N, C, H, W)
    # endregion


# %% id="gate-check"
attention_gate = ex.attention_gate.check(attention_gate)

# %% id="gate-use"
layer, skip, below = reaching(nets["gates"], "gates.2", image)  # skip (1, 8, H, W), below (1, 16, H / 2, W / 2)
with torch.no_grad():
    through = attention_gate(skip, below, layer.theta, layer.phi, layer.psi)  # (1, 8, H, W)
passed(image[0, 2], skip[0], through[0])

# %% [markdown] id="non-local-text"
# Would you have expected this? The authors hoped that gates would let the organ pass and hold back the rest. Nothing in
# the loss asks for that; the gate only has to make the final answer better. (The three grey maps share one scale. A lesion
# can be bright in "passed" although its factor is small: its features were strong.)
#
# ### Exercise 6.4 - Ask every pixel (15 minutes, difficulty 3 of 3, the heart of the lesson)
#
# So far attention only dimmed. The **non-local block** lets every pixel ask every other one, however far away. Three
# 1x1 convolutions give each pixel three short lists of numbers: a **query** (`theta`: what I look for), a **key**
# (`phi`: what I can be found by) and a **value** (`g`: what I have to say). The papers use the letters theta and phi for both
# kinds of layers; with the gate of 6.3 they have nothing to do.
#
# 1. The **score** of a pair: the product of the query of the one that asks and the key of the one that may answer,
#    summed over channels.
# 2. A **softmax** over all that may answer makes weights: positive, and of sum 1 for each pixel that asks.
# 3. Each pixel gets the weighted mean of all values. `out` brings it to C channels again, and it is *added* to `x`.
#
# For "every pair of pixels" rows and columns are in the way. So make a list of all P = H x W pixels first:
# `theta(x).flatten(2)` is (N, E, P). Scores and weights are then a matrix of P x P for each image, with a row for each pixel
# that asks, and all three steps are products of matrices. (Under the name of self-attention they are what transformers are
# made of.)
#
# In the networks above `out` starts with weights of zero: **a new block adds exactly nothing**, and a network that has just
# got one still computes what it did before.


# %% id="non-local"
def non_local(x, theta, phi, g, out):
    """x (N, C, H, W); theta, phi, g: to E channels, out: back to C -> (N, C, H, W)."""
    # region solution
    queries, keys, values = theta(x).flatten(2), phi(x).flatten(2), g(x).flatten(2)  # (N, E, P)
    weights = (queries.transpose(1, 2) @ keys).softmax(dim=2)  # (N, P, P), a row for each pixel that asks
    answers = values @ weights.transpose(1, 2)  # (N, E, P)
    return x + out(answers.unflatten(2, x.shape[2:]))  # (N, C, H, W)
    # endregion


# %% id="non-local-check"
non_local = ex.non_local.check(non_local)

# %% [markdown] id="non-local-use-text"
# The block's name comes from a method of 2005 that needs no training at all. **Non-local means** removes noise:
# replace each pixel by a mean over all pixels that *look like it*, wherever they are. Your function can do it. We
# only have to choose the layers: the score of a pair is minus the squared difference of the two pixels, divided by
# `softness`, and the values are the pixels themselves. (Since |q - k|² = |q|² - 2qk + |k|², the score is a product of
# queries and keys; the term |q|² is the same for all that answer and cancels in the softmax.)

# %% id="non-local-use"
clean = F.avg_pool2d(image, 2)  # (1, 3, H / 2, W / 2), because P x P is large
noisy = clean + 0.1 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
softness = 0.01


def smooth(x):
    return F.avg_pool2d(x, 3, stride=1, padding=1)


def as_query(x):
    return torch.cat([2 * smooth(x), -torch.ones_like(x[:, :1])], 1) / softness


def as_key(x):
    return torch.cat([smooth(x), smooth(x).square().sum(1, keepdim=True)], 1)


def itself(x):
    return x


def error(x):
    return (x - clean).square().mean().sqrt().item()


denoised = non_local(noisy, as_query, as_key, itself, itself) - noisy  # the block adds x, here we take it away again
show.gallery(
    [noisy[0, 0], smooth(noisy)[0, 0], denoised[0, 0]],
    [f"noisy T1\nerror {error(noisy):.3f}", f"mean of 3 x 3\nerror {error(smooth(noisy)):.3f}",
     f"non-local means\nerror {error(denoised):.3f}"], same_range=True,
    alt="A noisy slice; blurred by a local mean; and denoised by non-local means, with sharp borders between tissues.",
)  # fmt: skip

# %% [markdown] id="similar-text"
# A local mean blurs the borders; the non-local one finds its like along the whole cortex. Whom does a pixel ask?
# *Move it into a lesion, white matter, a ventricle.*


# %% id="similar"
def similar(row, column):
    query = as_query(noisy)[0, :, row, column]  # (E,)
    weights = torch.einsum("e,ehw->hw", query, as_key(noisy)[0])
    weights = weights.flatten().softmax(0).reshape(weights.shape)  # (H / 2, W / 2), sum 1
    return asked(noisy[0, 2], weights, row, column)


rows, columns = clean.shape[2:]
show.explore(similar, row=(0, rows - 1, 1, start[0] // 2), column=(0, columns - 1, 1, start[1] // 2))

# %% [markdown] id="saturated"
# Compare that with the *trained* block of section 1, which in our run heard one place only, the same for everybody.
# Two things were at work. Scores are sums over many channels and are not divided by anything, so one may easily
# exceed all others by ten, and then the softmax gives it everything (ten more in the score is 22,000 times the
# weight). Where one weight is 1 and all others are 0, no gradient tells the block to do otherwise. And second, a
# constant message from "somewhere" may be all that the network wanted: Cao and others (2019, see the end) found in
# networks for photographs that the maps of different askers were almost the same, and replaced the block by something
# like SE.
#
# ### Exercise 6.5 - Ask your row and your column (20 minutes, difficulty 3 of 3)
#
# *Why did we halve the slice above?* Count: 117 x 99 pixels make 11,583 places, and 134 million pairs: half a
# gigabyte for one matrix, for one slice. **Criss-cross attention** asks only the pixels of one's own row and column,
# H + W - 1 of them. And if the layer runs **twice**, a pixel hears from everyone: whatever stands at (3, 8) is heard
# in the first round by everybody in row 3, among them the pixel that shares *your* column, and you hear that one in
# the second round.
#
# Write one round. For pixel (h, w):
#
# - `query(x)`, `key(x)`, `value(x)` as before, and scores with the H pixels of its column and with the W pixels of its row;
# - the pixel itself lies in both. It must count once: set its score to `-torch.inf` in one of the two;
# - *one* softmax over all H + W scores, the weighted sum of the values, times `gamma`, plus `x`. (`gamma` is a
#   learned number that starts at 0: like the non-local block, the layer adds nothing at first.)
#
# `torch.einsum` is made for such sums. It takes a letter for each dimension; letters that are missing behind the
# arrow are summed over. `torch.einsum("nchw,nchj->nhwj", a, b)` gives for each image n and pixel (h, w) the product
# with all pixels j of its row. The weighted sums at the end go the same way: the letter j of those that answer, in the
# weights and in the values, vanishes, and (h, w) of the one that asks stays. They are two sums, one for the weights of the
# column and one for those of the row.


# %% id="criss-cross"
def criss_cross(x, query, key, value, gamma):
    """x (N, C, H, W); query, key: to E channels, value: to C; gamma: one number -> (N, C, H, W)."""
    # region solution
    q, k, v = query(x), key(x), value(x)
    h, w = x.shape[2:]
    column = torch.einsum("nchw,ncjw->nhwj", q, k)  # (N, H, W, H), j: the pixels of the column
    row = torch.einsum("nchw,nchj->nhwj", q, k)  # (N, H, W, W), j: the pixels of the row
    myself = torch.eye(w, dtype=torch.bool, device=x.device)  # (W, W), true where j is w
    scores = torch.cat([column, row.masked_fill(myself, -torch.inf)], dim=3)  # (N, H, W, H + W)
    in_column, in_row = scores.softmax(dim=3).split([h, w], dim=3)
    gathered = torch.einsum("nhwj,ncjw->nchw", in_column, v)  # (N, C, H, W)
    gathered = gathered + torch.einsum("nhwj,nchj->nchw", in_row, v)  # (N, C, H, W)
    return x + gamma * gathered
    # endregion


# %% id="criss-cross-check"
criss_cross = ex.criss_cross.check(criss_cross)

# %% [markdown] id="criss-cross-use-text"
# How far is one pixel heard? Change it a little, and look where the output changes.

# %% id="criss-cross-use"
torch.manual_seed(0)
layer = CrissCross(8)  # random weights


def one_round(x):
    return criss_cross(x, layer.query, layer.key, layer.value, torch.tensor(1.0))


before = torch.rand(1, 8, 13, 17)
after = before.clone()
after[:, :, 4, 6] += 1
with torch.no_grad():
    once = one_round(after) - one_round(before)
    twice = one_round(one_round(after)) - one_round(one_round(before))
heard = [change.abs().amax(1)[0].clamp(min=1e-7).log10() for change in (after - before, once, twice)]
counts = [f"{int((pixels > -7).sum())} of {pixels.numel()} pixels" for pixels in heard]
titles = [f"{name}\n{count}" for name, count in zip(("changed", "one round", "two rounds"), counts, strict=True)]
show.gallery(
    heard, titles, same_range=True,
    alt="A changed pixel; after one round its row and column changed; after two rounds all pixels did.",
)  # fmt: skip

# %% [markdown] id="memory-text"
# ## 3. What it costs: memory
#
# Training has to keep every intermediate result that the backward pass will need. torch can tell us which: the hook
# below is called for each tensor that is kept. *Before you run it: when the side of the map doubles, by how much does
# each line rise? A map of N pixels has N² pairs, and N times 2 sqrt(N) pixels on crosses.*


# %% id="memory"
def kept_mb(layer, side):
    """MB that a layer keeps for its backward pass, for one map of 64 channels."""
    kept = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    x = torch.rand(1, 64, side, side, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        result = layer(x)  # held until we have counted
    return sum(kept.values()) / 1e6 if result.requires_grad else 0.0


sides = (8, 12, 16, 24, 32, 48, 64)
memory = {
    "non-local": (sides, [kept_mb(NonLocal(64), side) for side in sides]),
    "criss-cross, two rounds": (sides, [kept_mb(CrissCross(64), side) for side in sides]),
    "the map itself": (sides, [64 * side**2 * 4 / 1e6 for side in sides]),
}
show.curves(
    memory, "side of the map in pixels", "MB kept for the backward pass", log="xy",
    alt="Three rising lines: the map grows slowest, criss-cross somewhat faster, and non-local overtakes it steeply.",
)  # fmt: skip

# %% [markdown] id="memory-lesson"
# On small maps the N² hardly shows, and criss-cross, which runs twice, even needs more: at the bottom of a U-Net
# there is little to save. On large ones the non-local line climbs towards sixteenfold with each doubling: from 32 to 64 we
# counted 14 times, because the ordinary maps that are kept as well grow only fourfold. The number of weights alone follows
# exactly:

# %% id="memory-entries"
lines = []
for side in (12, 24, 48):
    x = torch.rand(1, 8, side, side)
    pairs, crosses = (layer.attention(x).numel() for layer in (NonLocal(8), CrissCross(8)))
    lines.append(f"| {side} x {side} | {pairs:,} | {crosses:,} | {pairs / crosses:.0f} |")
Markdown("\n".join(["| map | non-local | criss-cross | ratio |", "|---|---:|---:|---:|", *lines]))

# %% [markdown] id="memory-claim-text"
# Each doubling of the side: times 16 and times 8. The authors of criss-cross attention report a saving of eleven
# times at 97 x 97 places. Our committed measurement is what the operating system counts for a whole process, with
# every temporary copy, at 96 x 96. (Criss-cross here runs both its rounds.)

# %% id="memory-claim"
claims.get("06.memory").figure()

# %% [markdown] id="cost-text"
# ### And the rest of the U-Net?
#
# The survey promises "constant complexity and computation". Here is the U-Net of lesson 03 with each kind of
# attention: weights, and operations for one slice. (GFLOP: a thousand million multiplications and additions.)

# %% id="cost"
plain = UNet(3, 5, width=16, depth=3)
lines = ["| attention | weights | more | GFLOP a slice | more |", "|---|---:|---:|---:|---:|"]
for name, kind in {"none": None, **kinds}.items():
    net = UNet(3, 5, width=16, depth=3, attention=kind)
    sizes = [sum(weight.numel() for weight in one.parameters()) for one in (plain, net)]
    flops = [count_flops(one, image) / 1e9 for one in (plain, net)]
    more = [100 * (new / old - 1) for old, new in (sizes, flops)]
    lines.append(f"| {name} | {sizes[1]:,} | {more[0]:.1f} % | {flops[1]:.3f} | {more[1]:.1f} % |")
Markdown("\n".join(lines))

# %% [markdown] id="cost-claim-text"
# On paper little: some per cent of weights, and fewer of operations. But operations are not time: reading a whole map from
# memory, once for the averages, once for the maxima and once more for the product, costs time and hardly any GFLOP. So the
# claim is judged with a stopwatch: it holds if even the dearest kind makes a step at most 1.1 times as long. On the right
# each dot is one seed: its dearest kind (the highest point of its line on the left) divided by no attention. The whole
# interval has to lie between the dashed lines.

# %% id="cost-claim"
claims.get("06.constant_cost").figure()

# %% [markdown] id="claim-text"
# ## 4. Measure it: accuracy
#
# Now the first promise. A U-Net of 16 channels, with and without, from the same first weights, on the same patients,
# for the same 200 steps (your seed: half a minute or so). The rule was fixed beforehand: the mean Dice of all structures must
# rise by 0.01 at least, and the 95 % interval must lie above zero. Grey lines are the committed seeds; the star is yours. You
# measure SE, the kind that the survey describes.

# %% id="claim-se"
mine = claims.get("06.se").measure(seed=20)
claims.get("06.se").figure(mine)

# %% [markdown] id="claim-all-text"
# And all six, on the same eight sets of patients. The dashed line is no gain at all. (Read the numbers on the right:
# one wide interval makes the others look like points. It is wide where, in some seeds, the lesions had not been found
# after 200 steps.)

# %% id="claim-all"
results = {name: claims.result(f"06.{kind.replace('gate', 'gates')}") for name, kind in kinds.items()}
show.intervals(
    [(name, result["effect"], result["low"], result["high"]) for name, result in results.items()],
    "gain in Dice over the same U-Net without attention", reference=0, digits=3,
    alt="The gain in Dice of six kinds of attention with their 95 % intervals, and a line at no gain.",
)  # fmt: skip

# %% id="claim-verdicts"
verdicts = [f"**{name}**: {result['verdict']}" for name, result in results.items()]
Markdown(f"Gain of 0.01 Dice? {'; '.join(verdicts)}.")

# %% [markdown] id="claim-lesson"
# In our eight committed seeds no kind gained 0.01. The only interval wholly *above* or *below* zero was the non-local
# block's: -0.003 (-0.006 to -0.001), a loss, and a tiny one. Three questions before you conclude anything:
#
# - **How many did we look at?** Six. If none of them did anything, each would still have its chance of an interval beside
#   zero, to the one side or the other. Had we published only the best of the six, it would look better than it is.
# - **Could a smaller gain be seen?** Yes, thanks to pairs. The seeds differ in their patients by more than most layers add
#   or take; a change of 0.003 shows only because both arms share the patients. Then one can call it what it is: real
#   perhaps, and small.
# - **What could make it worse?** CBAM dims: a new sigmoid stands near 0.5, and CBAM multiplies by two of them behind each of
#   seven blocks, which the network must first undo. One guess why it is slow in 200 steps; more steps would test it. The
#   non-local block dims nothing, so for its loss this is no explanation, and we have none.
#
# A trap of our own: in a first trial with networks of 8 channels and two other seeds, some networks had discovered the
# lesions after as many steps (mean Dice about 0.88) and some had not (about 0.67). CBAM was among the lucky in both seeds,
# 0.2 *ahead* of the plain network; with 16 channels it is the one that does not always find them. Whoever publishes one
# setting with two seeds can have either story.
#
# And the task? These tissues differ in brightness, and a U-Net of this size sees much of the head at once. A layer that
# relates distant places should help where something depends on distant places. The next section has such a task.

# %% [markdown] id="real-text"
# ## 5. Reality check
#
# The **hippocampus** of lesson 03: real people, slices of 1 mm pixels. Its front part (anterior) and its back part
# (posterior) look the same, and only the place tells them apart: a task for relating places, one would think. *What do you
# expect of the non-local block?* The two sides of one person stay together; 60 % of the people train, 30 % are held out.
# (Three networks are trained, in a minute or less.)

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
arms = {"no attention": None, "SE": "se", "non-local": "non_local"}
found = {}
if real:
    for name, kind in arms.items():
        torch.manual_seed(0)
        net = UNet(1, 3, width=16, depth=3, attention=kind)
        fit(net, real_train, steps=choose(smoke=3, quick=150, full=3000), patch=32, progress=False)
        found[name] = evaluate(lambda c, net=net: predict(net, c.image), real_test)

# %% id="real-result"
rows = [
    (f"{name}: {part.split()[0]}", interval.mean, interval.low, interval.high)
    for name, result in found.items()
    for part in result.classes
    for interval in [result.interval("dice", part)]
]
show.intervals(
    rows, "Dice of held-out people, mean and 95 % interval",
    alt="Dice with intervals of both parts of the hippocampus, for three networks.",
) if real else Markdown("Skipped: no real patients.")  # fmt: skip

# %% [markdown] id="real-paired-text"
# Whether such intervals overlap is the wrong question, because all networks saw the same people. So take each person's
# *difference* to the network without attention, and then its mean and interval.


# %% id="real-paired"
def gain(name):
    differences = found[name].of("dice") - found["no attention"].of("dice")  # one a person
    mean = differences.mean()
    low, high = stats.t.interval(0.95, len(differences) - 1, loc=mean, scale=stats.sem(differences))
    return name, mean, low, high


show.intervals(
    [gain(name) for name in arms if arms[name]], "gain in Dice, person by person", reference=0, digits=3,
    alt="The gain in Dice of two kinds of attention on held-out people with intervals, and a line at no gain.",
) if real else Markdown("Skipped: no real patients.")  # fmt: skip

# %% [markdown] id="real-lesson"
# When we ran it, nothing came of it: the non-local block changed Dice by about -0.001, with an interval on both sides of
# zero, and SE by about -0.004. A guess why: the slices are small, and at the bottom of this U-Net each place already sees
# nearly all of one. What the block could bring from afar was there.
#
# One caution, whatever came out for you. These intervals tell how much *people* differ. They do not tell what another
# training run would give, and here each network was trained once. An interval beside zero says "this trained network is
# better on people like these", not "this kind of attention is better". For that you need several runs, as in section 4. Try
# another seed before you believe it: `torch.manual_seed(1)` and `fit(..., seed=1)`.
#
# ## 6. The ledger
#
# The U-Net of lesson 03 with SE, trained as it was there (half a minute), gets a row of its own beside the methods
# before it. If you have run lesson 03 here, compare the two rows, and their intervals; if not, its row is missing.

# %% id="ledger"
torch.manual_seed(0)
with_se = UNet(3, 5, width=16, depth=3, attention="se")
history = fit(with_se, train, validation, steps=choose(smoke=3, quick=300, full=4000), patch=32, progress=False)
ledger = Ledger()
on_ruler = ledger.measure("06", "U-Net with SE", with_se, seconds=history.seconds)
display(ledger)

# %% [markdown] id="quiz-1"
# ## 7. Quiz
#
# **1. You cut a slice in half and segment the halves one by one. Which network may give another answer far away from
# the cut?**
#
# <details><summary>(a) Only the one with a non-local block.</summary>
# That one surely: each pixel asked pixels in the other half, which are gone. But it is not the only one.
# </details>
#
# <details><summary>(b) The ones with non-local, criss-cross and SE.</summary>
# Yes. SE's averages run over the whole image as well: another half, other averages, other factors everywhere. (So do
# CBAM's and scSE's first halves.) This is why tiles and whole images can differ with such layers.
# </details>
#
# <details><summary>(c) None: the weights of a network are fixed after training.</summary>
# The stored ones are. The factors of attention are computed from the image, and half an image is another image.
# </details>

# %% [markdown] id="quiz-2"
# **2. The gate of a trained Attention U-Net is dark over the lesion. What follows?**
#
# <details><summary>(a) The network ignores lesions.</summary>
# No. The gate dims one skip. The lesion may be known from below already; look at the prediction.
# </details>
#
# <details><summary>(b) The gate is broken: it must be bright where the target is.</summary>
# That is what its inventors hoped for, and often drew. But only the final answer enters the loss, and it may be best served
# by a gate that shuts there.
# </details>
#
# <details><summary>(c) Nothing certain about what the answer depends on.</summary>
# Yes. To learn that, change the input and see whether the answer changes, as you did with the skips in lesson 03.
# </details>

# %% [markdown] id="quiz-3"
# **3. A non-local block works on a map of 32 x 32. You want it on 128 x 128. What happens to its matrix of weights?**
#
# <details><summary>(a) It grows 4 times, like the side.</summary>
# The side grows 4 times, the pixels 16 times, and it is pairs of pixels that are stored.
# </details>
#
# <details><summary>(b) It grows 16 times, like the pixels.</summary>
# That is true of an ordinary feature map. The matrix has an entry for each pair.
# </details>
#
# <details><summary>(c) It grows 256 times: from 4 MB to 1 GB.</summary>
# Yes: 16 x 16. With criss-cross it would grow 64 times, from 0.26 MB to 17 MB a round.
# </details>

# %% [markdown] id="quiz-4"
# **4. A paper reports: "with our attention module Dice rises from 0.911 to 0.914", one run each. What do you ask first?**
#
# <details><summary>(a) How much does Dice change if only the random seed changes?</summary>
# Yes. If a plain network moves by as much from run to run, nothing has been shown. Several paired runs would tell.
# </details>
#
# <details><summary>(b) How many weights does the module have?</summary>
# A fair second question. A larger network without attention may gain as much. But first there has to be a gain.
# </details>
#
# <details><summary>(c) May we see the attention maps?</summary>
# They will look fine; from some layer and some image they always do. They cannot tell whether Dice rose by chance.
# </details>

# %% [markdown] id="quiz-5"
# **5. Why do the non-local block and criss-cross attention start by adding exactly zero?**
#
# <details><summary>(a) To save time in the first steps.</summary>
# No, everything is computed all the same, and multiplied by 0 at the end.
# </details>
#
# <details><summary>(b) So that a network with the block starts as the same network without it.</summary>
# Yes. A good network can be extended without being disturbed; and in our pairs both arms start from the same function.
# </details>
#
# <details><summary>(c) So that the queries and keys learn first.</summary>
# The other way round: while the output is multiplied by zero, no gradient reaches queries and keys. What learns first
# is the last convolution, or gamma.
# </details>

# %% [markdown] id="reading"
# ## 8. What to read
#
# - J. Hu, L. Shen, G. Sun, *Squeeze-and-Excitation Networks*, CVPR 2018,
#   [arXiv:1709.01507](https://arxiv.org/abs/1709.01507). Short, clear, and full of control experiments.
# - S. Woo et al., *CBAM: Convolutional Block Attention Module*, ECCV 2018,
#   [arXiv:1807.06521](https://arxiv.org/abs/1807.06521). Which pools, which order, and what each adds.
# - A. G. Roy, N. Navab, C. Wachinger, *Recalibrating Fully Convolutional Networks with Spatial and Channel 'Squeeze &
#   Excitation' Blocks*, IEEE TMI 2019, [arXiv:1808.08127](https://arxiv.org/abs/1808.08127). scSE in three medical
#   segmentation networks.
# - O. Oktay et al., *Attention U-Net: Learning Where to Look for the Pancreas*, MIDL 2018,
#   [arXiv:1804.03999](https://arxiv.org/abs/1804.03999). The gates; look at how large the gain is, and on how many
#   patients.
# - X. Wang et al., *Non-local Neural Networks*, CVPR 2018, [arXiv:1711.07971](https://arxiv.org/abs/1711.07971).
# - Z. Huang et al., *CCNet: Criss-Cross Attention for Semantic Segmentation*, ICCV 2019,
#   [arXiv:1811.11721](https://arxiv.org/abs/1811.11721).
# - Y. Cao et al., *GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond*, 2019,
#   [arXiv:1904.11492](https://arxiv.org/abs/1904.11492). Whoever asks, the answer is nearly the same: what that means.
# - S. Jain, B. C. Wallace, *Attention is not Explanation*, NAACL 2019,
#   [arXiv:1902.10186](https://arxiv.org/abs/1902.10186). About language, but read it before you show a map as a reason.
#
# So far each image was a slice. In lesson 07 it becomes a volume, and memory becomes the first thing to think of.
