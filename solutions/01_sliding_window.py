# /// lesson
# title = "The sliding window: one pixel at a time"
# minutes = 90
# prerequisites = ["00_first_segmentation"]
# objectives = [
#     "Turn a classifier of pictures into a segmentation, pixel by pixel",
#     "Train on classes of very different size, and undo what that does to the probabilities",
#     "Work out how much of the image one answer depends on",
#     "Measure what the sliding window repeats, and what the size of its patches changes",
# ]
# survey = "2.1"
# budget = { seconds = 60, memory_gb = 1.0 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# Lesson 00 told tissue from lesion by brightness alone. In 2012 neural networks were very good at another question: *what
# is in this picture?* Their answer is one word, but a segmentation needs one for every pixel. So Dan Ciresan and his
# colleagues asked for every pixel. Cut out the square around it. Ask the network what stands in the **centre**. Write the
# answer down, move on by one pixel, ask again.
#
# With this they won the contest of 2012 on neurons in electron microscopy, by a large margin. The survey of segmentation
# networks that this course follows (its section 2.1) begins with the idea, and names two faults: "many calculations were
# repeated, which was inefficient", and "the size of image blocks would directly affect the accuracy of segmentation". In
# this lesson you build the sliding window, and then you measure both.

# %% id="imports"
import copy
import functools
import time

import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import Markdown, display

from medsegedu import claims, show
from medsegedu.data import CentrePatchSampler, NotHere, hippocampus, ruler, virtual_patients
from medsegedu.exercises import lesson_01 as ex
from medsegedu.inference import logits
from medsegedu.metrics import bootstrap, evaluate, precision, sensitivity
from medsegedu.models import PatchClassifier
from medsegedu.preset import choose
from medsegedu.show import lesson_01 as figures
from medsegedu.training import Ledger, fit

# %% id="patients"
train = virtual_patients(24, seed=1)
held_out = virtual_patients(4, seed=2)
LESION = train.classes.index("lesion")
case = max(held_out, key=lambda case: int((case.label == LESION).sum()))  # the slice with most lesion

