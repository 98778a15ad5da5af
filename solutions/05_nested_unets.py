# /// lesson
# title = "Nested U-Nets: let the data choose the depth"
# minutes = 85
# prerequisites = ["03_unet"]
# objectives = [
#     "Say why the right depth of a U-Net is a question to the data",
#     "Build a UNet++ from one node, train all its levels at once, and cut it down to the level that pays",
#     "Bring all scales to one level as UNet 3+ does, and let a convolution look again as in R2U-Net",
#     "Tell parameters, operations and seconds apart, and judge networks by the cost that matters to you",
# ]
# survey = "2.3"
# budget = { seconds = 110, memory_gb = 1.5 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# Every U-Net has a number that somebody had to guess: how often to halve the image. The paper says four times. Is
# four right for *your* images? To find out you could train a U-Net of each depth. In 2018 Zongwei Zhou and his
# colleagues proposed something neater: build all depths **into one network**, train them together, look which
# one is good enough, and cut the rest off.
#
# The survey says of their UNet++ that it "can automatically learn the importance of different depth features", that
# "the network parameters can be reduced", and that it avoids losing "small target and large target edge information".
# Here you build it and test all three. Two relatives follow: UNet 3+, which joins everything with everything, and
# R2U-Net, which looks twice. At the end all of them meet in one plot: what do you get, and what do you pay?

# %% id="imports"
import copy
import time
from itertools import pairwise

import torch
import torch.nn.functional as F
from IPython.display import Markdown
from torch import nn

from medsegedu import claims, show
from medsegedu.data import NotHere, hippocampus, virtual_patients
from medsegedu.exercises import lesson_05 as ex
from medsegedu.inference import predict
from medsegedu.layers import ConvBlock, initialise, pad_to_multiple
from medsegedu.losses import DeepSupervision, dice_ce_loss
from medsegedu.metrics import evaluate
from medsegedu.models import R2UNet, UNet, UNet3Plus, UNetPlusPlus
from medsegedu.preset import choose
from medsegedu.show import lesson_05 as figures
from medsegedu.training import Ledger, fit
from medsegedu.training.ledger import count_flops

# %% [markdown] id="patients-text"
# ## 1. See it: how deep is deep enough?
#
# The patients are the virtual ones of lesson 03: three contrasts, pixels of 2 mm, tissues and lesions.

# %% id="patients"
train = virtual_patients(24, seed=1)
validation = virtual_patients(4, seed=2)
names = validation.classes  # background, CSF, grey matter, white matter, lesion
complete = [case for case in validation if len(case.label.unique()) == len(names)]  # slices that show all five
case = max(complete, key=lambda case: int((case.label == names.index("lesion")).sum()))
show.case(case, contrasts=validation.contrasts, classes=names)

# %% [markdown] id="depth-text"
# In lesson 03 you measured what depth is worth on them. Here is that result once more.

# %% id="depth-again"
claims.get("03.depth").figure()

# %% [markdown] id="depth-lesson"
# On these images a U-Net that halves the image once came close to one that halves it three times, with a twentieth of
# the weights. Yet on the real hippocampus, where only the *place* tells front from back, the shallow one had a harder
# time. So there is no right depth as such. It depends on how far one has to look to find the answer, and that is a
# property of the data.
#
# Below is a U-Net of depth 4, drawn as the two sides of a triangle. The number i in **i,j** says how often the image
# was halved. *What would a U-Net of depth 1, 2 or 3 look like in this drawing, and which circles would it share with
# this one?*

# %% id="plain"
figures.triangle(plain=True)

# %% [markdown] id="triangle-text"
# They would share the left side, the **encoder**: the first three circles of a U-Net of depth 4 are the encoder of one
# of depth 2. Only the way up differs. So draw all four ways up into one picture, and the triangle fills. That is
# UNet++. The new circles are called **nodes**, X(i, j): i levels down, j steps to the right.
#
# Move the slider. Coloured is what the answer at L1, L2, L3 or L4 needs; grey is what it could do without.
#
# *Two questions. How many arrows end in X(0, 3), and where do they come from? Which nodes does L2 need?*

# %% id="triangle"
show.explore(figures.triangle, level=(1, 4, 1, 4))

# %% [markdown] id="triangle-answers"
# Four arrows end in X(0, 3): three dashed blue ones from everything to its left in the row, and a green one from below, from
# X(1, 2). That is the rule for every node. A U-Net has just one skip a level; here the way across is filled with nodes,
# and each reads **all** before it. So before a skip arrives it has been refined step by step, with the help of what is
# known from deeper down. The authors' idea is that the two maps which meet are then more alike, and easier to join.
#
# And L2 needs the small triangle with i + j of at most 2: six nodes of fifteen.
#
# ## 2. Build it: UNet++
#
# ### Exercise 5.1 - One node (10 minutes, difficulty 2 of 3, the heart of the lesson)
#
# All maps lie in a list of rows: `maps[i][j]` is X(i, j). You get the numbers i and j (j is at least 1), the maps, and
# the two modules that belong to this node:
#
# - `enlarge`, an up-convolution: twice the size, and as many channels as row i has;
# - `block`, the two convolutions: they read j + 1 maps side by side and make one of them.
#
# Join the j maps to the left, from the left to the right, and behind them the enlarged map from below. The row may hold
# more than j maps already; use only those to the left.


# %% id="node"
def nested_node(i, j, maps, enlarge, block):
    """maps[i][j] (N, C_i, H / 2**i, W / 2**i), list of rows -> X(i, j), shaped like the other maps of row i."""
    # region solution
    row = maps[i][:j]  # X(i, 0) to X(i, j - 1)
    up = enlarge(maps[i + 1][j - 1])  # (N, C_i, H / 2**i, W / 2**i)
    return block(torch.cat([*row, up], dim=1))  # (j + 1) * C_i channels become C_i
    # endregion


# %% id="node-check"
nested_node = ex.nested_node.check(nested_node)

# %% [markdown] id="assemble-text"
# Now the whole triangle. Nothing in the class below is new but the order: **diagonal by diagonal**. The first diagonal
# is X(0, 0); then come X(1, 0) and X(0, 1); then X(2, 0), X(1, 1) and X(0, 2). In this order every map is there when a
# node asks for it, and after each diagonal one more answer is ready in the top row.
#
# Each map of the top row gets a **head**, a 1x1 convolution that makes scores of it. So the network has four answers,
# L1 to L4, and `forward` averages them.


# %% id="assemble"
class YourUNetPlusPlus(nn.Module):
    """A UNet++ from your nodes: (N, in_channels, H, W) -> logits (N, classes, H, W), for any H and W."""

    def __init__(self, in_channels, classes, width=16, depth=4):
        super().__init__()
        widths = [width * 2**i for i in range(depth + 1)]  # 16, 32, 64, 128, 256
        encoder = [ConvBlock(a, b) for a, b in pairwise([in_channels, *widths])]
        self.nodes = nn.ModuleList(nn.ModuleList([block]) for block in encoder)
        for i, row in enumerate(self.nodes):
            for j in range(1, depth + 1 - i):
                enlarge = nn.ConvTranspose2d(widths[i + 1], widths[i], 2, stride=2)
                block = ConvBlock((j + 1) * widths[i], widths[i])
                row.append(nn.ModuleDict({"enlarge": enlarge, "block": block}))
        self.scores = nn.ModuleList(nn.Conv2d(width, classes, 1) for _ in range(depth))
        self.multiple = 2**depth
        self.apply(initialise)

    def heads(self, image):
        x = pad_to_multiple(image, self.multiple)  # a little larger, so that every pool finds an even size
        maps = [[] for _ in self.nodes]
        for diagonal in range(len(self.nodes)):
            for j in range(diagonal + 1):
                i = diagonal - j
                node = self.nodes[i][j]
                if j > 0:
                    made = nested_node(i, j, maps, node["enlarge"], node["block"])
                else:
                    made = node(x if i == 0 else F.max_pool2d(maps[i - 1][0], 2))  # the encoder
                maps[i].append(made)
        tops = maps[0][-len(self.scores) :]  # X(0, 1), X(0, 2) ...
        h, w = image.shape[2:]
        return [score(top)[..., :h, :w] for score, top in zip(self.scores, tops, strict=True)]

    def forward(self, image):
        return torch.stack(self.heads(image)).mean(0)  # (N, classes, H, W)


torch.manual_seed(0)
nested = YourUNetPlusPlus(in_channels=3, classes=5)
shape = tuple(nested(case.image[None]).shape)
Markdown(f"Your UNet++ turns {tuple(case.image[None].shape)} into {shape}, the mean of its four answers.")

# %% [markdown] id="cost-text"
# What do the extra nodes cost? The paper reports 9.04 million parameters, against 7.76 million of a U-Net with the same
# encoder. That sounds like next to nothing. *Guess before you run: by how much does the number of **operations** grow,
# multiplications and additions for one image?*

# %% id="cost"
with torch.device("meta"):  # shapes without memory
    papers = {
        "U-Net": UNet(1, 1, width=32, depth=4, norm=None),
        "UNet++": UNetPlusPlus.paper(1, 1),
    }
counts = {name: sum(weight.numel() for weight in net.parameters()) for name, net in papers.items()}
gigaflops = {name: count_flops(net, torch.zeros(1, 1, 96, 96)) / 1e9 for name, net in papers.items()}
ratios = [cost["UNet++"] / cost["U-Net"] for cost in (counts, gigaflops)]
show.bars(
    {
        "parameters of the U-Net, millions": counts["U-Net"] / 1e6,
        "parameters of UNet++": counts["UNet++"] / 1e6,
        "GFLOP of the U-Net, 96 x 96 pixels": gigaflops["U-Net"],
        "GFLOP of UNet++": gigaflops["UNet++"],
    },
    f"UNet++: {ratios[0]:.2f} x the parameters, {ratios[1]:.1f} x the operations",
    alt="Bars: UNet++ has few more parameters than the U-Net, but does more than twice as many operations.",
)  # fmt: skip