lesion_pixels = (case.label == LESION).nonzero()  # (pixels, 2)
row, column = lesion_pixels[len(lesion_pixels) // 2].tolist()
figures.window(case, row, column, 33, dataset=train, contrast="FLAIR")

# %% [markdown] id="see-text"
# ## 1. See it: a window on a slice
#
# The classifier never sees the slice on the left. It sees the square on the right, in three contrasts (T1, T2 and FLAIR),
# and says one of five words: background, CSF (the fluid), grey matter, white matter, lesion.
#
# How large should the square be? Let us train four classifiers, for squares of 5, 9, 17 and 33 pixels. All get the same
# number of steps and have about ten thousand weights, so that only the size differs. `CentrePatchSampler` draws the
# squares; you will write its two halves yourself in a moment. The cell takes five to thirty seconds.

# %% id="train-four"
STEPS = choose(smoke=3, quick=300, full=3000)
CHANNELS = {5: 88, 9: 16, 17: 16, 33: 16}  # by patch size


def learn(size, sampler, in_channels=3, classes=5):
    """A classifier of patches of `size` pixels, trained on what the sampler draws; and the seconds."""
    torch.manual_seed(0)
    classifier = PatchClassifier(in_channels, classes, patch=size, width=CHANNELS[size])
    history = fit(classifier, sampler, steps=STEPS, loss=F.cross_entropy, progress=False)
    return classifier.cpu().eval(), history.seconds


classifiers, seconds = {}, {}
for size in CHANNELS:
    classifiers[size], seconds[size] = learn(size, CentrePatchSampler(train, size))

for size, classifier in classifiers.items():
    weights = sum(parameter.numel() for parameter in classifier.parameters())
    display(Markdown(f"**{size} px:** {weights:,} weights, trained in {seconds[size]:.1f} s"))


# %% [markdown] id="explore-text"
# Now move the window over a slice that no classifier was trained on. The network gives one number for each class, its
# *logits*; a softmax makes them probabilities. The bars are those for the pixel at the little cross, and the hatched bar is
# the truth.
#
# - Walk across the edge of a lesion, column by column. Where does the answer tip over? Is it the same place for 9 and 33 pixels?
# - Find a place in the cortex, the outer rim of the brain, where 33 pixels go wrong and 9 do not.
# - Push the window into a corner. What does the classifier see beyond the edge of the image?


# %% id="explore"
def look(row, column, size):
    return figures.window(case, row, column, size, classifiers[size], dataset=train, contrast="FLAIR")


height, width = case.label.shape
show.explore(look, row=(0, height - 1, 1, row), column=(0, width - 1, 1, column), size=[17, 5, 9, 33])

# %% [markdown] id="patch-text"
# ## 2. Build it
#
# ### Exercise 1.1 - Cut the patch around a pixel (8 minutes, difficulty 1 of 3)
#
# Everything starts with a pair of scissors. The patch has an odd size, so that there *is* a pixel in the middle. Near the
# border the square hangs over the edge, and something must fill the missing part. A mirror is the usual choice: the rows
# beyond the border repeat those before it in reverse, `... 3 2 1 0 1 2 3 ...`. The border pixel itself is the mirror; it
# comes once.


# %% id="patch"
def extract_patch(image, row, column, size):
    """The square of odd size around a pixel, mirrored at borders: (C, H, W) -> (C, size, size)."""
    # region solution
    half = size // 2
    margins = (half, half, half, half)
    mirrored = F.pad(image[None], margins, mode="reflect")[0]  # (C, H + size - 1, W + size - 1)
    return mirrored[:, row : row + size, column : column + size]  # (C, size, size)
    # endregion


extract_patch = ex.extract_patch.check(extract_patch)

# %% [markdown] id="patch-use-text"
# *Stuck? `ex.extract_patch.hint()` in a new cell gives one hint at a time. That holds for every exercise.*
#
# Your scissors at work: one lesion pixel with more and more of its surroundings, and the upper edge of the image. Which of
# these would be enough for you to say "lesion"? In the last one, look for the mirror.

# %% id="patch-use"
flair = train.contrasts.index("FLAIR")
patches = [extract_patch(case.image, row, column, size)[flair] for size in CHANNELS]
top = int((case.label > 0).any(1).nonzero()[0])  # the first row with brain in it
below = case.image[:, top + 4 :]  # a slice that was cut off, so that the brain meets the edge
edge = extract_patch(below, 0, width // 2 - 6, 33)[flair]
titles = [f"{size} px" for size in CHANNELS]
alt = "One lesion pixel in patches of 5, 9, 17 and 33 pixels, and a mirrored patch at the edge."
show.gallery([*patches, edge], [*titles, "at the edge: mirrored"], columns=5, same_range=True, alt=alt)

# %% [markdown] id="balance-text"
# ### Exercise 1.2 - Draw every class equally often (15 minutes, difficulty 2 of 3)
#
# A batch has 128 patches. If their centres are drawn anywhere, how many show a lesion? Guess, then look at the shares of the
# classes in our training slices.

# %% id="balance-shares"
labels = torch.stack([case.label for case in train])  # (slices, H, W)
shares = torch.bincount(labels.flatten(), minlength=5) / labels.numel()  # (5,)
percent = {name: 100 * float(share) for name, share in zip(train.classes, shares, strict=True)}
said = ", ".join(f"{name} {value:.2f}" for name, value in percent.items())
display(Markdown(f"Of 128 patches drawn anywhere, **{128 * shares[LESION]:.2f}** show a lesion."))
show.bars(percent, "per cent of all pixels", alt=f"Share of each class in per cent of all pixels: {said}.")

# %% [markdown] id="balance-task"
# One in three batches, and there a single pixel. A classifier that has never heard of lesions is right 997 times in 1000, so
# it has little reason to learn the word. Ciresan's remedy: draw as many patches of the rare class as of the others.
#
# Draw `n` positions, equally many of each class **that is present**. What can't be divided goes to the first classes
# (smallest numbers), one more each. A pixel may be drawn twice. All chance comes from `random`, a NumPy generator:
# started with the same *seed*, it draws the same numbers again, and your experiment can be repeated. The label may be one
# slice (H, W) or a stack of slices. `(label == value).nonzero()` lists the places of a class for both, one place in each
# row.


# %% id="balance"
def balanced_sample(label, n, random):
    """n pixels, evenly of all classes present: label (H, W) or (slices, H, W) -> (n, label.ndim)."""
    # region solution
    classes = label.unique()
    positions = []
    for k, value in enumerate(classes):
        candidates = (label == value).nonzero()  # (M, label.ndim)
        count = n // len(classes) + (k < n % len(classes))  # the first classes share what is left over
        positions.append(candidates[random.integers(len(candidates), size=count)])
    return torch.cat(positions)  # (n, label.ndim)
    # endregion


balanced_sample = ex.balanced_sample.check(balanced_sample)


# %% id="balance-see"
def any_pixel(label, n, random):
    """What you would do without thinking: every pixel has the same chance."""
    places = torch.from_numpy(random.integers(label.numel(), size=n))
    return torch.stack(torch.unravel_index(places, label.shape), dim=1)  # (n, label.ndim)


by_lesion = sorted(train, key=lambda case: int((case.label == LESION).sum()))
typical = by_lesion[len(by_lesion) // 2]  # half of the slices have less lesion
drawn = {
    "any pixel": any_pixel(typical.label, 60, np.random.default_rng(0)),
    "balanced": balanced_sample(typical.label, 60, np.random.default_rng(0)),
}
figures.draws(typical, drawn, dataset=train, contrast="FLAIR")


# %% [markdown] id="balance-train-text"
# Does it matter for what is learned? The little class below makes a sampler of your two functions and nothing else. With
# it we train the 9-pixel classifier twice, once on any pixels and once on balanced ones.


# %% id="balance-train"
class YourSampler:
    """Batches of 128 patches and their centres' classes: drawn by `choose`, cut by `extract_patch`."""

    def __init__(self, dataset, size, choose):
        self.dataset, self.size, self.random = dataset, size, np.random.default_rng(0)
        positions = choose(labels, 128 * STEPS, self.random)  # (128 * STEPS, 3): slice, row, column
        self.batches = positions[self.random.permutation(len(positions))].reshape(STEPS, 128, 3)
        self.step = 0

    def draw(self):
        positions = self.batches[self.step]  # (128, 3)
        self.step += 1
        places = positions.tolist()
        patches = [extract_patch(self.dataset[s].image, r, c, self.size) for s, r, c in places]
        return torch.stack(patches), labels[tuple(positions.T)]  # (128, 3, size, size) and (128,)


trained_on = {}
for name, how in {"any pixel": any_pixel, "balanced": balanced_sample}.items():
    trained_on[name], _ = learn(9, YourSampler(train, 9, how))

# %% [markdown] id="balance-judge-text"
# To judge whole slices quickly we borrow `classifier.convolutional()`. It gives the same answers as the sliding window,
# for all pixels at once; lesson 02 shows how that is possible. The honest loop follows in exercise 1.4.
#
# Two questions about the lesions of patients held out. Of their pixels, how many are **found** (the *sensitivity*)? And of
# the pixels that are called lesion, how many are **right** (the *precision*)?


# %% id="balance-judge"
def label_map(classifier, image, shares=None):
    """The likeliest class of each pixel, (C, H, W) -> (H, W); `shares` are for exercise 1.3."""
    scores = logits(classifier.convolutional(), image)  # (classes, H, W)
    probabilities = scores.softmax(0).flatten(1).T  # (H * W, classes)
    if shares is not None:
        probabilities = undo_balance(probabilities, shares)
    return probabilities.argmax(1).reshape(image.shape[1:])  # (H, W)


def found_and_right(classifier, shares=None):
    truth = torch.stack([case.label for case in held_out]) == LESION  # (slices, H, W)
    guess = torch.stack([label_map(classifier, case.image, shares) for case in held_out]) == LESION
    return sensitivity(guess, truth), precision(guess, truth)


measured = {name: found_and_right(classifier) for name, classifier in trained_on.items()}
figures.found_and_right(measured)

# %% [markdown] id="undo-text"
# Trained on any pixels, the classifier says "lesion" for hardly a pixel, mostly for none (with 300 steps; with many
# thousands it would learn it). If nothing at all is called lesion, "right" is 0 of 0, and we draw it as 0. The balanced
# one finds nearly all of them. But it also cries wolf: many pixels that it calls lesion are none. Why?
#
# ### Exercise 1.3 - Undo the balance (6 minutes, difficulty 2 of 3)
#
# In its training every fifth patch was a lesion, so it expects lesions everywhere. In a real slice it is one pixel in four
# hundred. Imagine a patch that speaks neither for lesion nor for white matter. A classifier from the balanced world says
# 50 : 50. But out here white matter is fifty times as common, so the answer should be 2 : 98.
#
# That is Bayes' rule. Weigh each class's probability with its true share, and see to it that each row adds up to 1 again.


# %% id="undo"
def undo_balance(probabilities, shares):
    """(N, K) probabilities from balanced training, (K,) true shares -> (N, K), rows adding up to 1."""
    # region solution
    joint = probabilities * shares  # (N, K)
    return joint / joint.sum(dim=1, keepdim=True)
    # endregion


undo_balance = ex.undo_balance.check(undo_balance)

# %% id="undo-use"
measured["balanced, then undone"] = found_and_right(trained_on["balanced"], shares)
figures.found_and_right(measured)

# %% [markdown] id="undo-after"
# Fewer are found, and nearly all that are called lesion are lesion. Which one is better depends on what you want it for: a
# screening that must not miss anything, or a volume that must be right. You can choose, by `shares`, without training anew.
#
# A shortcut for later: multiplying a probability by a share is the same as *adding the logarithm of the share to the logit*.
# So the correction fits into the classifier's last bias, where it costs nothing. We do that for all four.


# %% id="undo-fold"
def weighed(classifier, shares):
    """A copy of the classifier that has the shares in its last bias."""
    changed = copy.deepcopy(classifier)
    with torch.no_grad():
        changed.output.bias += shares.log()
    return changed


ready = {size: weighed(classifier, shares) for size, classifier in classifiers.items()}

some = torch.stack([extract_patch(case.image, r, column, 9) for r in range(height)])  # (H, 3, 9, 9)
with torch.no_grad():
    in_the_bias = ready[9](some).softmax(1)
    by_hand = undo_balance(classifiers[9](some).softmax(1), shares)
gap = float((in_the_bias - by_hand).abs().max())
display(Markdown(f"The largest difference between the two ways: {gap:.0e}."))

# %% [markdown] id="slide-text"
# ### Exercise 1.4 - Slide the window (10 minutes, difficulty 2 of 3)
#
# All parts are there. For each pixel: cut its window, ask the classifier, keep the largest of the logits. One thing is worth
# some care. Asking a network costs a fixed effort each time, whether you bring one patch or a hundred. So collect the windows
# of one row and ask **once a row**.


# %% id="slide"
def segment_by_patches(classifier, image, size):
    """The class of the window around every pixel, asked row by row: (C, H, W) -> (H, W) int64."""
    # region solution
    height, width = image.shape[1:]
    rows = []
    with torch.inference_mode():
        for row in range(height):
            windows = [extract_patch(image, row, column, size) for column in range(width)]
            scores = classifier(torch.stack(windows))  # (W, C, size, size) -> (W, K)
            rows.append(scores.argmax(dim=1))  # (W,)
    return torch.stack(rows)  # (H, W)
    # endregion


segment_by_patches = ex.segment_by_patches.check(segment_by_patches)


# %% id="slide-clock"
def stopwatch(function, *arguments):
    """What the function returns, and the seconds that it took."""
    start = time.perf_counter()
    return function(*arguments), time.perf_counter() - start


slid, slow = stopwatch(segment_by_patches, ready[33], case.image, 33)
label_map(ready[33], case.image)  # once without the clock, to warm up
borrowed, fast = stopwatch(label_map, ready[33], case.image)
head = 181 * 217 * 181  # voxels of a head at 1 mm
minutes = head / slid.numel() * slow / 60
same = 100 * float((slid == borrowed).float().mean())
display(
    Markdown(
        f"**{slid.numel():,} windows** of 33 pixels: **{slow:.1f} s** for one small slice. A head "
        f"at 1 mm has {head / 1e6:.1f} million voxels; at this pace it takes **{minutes:.0f} minutes**.\n\n"
        f"The borrowed shortcut needs {1000 * fast:.0f} ms, and {same:.1f} % of its labels are the "
        "same. Hold that thought."
    )
)
both = {"9 px": label_map(ready[9], case.image), "33 px": slid}
show.compare(case, both, LESION, class_name="lesion", channel=flair)

# %% [markdown] id="share-text"
# ### Why is it so slow?
#
# Look at two neighbouring windows. How many of their pixels are the same? Slide the second one further away: how far must it
# go until they have nothing in common?

# %% id="share-explore"
show.explore(figures.shared, size=(3, 33, 2, 9), step=(1, 12, 1, 1))

# %% [markdown] id="work-text"
# Each pixel is read once by every window that it lies in: 81 times for 9 pixels, 1,089 times for 33. And it is not only read.
# The first layer multiplies it with the same kernel at the same place, and gets the same number, over and over. Is all of the
# work done 1,089 times, then? Count it.
#
# ### Exercise 1.5 - Count the repeated work (10 minutes, difficulty 2 of 3)
#
# Count multiplications. A network is a list of layers `(channels in, channels out, kernel, pool)`: a convolution without
# padding, then max-pooling by `pool` (1: none). A convolution has a kernel of `kernel x kernel` numbers from every input
# channel to every output channel, and applies it at each place where it fits. Return two numbers:
#
# 1. the multiplications for **one window** of `size x size` pixels,
# 2. the multiplications **per pixel if nothing were computed twice**: then every layer works at one place per pixel. (Behind a
#    pool too. One window has fewer values there, but the next pixel's window pools from another start and needs values of its
#    own; so in the end each pixel has its one.)
#
# (A fully connected layer is a convolution that fits just once. So it needs no rule of its own; more about that in lesson
# 02.)


# %% id="work"
def count_redundant_work(layers, size):
    """[(channels in, channels out, kernel, pool), ...], size -> multiplications (a window, a pixel)."""
    # region solution
    per_window, per_pixel = 0, 0
    for inputs, outputs, kernel, pool in layers:
        one_place = inputs * outputs * kernel * kernel
        size = size - kernel + 1  # the kernel fits in at so many places along a side
        per_window += one_place * size * size
        per_pixel += one_place
        size //= pool
    return per_window, per_pixel
    # endregion


count_redundant_work = ex.count_redundant_work.check(count_redundant_work)


# %% [markdown] id="work-use-text"
# Your function, asked about our four classifiers and about the largest of Ciresan's, with patches of 95 pixels. By what
# factor does the window repeat itself?


# %% id="work-use"
def layers_of(classifier):
    """A PatchClassifier as the list that count_redundant_work takes."""
    convolutions = [layer for layer in classifier.features if isinstance(layer, torch.nn.Conv2d)]
    stages = [(c.in_channels, c.out_channels, c.kernel_size[0], 2) for c in convolutions]
    hidden, classes = classifier.hidden.out_features, classifier.output.out_features
    return [*stages, (stages[-1][1], hidden, classifier.size[0], 1), (hidden, classes, 1, 1)]


networks = {f"{size} px": classifier for size, classifier in classifiers.items()}
networks["95 px (Ciresan 2012)"] = PatchClassifier.paper()
factors = {}
for name, network in networks.items():
    per_window, per_pixel = count_redundant_work(layers_of(network), network.patch)
    factors[name] = per_window / per_pixel
said = ", ".join(f"{name} {factor:.0f}" for name, factor in factors.items())
alt = f"By what factor the sliding window repeats its multiplications, by the size of its patch: {said}."
show.bars(factors, "times as many multiplications as needed", digits=0, log=True, alt=alt)

# %% [markdown] id="work-after"
# About a hundred for 33 pixels, and not 1,089. A window has 30 x 30 = 900 places for the first kernel, so the first
# layer's work is done 900 times. Behind a pool the map is smaller: 12 x 12 = 144 places in the second layer, 2 x 2 = 4 in
# the third, and the last two layers work once. The bar is the mean of all that, weighed with the size of the layers'
# kernels.

# %% [markdown] id="field-text"
# ### Exercise 1.6 - How much one output sees (10 minutes, difficulty 3 of 3)
#
# With windows it is plain how much of the image an answer depends on: the window. In the networks of the next lessons nobody
# cuts windows any more, and the question comes back: which pixels can change this one output? How far it is from the first of
# them to the last, both counted, along one axis, is the **receptive field**. It follows from the layers alone.
#
# A convolution of kernel 3 reads 3 neighbouring values. On the image itself neighbours are 1 pixel apart. Behind a pool of
# stride 2 they are 2 pixels apart, so the same kernel reaches further. And with *dilation* 2 a kernel leaves out every second
# value, as in the figure's top row. Follow the lines down to the pixels, and count from the first blue one to the last.
# (With dilation there may be white ones between them, which are not read: they count, for the field is a span.)

# %% id="field-see"
figures.pyramid([(3, 1, 1), (2, 2, 1), (3, 1, 2)], counted=False)


# %% [markdown] id="field-task"
# Pools and convolutions are alike here: a max-pool of 2 is `(2, 2, 1)`.


# %% id="field"
def receptive_field(layers):
    """[(kernel, stride, dilation), ...], first layer first -> pixels along an axis that one output sees."""
    # region solution
    seen, apart = 1, 1  # a pixel sees itself; neighbours lie one pixel apart
    for kernel, stride, dilation in layers:
        seen += (kernel - 1) * dilation * apart
        apart *= stride
    return seen
    # endregion


receptive_field = ex.receptive_field.check(receptive_field)


# %% id="field-use"
def three_layers(kernel, pool, dilation):
    layers = [(kernel, 1, 1), (pool, pool, 1), (kernel, 1, dilation)]
    return figures.pyramid(layers, receptive_field(layers))


show.explore(three_layers, kernel=(2, 5, 1, 3), pool=(1, 3, 1, 2), dilation=(1, 3, 1, 1))

# %% id="field-paper"
pool = (2, 2, 1)
ciresan = [(4, 1, 1), pool, (5, 1, 1), pool, (4, 1, 1), pool, (4, 1, 1), pool, (3, 1, 1)]
sees = f"it sees **{receptive_field(ciresan)} pixels**, and its patches have 95. None is wasted, none is missing."
display(Markdown(f"Ciresan's largest network, with a fully connected layer on a map of 3 x 3: {sees}"))

# %% [markdown] id="measure-text"
# ## 3. Measure it
#
# ### Is it inefficient?
#
# The survey: "many calculations were repeated, which was inefficient." We count the multiplications for all windows of an
# image and for one pass over it, and then we use the clock. The star is your machine, now; the grey dots are five seeds
# that we measured (a *seed* is one start of the random numbers: another image, other first weights). The claim holds if the
# window needs at least ten times as much. That bound was set before the five seeds were run.
#
# You counted about 104 for 33 pixels; what will the figure say? One thing is missing in your count. The image has a border,
# and one pass must compute the mirrored margin around it as well. That makes the pass a little dearer and the factor a little
# smaller, the more so the smaller the image is.

# %% id="measure-work"
claims.get("01.redundant").figure(claims.get("01.redundant").measure(seed=0))

# %% id="measure-clock"
claims.get("01.slow").figure(claims.get("01.slow").measure(seed=0))

# %% [markdown] id="size-text"
# ### Does the size matter?
#
# "The size of image blocks would directly affect the accuracy of segmentation." Your four classifiers have had the same
# number of steps and of patches. Before you run the cell: which will be best, and which worst? The score is the mean
# *Dice* (how well two areas overlap: 0 not at all, 1 exactly; lesson 00) of the three tissues and the lesions, on
# patients whom none of them has seen. The bound: 0.05 Dice between 33 and 9 pixels.

# %% id="measure-size"
own = {}
for size in CHANNELS:
    evaluation = evaluate(lambda case, size=size: label_map(ready[size], case.image), held_out)
    own[f"{size} px"] = float(evaluation.of("dice").mean())
claims.get("01.block_size").figure(own)

# %% [markdown] id="context-text"
# Are small windows better, then? With three contrasts the brightness of a single pixel nearly gives its class away, and
# there is little that its surroundings could add. So take T2 and FLAIR away. In T1 a lesion is as grey as grey matter,
# and only its place, in the middle of the white, betrays it. Here the score is the Dice of the lesions alone, and the
# bound, again 0.05, lies between 17 and 5 pixels. (These are our five seeds; nothing is trained here.)

# %% id="measure-context"
claims.get("01.block_context").figure()

# %% [markdown] id="size-after"
# All four are poor: with a Dice of about 0.1 to 0.2, most of the lesion is missed, or most of what is called lesion is none.
# T1 is the wrong contrast for lesions, and no clinic would use it alone. But the order has changed: here 17 pixels do better
# than 9 and 5, where they did worse before. Beyond 17 the score rises no more.
#
# So there is no best size, only a best size *for a task*. A small window is sharp but short-sighted. A large one has
# context, but two neighbouring large windows look almost alike, and still the label may change between them; and each pool
# on the way in throws some of the position away.
#
# Mind the limits of our experiment. A large window takes longer to learn: in our runs ten times the steps
# (`MEDSEGEDU_PRESET=full`) halved the gap between 33 and 9 pixels. It was still there.
#
# What one would like is context *and* sharpness. Keep that wish; lesson 03 grants it.
#
# ## 4. Reality check: the hippocampus
#
# Virtual patients are kind. Here are real ones: MRI of the hippocampus, a part of the brain as long as a thumb, with an
# anterior and a posterior part to be told apart. There is only one contrast, and in it the hippocampus is as grey as the
# cortex around it. We split by *patient* (lesson 00), train our four sizes again, and measure on patients held out. Make a
# bet first: will the order be the same as with our virtual patients?

# %% id="real-load"
try:
    real = hippocampus(dims=2)
except NotHere as reason:
    real = None
    display(Markdown(f"*Skipped: {reason} The lesson goes on without it.*"))

# %% id="real-train"
if real is not None:
    real_train, _, real_test = real.split((0.6, 0.2, 0.2), seed=0)
    pixels = torch.cat([case.label.flatten() for case in real_train])
    real_shares = torch.bincount(pixels) / len(pixels)
    real_classifiers, dice_of = {}, {}
    for size in CHANNELS:
        sampler = CentrePatchSampler(real_train, size)
        real_classifiers[size], _ = learn(size, sampler, in_channels=1, classes=3)
        segment = functools.partial(label_map, real_classifiers[size], shares=real_shares)
        evaluation = evaluate(lambda case, segment=segment: segment(case.image), real_test, objects=())
        dice_of[size] = evaluation.of("dice")  # (patients,): the mean of both parts

    rows = [(f"{size} px", bootstrap(values)) for size, values in dice_of.items()]
    more = bootstrap(dice_of[33] - dice_of[9])  # patient by patient
    said = "; ".join(f"{name} {interval}" for name, interval in rows)
    picture = show.intervals(
        [(name, i.mean, i.low, i.high) for name, i in rows],
        f"Dice of {len(real_test.patients)} patients held out: mean and 95 % interval",
        alt=f"Dice of the hippocampus on held-out patients, by the size of the patch: {said}.",
    )
    display(picture)
    display(Markdown(f"The difference in Dice, **33 px minus 9 px**, on the same patients: {more}."))

# %% id="real-look"
if real is not None:
    patient = max(real_test, key=lambda case: int((case.label == 1).sum()))
    maps = {}
    for size in (9, 33):
        maps[f"{size} px"] = label_map(real_classifiers[size], patient.image, real_shares)
    display(show.compare(patient, maps, 1, class_name=real.classes[1], zoom=False))

# %% [markdown] id="real-text"
# In our runs the order was another one: 33 pixels were best, 17 close behind with an interval that overlaps, and 9 and 5
# pixels far below. The sentence below the figure compares 33 with 9 on the same patients: the interval lies clear of 0.
# Brightness says little here, so the surroundings decide, as for lesions in T1. Had we stopped at the virtual patients
# with their three contrasts, we would have written "small windows are best" into a report. That is what reality checks
# are for.
#
# ## 5. The ledger
#
# One row, for the size that did best on our virtual patients. The score comes from the course's ruler, sixteen patients
# on whom no lesson trains. For the operations we dress *your* loop as a network, so that the ledger counts what the
# sliding window really spends. The seconds are those of the training. HD95 is how far the borders of truth and answer lie
# apart, in mm, the worst 5 % left out; lesion F1 counts whole lesions, found or missed or invented. Lesson 00 has more
# about both.


# %% id="ledger"
class Slide(torch.nn.Module):
    """Your loop as a network, for counting: images (1, C, H, W) -> label map (H, W)."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier

    def forward(self, image):
        return segment_by_patches(self.classifier, image[0], self.classifier.patch)


best = max(CHANNELS, key=lambda size: own[f"{size} px"])
on_the_ruler = evaluate(lambda case: label_map(ready[best], case.image), ruler())
name = f"sliding window, {best} px"
Ledger().add("01", name, on_the_ruler, model=Slide(ready[best]), seconds=seconds[best])

# %% [markdown] id="quiz"
# ## 6. Quiz
#
# Decide first, then open an answer; each of them says why it is right or wrong.
#
# **1. Training patches are drawn evenly from five classes. The classifier gives a pixel 0.5 for lesion and 0.5 for white
# matter. What do you write on the map of a whole slice?**
#
# <details><summary>(a) Either: the two are equally likely.</summary>
# In the world of the training batches they are. In the slice white matter is about fifty times as common, so an
# undecided patch is most probably white matter.
# </details>
#
# <details><summary>(b) White matter, after weighing with the true shares.</summary>
# Yes. Probability times share: 0.5 x 0.125 against 0.5 x 0.0025. That is <code>undo_balance</code>.
# </details>
#
# <details><summary>(c) Lesion: missing one is worse.</summary>
# That can be a good reason, but then say so, and choose the shares (or costs) openly. A balanced batch is no
# statement about how bad a mistake is.
# </details>
#
# **2. A window of 33 pixels moves on by one column. How much of what it reads is new?**
#
# <details><summary>(a) One column of 33 pixels, 3 % of it.</summary>
# Yes: 33 of 1,089 pixels. The other 97 % were read a moment ago.
# </details>
#
# <details><summary>(b) Half of it.</summary>
# That would be true for a step of 16 or 17 pixels. The window moves by one.
# </details>
#
# <details><summary>(c) All: each window is an image of its own for the network.</summary>
# That is how the computation treats it, and why it is slow. But the numbers in it are not new.
# </details>
#
# **3. Why mirror the image at its borders, instead of filling up with zeros?**
#
# <details><summary>(a) Zeros would slow the network down.</summary>
# No: a multiplication with zero takes as long as any other.
# </details>
#
# <details><summary>(b) A mirrored border looks like image, a black frame does not.</summary>
# Yes. The classifier should meet at the border what it met in training. (With a background that is black anyway, as
# around a head, the difference is small.)
# </details>
#
# <details><summary>(c) The mirror shows what really lies outside.</summary>
# No. Nobody knows what lies outside; the mirror is a harmless guess.
# </details>
#
# **4. A network has the layers kernel 3, pool 2, kernel 3. Its receptive field is...**
#
# <details><summary>(a) 6: 1 + 2 + 1 + 2.</summary>
# You forgot the pool's stride. Behind it neighbours lie two pixels apart, so the second kernel adds 4, not 2.
# </details>
#
# <details><summary>(b) 8: 1 + 2 + 1 + 4.</summary>
# Yes. The last kernel has two gaps of two pixels each.
# </details>
#
# <details><summary>(c) 10: 1 + 2 + 1 x 2 + 2 x 2 + 1.</summary>
# Too much: the pool's own stride doesn't count for the pool's own kernel, only for what comes behind it.
# </details>
#
# **5. On three contrasts 33-pixel patches scored lower than 9-pixel patches. What does that prove?**
#
# <details><summary>(a) Context is useless.</summary>
# No: with T1 alone the lesions' Dice rose from 5 to 17 pixels, and on the hippocampus 33 did best. Context is worth little
# where a pixel's own brightness says enough.
# </details>
#
# <details><summary>(b) Large windows are worse.</summary>
# Only with this task, this network and these few steps. With more steps the gap becomes smaller.
# </details>
#
# <details><summary>(c) For this task and this training the size matters, and by how much.</summary>
# Yes. That is all that the experiment says, and it is what the survey claims.
# </details>

# %% [markdown] id="read"
# ## 7. What to read
#
# - A. Khamis, F. Andrade, *Advances and Challenges in Deep Learning-Based Medical Image Segmentation*. The survey that the
#   course puts to the test; this lesson is about its section 2.1.
# - D. Ciresan, A. Giusti, L. Gambardella, J. Schmidhuber, *Deep Neural Networks Segment Neuronal Membranes in Electron
#   Microscopy Images*, [NIPS 2012][ciresan]. The sliding window itself: mirrored borders, balanced patches, and what they did
#   about the probabilities.
# - A. Giusti, D. Ciresan and others, *Fast Image Scanning with Deep Max-Pooling Convolutional Neural Networks*, ICIP 2013,
#   [arXiv:1302.1700](https://arxiv.org/abs/1302.1700). The same authors, a year later: how not to compute anything twice.
# - S. Pereira, A. Pinto, V. Alves, C. Silva, *Brain Tumor Segmentation Using Convolutional Neural Networks in MRI Images*,
#   IEEE TMI 2016, [doi:10.1109/TMI.2016.2538465](https://doi.org/10.1109/TMI.2016.2538465). The patch classifier of 33
#   pixels on real brain tumours.
# - M. Saerens, P. Latinne, C. Decaestecker, *Adjusting the Outputs of a Classifier to New a Priori Probabilities*, Neural
#   Computation 2002, [doi:10.1162/089976602753284446](https://doi.org/10.1162/089976602753284446). Exercise 1.3, and what
#   to do when the true shares are unknown.
# - A. Araujo, W. Norris, J. Sim, *Computing Receptive Fields of Convolutional Neural Networks*, Distill 2019,
#   [doi:10.23915/distill.00021](https://doi.org/10.23915/distill.00021). Exercise 1.6 for every kind of network, with
#   pictures.
#
# [ciresan]: https://papers.nips.cc/paper_files/paper/2012/hash/459a4ddcb586f24efd9395aa7662bc7c-Abstract.html