# %% [markdown] id="cost-lesson"
# **Parameters are not compute.** The new nodes lie mostly in the upper rows. There the maps have few channels, so the
# kernels are small; but they have many pixels, and every kernel is applied at every pixel. A table that lists
# parameters alone hides that. Whenever you read "comparable number of parameters", ask for the operations, and better
# still for the seconds.
#
# ### Exercise 5.2 - One loss for all heads (8 minutes, difficulty 1 of 3)
#
# How does one train four answers at once? By asking each of them to be right: take the same loss for each head, and
# train on the weighted mean. This is **deep supervision**: inner layers hear from the truth directly, and not only
# through all that lies behind them. Without it we could not prune: L1 to L3 would never have been asked for an answer.
#
# `weights` are numbers, one a head. A weighted mean divides by the sum of the weights, so that the loss keeps its scale
# however many heads there are.


# %% id="supervision"
def deep_supervision(heads, label, loss, weights):
    """heads, a list of logits (N, C, H, W); label (N, H, W); loss(logits, label) -> the weighted mean, a scalar tensor."""
    # region solution
    parts = [weight * loss(logits, label) for logits, weight in zip(heads, weights, strict=True)]
    return sum(parts) / sum(weights)
    # endregion


# %% id="supervision-check"
deep_supervision = ex.deep_supervision.check(deep_supervision)

# %% [markdown] id="train-text"
# Train it: one network, one run, four answers, in about half a minute. (The small class tells `fit` to ask your network
# for its `heads`, and hands them to your function.)


# %% id="train"
class AllHeads(DeepSupervision):
    def __call__(self, heads, label):
        return deep_supervision(heads, label, dice_ce_loss, [1.0] * len(heads))


STEPS = choose(smoke=3, quick=250, full=4000)
history = fit(nested, train, steps=STEPS, patch=32, loss=AllHeads(dice_ce_loss))
show.curves({"mean loss of the heads": history.loss}, "step", "loss", alt="The mean loss of the four heads falls.")

# %% [markdown] id="prune-text"
# ## 3. Prune it
#
# ### Exercise 5.3 - Cut the network down (10 minutes, difficulty 2 of 3)
#
# The network is trained. Now suppose L2 is good enough. Then all that L2 does not need can go, and nothing has to be
# trained again: no arrow leads from a grey node to X(0, 2).
#
# Write the function that keeps what the head on X(0, `level`) needs. `nodes[i][j]` is the module of X(i, j). Return a
# new list of rows, with those modules themselves; leave `nodes` as it is, since we shall cut it more than once.


# %% id="prune"
def prune(nodes, level):
    """nodes, a list of rows of modules -> the list of rows of those that X(0, level) needs."""
    # region solution
    kept = []
    for i in range(level + 1):
        kept.append(nodes[i][: level + 1 - i])  # all with i + j <= level
    return kept
    # endregion


# %% id="prune-check"
prune = ex.prune.check(prune)


# %% [markdown] id="levels-text"
# Cut the network down to each of its levels, and measure each on the validation patients: how accurate, how many
# parameters, how many operations, how long for a slice?


# %% id="levels"
def pruned(net, level):
    small = copy.deepcopy(net)
    small.nodes = nn.ModuleList(nn.ModuleList(row) for row in prune(small.nodes, level))
    small.scores = nn.ModuleList([small.scores[level - 1]])
    return small


def milliseconds(net, image=case.image):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        predict(net, image)
        times.append(1000 * (time.perf_counter() - start))
    return min(times)  # the least disturbed one


def measure(net):
    """(mean Dice, parameters, GFLOP, milliseconds a slice)"""
    scores[net] = evaluate(lambda c: predict(net, c.image), validation)
    parameters = sum(weight.numel() for weight in net.parameters())
    return (
        scores[net].interval("dice").mean, parameters, count_flops(net, case.image[None]) / 1e9, milliseconds(net)
    )  # fmt: skip


scores = {}
levels = {f"UNet++ L{level}": pruned(nested, level) for level in range(1, 5)}
costs = {name: measure(net) for name, net in levels.items()}
costs["UNet++, mean of all"] = measure(nested)

# %% [markdown] id="explore-text"
# Now the slider prunes. Pink are the wrong pixels, and the numbers stand below the triangle.
#
# *Before you move it: which will suffer most when you cut from L4 down to L1, the broad tissues or the small lesions?*


# %% id="explore"
def look(level):
    net = levels[f"UNet++ L{level}"]
    _, parameters, gflop, ms = costs[f"UNet++ L{level}"]
    tissue = scores[net].interval("dice", names[1:4]).mean
    lesion = scores[net].interval("dice", "lesion").mean
    numbers = [f"{parameters:,} parameters", f"{gflop:.2f} GFLOP, {ms:.0f} ms a slice"]
    numbers.append(f"Dice: tissues {tissue:.3f}, lesions {lesion:.3f}")
    return figures.level(case, predict(net, case.image), level, numbers, names)


show.explore(look, level=(1, 4, 1, 2))

# %% id="levels-table"
curves = {
    part: (["L1", "L2", "L3", "L4"], [scores[net].interval("dice", part).mean for net in levels.values()])
    for part in names[1:]
}
best = max(costs[name][0] for name in levels)
chosen = next(level for level in range(1, 5) if costs[f"UNet++ L{level}"][0] >= best - 0.005)
show.curves(
    curves, "cut to level", "validation Dice", title=f"the shallowest within 0.005 of the best: L{chosen}",
    alt=f"Dice of each structure at levels 1 to 4; the shallowest level near the best is {chosen}.",
)  # fmt: skip

# %% [markdown] id="levels-lesson"
# So which suffers most? Compare the ends of the curves at L1 and L4. In our runs a cut down to L1 cost the grey and the
# white matter half a hundredth to one hundredth of Dice, and the lesions up to three: brightness tells most of it, and
# for that a small window will do.
#
# Look at two more things. **Where the curves flatten**, there is no use in going deeper: what the image has to say has
# been heard. For the broad tissues that is usually early here. And the deepest level need not be much better than the
# one before, and may be worse: it has most of the weights, but no more to say. (The network as a whole answers with the
# *mean* of its four heads. Often that is a little better than any head alone, at the price of them all. You find it in
# the plot of section 6.)
#
# The lesions' curve is the restless one. Four heads share the same maps, and what is rare is learned last: in our
# trials with half as many channels and a shorter training (`width=8`, `steps=200`), some heads had not learned the
# lesions at all, while others had. Try it. It is a fair warning: prune by the numbers of *every* structure that matters
# to you, and not by the mean alone.
#
# Who chooses the level? You do, on validation patients, by a rule that you fix before you look. Ours: the shallowest
# level whose mean Dice is within 0.005 of the best.
#
# ## 4. UNet 3+: every scale at once
#
# UNet++ fills the way between encoder and decoder with nodes. In 2020 Huimin Huang and colleagues asked whether one can
# have the good part, a decoder that reads all scales, without the many nodes. In UNet 3+ each level of the decoder
# reads **every** level: the encoder's maps from above, shrunk; its own; and the decoder's from below, enlarged. Each of
# them goes through its own 3x3 convolution to the same small number of channels. Then all are joined, and one more
# convolution fuses them.
#
# ### Exercise 5.4 - All scales at once (12 minutes, difficulty 2 of 3)
#
# `maps[k]` is the map of level k. Bring all maps to the size of `maps[level]`:
#
# - a larger one by max-pooling (`F.max_pool2d`), so that no fine detail that was found is lost;
# - a smaller one by bilinear interpolation (`F.interpolate(..., mode="bilinear")`, nothing else set);
# - send each, resized, through its own `branches[k]`, join them from the full resolution down, and `fuse` them.


# %% id="fusion"
def full_scale_fusion(maps, level, branches, fuse):
    """maps[k] (N, C_k, H / 2**k, W / 2**k), all k -> what fuse makes of them, of the size H / 2**level, W / 2**level."""
    # region solution
    same_size = []
    for k, x in enumerate(maps):
        if k < level:  # too large
            x = F.max_pool2d(x, 2 ** (level - k))
        elif k > level:  # too small
            x = F.interpolate(x, scale_factor=2 ** (k - level), mode="bilinear")
        same_size.append(branches[k](x))
    return fuse(torch.cat(same_size, dim=1))
    # endregion


# %% id="fusion-check"
full_scale_fusion = ex.full_scale_fusion.check(full_scale_fusion)

# %% [markdown] id="fusion-use-text"
# What does one level get to read? Let the maps be one slice, averaged down again and again, and let the modules do
# nothing. Here are the five channels that arrive at level 1: the same place at five sharpnesses. The first keeps the brightest
# pixel of each square; the last is little more than "there is a head here", but it knows that from far away.

# %% id="fusion-use"
h, w = (size // 16 * 16 for size in case.image.shape[1:])
slice_ = case.image[None, 2:3, :h, :w]  # (1, 1, h, w), FLAIR; cut a little, so that it can be halved four times
pyramid = [F.avg_pool2d(slice_, 2**k) for k in range(5)]  # (1, 1, H / 2**k, W / 2**k)
arriving = full_scale_fusion(pyramid, 1, [nn.Identity()] * 5, nn.Identity())[0]  # (5, H / 2, W / 2)
show.gallery(
    list(arriving), [f"from level {k}" for k in range(5)], columns=5,
    alt="One slice as it arrives at level 1 from five levels: sharp, and then coarser and coarser.",
)  # fmt: skip

# %% [markdown] id="recurrent-text"
# ## 5. R2U-Net: look again
#
# There is another way to see further: not deeper, but **longer**. A recurrent convolution looks at its input, and then
# looks again, now knowing what it saw the first time. Its weights are the same at every look, so more looks cost no
# parameters. In R2U-Net (Zahangir Alom and colleagues, 2018) such layers take the place of the U-Net's convolutions,
# with a **residual sum** around each pair: what goes into the pair is added to what comes out of it.
#
# ### Exercise 5.5 - Look again (10 minutes, difficulty 2 of 3)
#
# x is the input, h the **state**, what the layer holds in mind. `from_input` and `from_state` are two convolutions, with
# a bias or without one.
#
# - The first look: h = relu(norm(from_input(x))). There is no state yet, and `from_state` is not asked.
# - Each look again: the input, as before, **plus** what `from_state` makes of the newest state; normalise; ReLU. That
#   is the new h.
#
# `steps` counts the looks *again*; with 0 an ordinary convolution is left. `norm` is one and the same module at every
# look. (The residual sum around the pair of layers is not yours to write: it stands outside of them.)


# %% id="recurrent"
def recurrent_conv(x, from_input, from_state, norm, steps):
    """x (N, C, H, W); from_input and from_state are convolutions -> the last state h (N, C, H, W)."""
    # region solution
    seen = from_input(x)  # does not change
    h = F.relu(norm(seen))
    for _ in range(steps):
        h = F.relu(norm(seen + from_state(h)))
    return h
    # endregion


# %% id="recurrent-check"
recurrent_conv = ex.recurrent_conv.check(recurrent_conv)

# %% [markdown] id="recurrent-use-text"
# How far does it see? Put a single bright pixel into a black image, and let both kernels be a plain sum of 3x3 pixels.
# Whatever becomes bright has seen the pixel.

# %% id="recurrent-use"
dot = torch.zeros(1, 1, 21, 21)
dot[..., 10, 10] = 1
kernel = nn.Conv2d(1, 1, 3, padding=1, bias=False)
nn.init.ones_(kernel.weight)
reached = [recurrent_conv(dot, kernel, kernel, nn.Identity(), steps)[0, 0] > 0 for steps in range(4)]  # (21, 21) each
wide = [int(seen.any(0).sum()) for seen in reached]
show.gallery(
    [seen.float() for seen in reached], [f"{steps} again: {n} x {n}" for steps, n in enumerate(wide)],
    alt="Squares that grow by two pixels with each look: 3, 5, 7 and 9 pixels wide.",
)  # fmt: skip

# %% [markdown] id="recurrent-lesson"
# Two pixels more with each look, and not one weight more. But each look costs as many operations as the first, and no
# count of parameters shows it. And to double the view, one pool does more than a dozen looks. Is it worth it? Ask the
# data.
#
# ## 6. All in one plot
#
# Four more networks, with the same patients, the same number of steps and the same patches as your UNet++. All of them
# halve the image three times, as L3 does: a U-Net with L3's encoder; a **wider** U-Net, which does about as many
# operations as L3; a UNet 3+; and an R2U-Net with two looks again. (One to two minutes; there is a bar for each.)
#
# *Note your bet: which of them will be the most accurate, and which would you choose?*

# %% id="rivals"
makers = {
    "U-Net": lambda: UNet(3, 5, width=16, depth=3),
    "wider U-Net": lambda: UNet(3, 5, width=24, depth=3),
    "UNet 3+": lambda: UNet3Plus(3, 5, width=16, depth=3),
    "R2U-Net": lambda: R2UNet(3, 5, width=16, depth=3, steps=2),
}
rivals, seconds = {}, {}
for name, make in makers.items():
    torch.manual_seed(0)
    rivals[name] = make()
    seconds[name] = fit(rivals[name], train, steps=STEPS, patch=32).seconds
    costs[name] = measure(rivals[name])

# %% id="plot"
figures.costs(costs, list(levels), unit="validation Dice")

# %% [markdown] id="parts-text"
# The height is a *mean* over three tissues and the lesions. What is it made of? A small network that is trained for
# minutes sometimes never finds the lesions at all; then that one zero drags its mean down by almost a quarter, and the
# plot compares luck instead of designs. So look at the parts before you read the plot.

# %% id="parts"
parts = {name: [scores[net].interval("dice", part).mean for part in names[1:]]
         for name, net in {**levels, "UNet++, mean of all": nested, **rivals}.items()}  # fmt: skip
lines = [f"| {name} | " + " | ".join(f"{dice:.3f}" for dice in row) + " |" for name, row in parts.items()]
unlearned = [
    f"{name} ({part})" for name, row in parts.items() for part, dice in zip(names[1:], row, strict=True) if dice < 0.3
]
verdict = (
    f"**Not learned in this run: {', '.join(unlearned)}.** Leave these points out when you compare the designs."
    if unlearned
    else "Every network learned every structure in this run, so the means can be compared."
)
Markdown("\n".join([f"| | {' | '.join(names[1:])} |", "|---" * len(names) + "|", *lines, "", verdict]))

# %% [markdown] id="plot-lesson"
# Read it panel by panel; further to the upper left is better. The grey line is one training run: your UNet++ at four
# sizes.
#
# - The order changes from panel to panel. A network that is cheap in parameters may be dear in operations, and the
#   other way round; and the seconds follow neither exactly, for many small steps are slower than a few large ones.
# - Look at the height of the axis. How much lies between UNet++ L3 and the two U-Nets, compared with the step from L1
#   to L2? And how many times more does the dearest of these points cost than the cheapest?
# - If a network falls behind (in our runs R2U-Net did), that tells how fast it learns in so short a training, and not how
#   good it may become.
# - It is **one run of each**, on four patients. With another seed points so close together change places. So never tell a ranking
#   from one run; for that there are claims, next.
#
# (One blemish: the same validation patients chose the level and are shown here. It flatters the chosen one a little.
# The ledger below uses patients nobody has touched.)
#
# ## 7. Measure it
#
# Five sentences, each with a rule that was fixed beforehand. Each seed has its own patients for training, for choosing
# the level and for testing.
#
# **Claim 1: does pruning keep the accuracy?** A UNet++ of depth 4 is trained, its level is chosen by the rule above, and
# that one head is compared with the whole network, the mean of its four heads, on new patients. (The networks are
# narrower than yours, 8 channels, and one of them never found the lesions; it counts like the others.)
#
# This is a claim of *sameness*, so its rule differs: it holds if the whole interval stays between the two dashed lines,
# 0.01 Dice on either side. It may lie wholly below 0 all the same. Then both are true: pruning does cost a little, and
# the little is less than what we called "the same" beforehand.
#
# (To save your time these figures show the committed seeds only: `mine = claims.get("05.prune").measure(seed=10)` and
# `claims.get("05.prune").figure(mine)` add a star of your own in half a minute.)


# %% id="claim-prune"
def committed(key):
    if claims.result(key) is None:
        return Markdown(f"This claim has not been measured here: run `medsegedu claims run {key}`.")
    return claims.get(key).figure()


committed("05.prune")

# %% [markdown] id="claim-smaller-text"
# **Claim 2: what does it save?** The same networks, by their parameters. The rule for a *gain*: the interval must lie
# above "no gain", which for a ratio is 1, and the mean must reach what is needed, here 4 times. The interval itself need
# not lie above 4.
#
# *How much does it save to cut just one level of four?*

# %% id="claim-smaller"
committed("05.smaller")

# %% [markdown] id="claim-depth-text"
# Just over 4: each level more doubles the channels, and so makes four times the weights. The dots close to the dashed
# line are the seeds in which the rule picked L3, those far above it picked L2. So the claim is nearly won as soon as
# anything is cut at all; the real news is that something *can* be cut.
#
# **Claim 3: does the net choose its depth?** If the choice means something, it must follow the task. So we ask two
# questions about the *same* healthy patients. Which tissue is this? Brightness tells. Is this the front or the back
# half of the brain? There is nothing in a small window that tells; one has to see the head's outline. *Which level do
# you expect for each?*

# %% id="claim-depth"
committed("05.depth")

# %% [markdown] id="claim-depth-lesson"
# Look at the single seeds before you look at the verdict. (Levels are whole numbers, so lines of several seeds may lie on
# each other.) The network does not choose: it offers four answers, and a rule picks one. Where two levels differ by less
# than chance does, the pick jumps about. So this figure does not tell what depth is *worth* to each task; it tells that
# *which number* the rule picks, on four patients, is another matter. What depth is worth shows in the whole curve. You
# will see one on real people in section 8.
#
# **Claims 4 and 5: does it keep small targets, and does it keep edges?** The survey credits the nested skips with both.
# Against which U-Net should one compare? With the same encoder, UNet++ also has more weights and does two to three times
# the work; some of its gain is bought. The fair opponent gets the same budget of operations and spends it on width. The
# rule compares with that one; the plain U-Net is shown beside it.
#
# First the lesions. *Needed are 0.02 Dice. Does any seed reach them?*

# %% id="claim-small"
committed("05.small")

# %% [markdown] id="claim-edges-text"
# Then the edges: the mean distance in mm between the predicted and the true boundary, so here *less* is better. It counts
# only the tissues that all three networks found in a slice, for who misses one has no boundary. *How far do the seeds
# lie apart, compared with the 5 % that are asked for?*

# %% id="claim-edges"
committed("05.edges")

# %% [markdown] id="claim-rivals-text"
# All four comparisons side by side, in percent of what the opponent has. Right of the dashed line UNet++ is better,
# left of it worse.


# %% id="claim-rivals"
def gains(key, opponent, sign):
    seeds = [row["values"] for row in claims.result(key)["values"]]
    percent = [100 * sign * (values["UNet++"] / values[opponent] - 1) for values in seeds]
    return [round(number, 1) + 0.0 for number in claims.Rule(at_least=1).effect(percent)]  # + 0.0: never "-0.0"


rows = [
    (f"{what}, against the {opponent}", *gains(key, opponent, sign))
    for key, what, sign in (("05.small", "lesion Dice", 1), ("05.edges", "boundary error", -1))
    for opponent in ("U-Net", "wider U-Net")
    if claims.result(key) is not None
]
show.intervals(
    rows, "UNet++ is better by %, mean over seeds and 95 % interval", reference=0, digits=1,
    alt="How many percent UNet++ gains in lesion Dice and boundary error over a U-Net and a wider U-Net, with intervals.",
) if rows else Markdown("Not measured yet.")  # fmt: skip

# %% [markdown] id="claim-lesson"
# Read it like this: where an interval reaches across the dashed line, five seeds cannot tell the two networks apart. The
# lesions' intervals are narrow: they leave room for a gain of a percent or so, and not for the 0.02 Dice of the rule.
# Those of the boundaries are wide: a gain of 5 % may be there or not, and only more seeds could say.
#
# Then compare the two opponents. In papers the new design mostly meets an old one that is *smaller*, and there it looks
# better, as it does here: its mean is higher against the plain U-Net than against the wide one, for the lesions and for
# the edges. How much of a victory is the design, and how much the size? Only an opponent of equal cost can tell.
#
# And mind the limits: these are small networks, trained for minutes, on images with plain lesions. In the UNet++ paper
# the gains were 2 to 6 points of IoU over a U-Net of nearly as many *parameters*, on four real data sets.

# %% [markdown] id="real-text"
# ## 8. Reality check
#
# Real people again: the **hippocampus** in slices. Its front and back are the same tissue, and equally bright. What you
# have just read about place and depth should show here. A UNet++ of depth 3 is trained with deep supervision, cut to
# each level, and judged on people it has never seen. The two sides of one person stay together in the split.
#
# *Which level will be needed here? And will the front and the back need the same?*

# %% id="real-data"
try:
    real = hippocampus(dims=2, slices=choose(smoke=2, quick=6, full=6))
    real_train, real_choose, real_test = real.split((0.5, 0.2, 0.3), seed=0)
    people = [len(part.patients) for part in (real_train, real_choose, real_test)]
    sentence = f"{real}. {people[0]} people train, {people[1]} choose the level, {people[2]} test. {real.citation}"
except NotHere as reason:
    real = None
    sentence = f"**Skipped: the real patients are not here.** {reason} The rest of this section stays empty."
Markdown(sentence)

# %% id="real-train"
real_levels, choosing, results = {}, {}, {}
if real:
    torch.manual_seed(0)
    real_net = YourUNetPlusPlus(1, 3, width=8, depth=3)
    fit(real_net, real_train, steps=choose(smoke=3, quick=200, full=4000), patch=32, loss=AllHeads(dice_ce_loss))
    real_levels = {level: pruned(real_net, level) for level in (1, 2, 3)}
for level, net in real_levels.items():
    choosing[level] = evaluate(lambda c, net=net: predict(net, c.image), real_choose).interval("dice").mean
    results[level] = evaluate(lambda c, net=net: predict(net, c.image), real_test)

# %% id="real-result"
rows = [
    (f"L{level}: {part.split()[0]}", interval.mean, interval.low, interval.high)
    for level, result in results.items()
    for part in result.classes
    for interval in [result.interval("dice", part)]
]
show.intervals(
    rows, "Dice of held-out people, mean and 95 % interval",
    alt="Dice with intervals of both parts of the hippocampus at the three levels of one UNet++.",
) if real else Markdown("Skipped: no real patients.")  # fmt: skip

# %% id="real-choice"
if real:
    picked = next(level for level in choosing if choosing[level] >= max(choosing.values()) - 0.005)
    said = ", ".join(f"L{level} {dice:.3f}" for level, dice in choosing.items())
    sentence = f"On the people for choosing: {said}. The rule picks **L{picked}**; on the virtual patients it picked L{chosen}."
else:
    sentence = "Skipped: no real patients."
Markdown(sentence)

# %% [markdown] id="real-lesson"
# Compare the step from L1 to L2 here with that of the virtual tissues. Where the place decides, the shallow level pays
# for not seeing far; where the brightness decides, it pays little. And the two parts need not pay alike: in our runs L1
# was worse at the front than at the back, by a tenth of Dice. That is what "the network chooses its depth" can mean: it
# shows you the curve, structure by structure. (One training run. The intervals tell how far people differ, not how far
# another run would.)
#
# ## 9. The ledger
#
# Your UNet++, cut to the chosen level, and its two relatives on the course's held-out patients.

# %% id="ledger"
ledger = Ledger()
for name, net, took in (
    ("UNet++, pruned", levels[f"UNet++ L{chosen}"], history.seconds),
    ("UNet 3+", rivals["UNet 3+"], seconds["UNet 3+"]),
    ("R2U-Net", rivals["R2U-Net"], seconds["R2U-Net"]),
):
    ledger.measure("05", name, net, seconds=took)
ledger

# %% [markdown] id="quiz-1"
# ## 10. Quiz
#
# **1. Which maps does the node X(1, 2) read?**
#
# <details><summary>(a) X(1, 1) and X(2, 1).</summary>
# Not all. X(1, 0) is missing: a node reads everything to its left in the row, not only its neighbour.
# </details>
#
# <details><summary>(b) X(1, 0), X(1, 1) and X(2, 1).</summary>
# Yes: the two to its left, and from below the one that lies one row down and one step to the left.
# </details>
#
# <details><summary>(c) X(1, 0), X(1, 1) and X(2, 2).</summary>
# X(2, 2) lies on a later diagonal. It is made only after X(1, 2), and L3 does not even have it.
# </details>

# %% [markdown] id="quiz-2"
# **2. You train a UNet++ with one head, on X(0, 4), and want to prune it to L2 afterwards. What happens?**
#
# <details><summary>(a) It works: the nodes of L2 were trained too.</summary>
# They were trained to be useful to X(0, 4). Nobody ever asked X(0, 2) for an answer, and it has no head to give one. (You
# could train a new head on it afterwards; but that is a second training, and its maps were never made for it.)
# </details>
#
# <details><summary>(b) It needs deep supervision: a head on X(0, 2) that was trained with its own loss.</summary>
# Yes. That is what the weighted mean of all heads' losses is for.
# </details>
#
# <details><summary>(c) It works, if one trains the deepest head for longer.</summary>
# No length of training asks the inner heads anything. Each needs a loss of its own.
# </details>

# %% [markdown] id="quiz-3"
# **3. A paper says: "Our network has only 10 % more parameters than U-Net." What do you know about its speed?**
#
# <details><summary>(a) It is about 10 % slower.</summary>
# UNet++ has 17 % more parameters and does about two and a half times the operations. The one does not follow from the
# other.
# </details>
#
# <details><summary>(b) Nothing yet: a kernel costs its size times the pixels that it is applied to.</summary>
# Yes. Small kernels on large maps are cheap in parameters and dear in operations. Ask for the operations, or measure
# seconds.
# </details>
#
# <details><summary>(c) It is equally fast, because a GPU computes all parameters at once.</summary>
# A GPU does many operations at once, but each of them still has to be done, and twice as many
# keep it busy for longer.
# </details>

# %% [markdown] id="quiz-4"
# **4. At the levels 1 to 4 the validation Dice is 0.902, 0.931, 0.934 and 0.932. Which level do you take?**
#
# <details><summary>(a) L4: more depth can't hurt.</summary>
# Here it is no better than L2 or L3, and costs many times the parameters. And it may hurt: more weights, same data.
# </details>
#
# <details><summary>(b) L3: it has the highest number.</summary>
# A fair answer if accuracy is all. But is 0.003 more than what another seed would change?
# </details>
#
# <details><summary>(c) L2, by a rule fixed beforehand: the shallowest within 0.005 of the best.</summary>
# Yes. But look at each structure alone before you cut: a mean can hide one that only a deep level finds.
# </details>

# %% [markdown] id="quiz-5"
# **5. You raise the number of looks again in an R2U-Net from 2 to 4. What grows?**
#
# <details><summary>(a) The parameters and the operations.</summary>
# The operations do. The weights are shared by all looks, so the parameters stay.
# </details>
#
# <details><summary>(b) The operations and the window that each layer sees, but not the parameters.</summary>
# Yes: two pixels with each look, at the price of one more convolution of the state.
# </details>
#
# <details><summary>(c) Nothing but the accuracy.</summary>
# There is no free accuracy: time grows. Whether the accuracy does is for the data to say.
# </details>

# %% [markdown] id="reading"
# ## 11. What to read
#
# - Z. Zhou et al., *UNet++: A Nested U-Net Architecture for Medical Image Segmentation*, DLMIA 2018,
#   [arXiv:1807.10165](https://arxiv.org/abs/1807.10165). Figure 1 is your triangle; look for the inference time of the
#   pruned levels.
# - Z. Zhou et al., *UNet++: Redesigning Skip Connections to Exploit Multiscale Features in Image Segmentation*, IEEE
#   TMI 2020, [arXiv:1912.05074](https://arxiv.org/abs/1912.05074). The long version, with the question "how deep?" at
#   its start.
# - H. Huang et al., *UNet 3+: A Full-Scale Connected UNet for Medical Image Segmentation*, ICASSP 2020,
#   [arXiv:2004.08790](https://arxiv.org/abs/2004.08790). Also: a small classifier that tells the decoder which organ is
#   not there at all.
# - M. Z. Alom et al., *Recurrent Residual Convolutional Neural Network based on U-Net (R2U-Net)*, 2018,
#   [arXiv:1802.06955](https://arxiv.org/abs/1802.06955). Vessels, skin and lungs; note how few images.
# - C.-Y. Lee et al., *Deeply-Supervised Nets*, AISTATS 2015, [arXiv:1409.5185](https://arxiv.org/abs/1409.5185). Where
#   the many heads come from.
#
# More paths are one way to use more of what a network has found. Another is to let it decide where to look: lesson 06.
