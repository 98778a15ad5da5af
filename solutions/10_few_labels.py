# /// lesson
# title = "Few labels: what can be learnt from images that nobody has drawn on"
# minutes = 90
# prerequisites = ["03_unet", "04_losses_and_small_targets"]
# objectives = [
#     "Train on labelled and unlabelled patients together: pseudo-labels, FixMatch, a mean teacher, two networks",
#     "Say which pixels of a network's own answer may be learnt from, and what happens to the others",
#     "Draw a label-efficiency curve, with controls that take the same steps",
#     "Divide images without any label, name the parts honestly, and say what that can't find",
# ]
# survey = "4 (1)"
# budget = { seconds = 100, memory_gb = 1.5 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# A scan takes minutes, and every hospital has thousands. A *label*, every tissue outlined by an expert, takes hours, and almost
# no hospital has any. The survey says so at its end: "Medical image data set is difficult to obtain", and "In the absence of
# annotation data, image segmentation under semi-supervised or unsupervised conditions will be one of the main research
# directions in the future."
#
# - **Supervised**: every training image has its label. All lessons so far.
# - **Semi-supervised**: a few have one, many have none.
# - **Unsupervised**: none has one.
#
# In this lesson one patient is labelled and 23 are not. What can the 23 be good for?

# %% id="imports"
import copy
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import Markdown

from medsegedu import claims, show
from medsegedu.data import Augment, NotHere, PatchSampler, Scanner, hippocampus, virtual_patients
from medsegedu.exercises import lesson_10 as ex
from medsegedu.inference import logits, predict
from medsegedu.losses import dice_ce_loss, soft_ncut_loss
from medsegedu.metrics import dice, evaluate
from medsegedu.models import UNet, WNet
from medsegedu.preset import choose
from medsegedu.show import lesson_10 as figures
from medsegedu.training import Ledger, cluster, consistency_weight, fit_few_labels

# %% [markdown] id="see-text"
# ## 1. See it: one of twenty-four
#
# The patients of this lesson come from many scanners: their tissues differ more in brightness, and the shading is stronger,
# than in the lessons before. (With the usual patients one is nearly as good as all, and there would be nothing to learn here.)
# First a slice of the one patient on whom an expert has drawn, then one slice each of eight of the 23 others.
#
# *Cover the first with your hand. From the other eight alone: what could you still find out about brains?*

# %% id="see"
hospitals = Scanner(jitter=0.1, bias=0.2)
train = virtual_patients(24, seed=1, scanner=hospitals)
validation = virtual_patients(4, seed=2, scanner=hospitals)
names = train.classes
labelled, unlabelled = train.of(train.patients[:1]), train.of(train.patients[1:])

drawn = max(labelled, key=lambda case: int((case.label == 1).sum()))  # the slice with most fluid
show.overlay(drawn.image[0], drawn.label, classes=names, spacing=drawn.spacing)

# %% id="see-others"
show.gallery(
    [unlabelled.of([patient])[4].image[0] for patient in unlabelled.patients[:8]],
    ["no label"] * 8,
    same_range=True,
    alt="Eight T1 slices of different patients without labels; their brightness and contrast differ.",
)

# %% [markdown] id="budget-text"
# Here is what the course has measured about it, before you build any of it. Each point is the mean of five seeds, each with
# patients of its own; the bar is its 95 % interval. "supervised" looks at the labelled patients only. The others look at
# the rest of the 24 too, without their labels. All took the same number of steps. (The numbers of labelled patients that you can
# choose are those that have been measured.)
#
# *Move the budget. From how many labelled patients on would you stop paying the expert? And is the gap between supervised and
# the others as wide as you had hoped?*

# %% id="budget"
METHODS = ("supervised", "mean teacher", "pseudo-labels", "fixmatch", "cps")
WHERE = {
    1: ("10.mean_teacher", "10.pseudo_labels", "10.fixmatch", "10.cps"),
    2: ("10.two",),
    4: ("10.four",),
    8: ("10.eight",),
}
curves = {method: {} for method in METHODS}
for number, keys in WHERE.items():
    for result in filter(None, map(claims.result, keys)):  # what has been measured
        for method in set(METHODS) & set(result["arms"]):
            curves[method][number] = [seed["values"][method] for seed in result["values"]]
curves = {method: dict(sorted(points.items())) for method, points in curves.items() if points}
eight = claims.result("10.eight")
ceiling = np.mean([seed["values"]["all 24 labelled"] for seed in eight["values"]]) if eight else None


def budget(labelled_patients, methods):
    shown = {name: points for name, points in curves.items() if methods == "all" or name in ("supervised", methods)}
    means = {name: np.mean(points[labelled_patients]) for name, points in shown.items() if labelled_patients in points}
    said = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
    alt = f"Dice against labelled patients. With {labelled_patients}: {said}."
    return figures.label_curves(shown, at=labelled_patients, ceiling=ceiling, alt=alt)


show.explore(budget, labelled_patients=sorted(curves["supervised"]), methods=["all", *METHODS[1:]])

# %% [markdown] id="start-text"
# ## 2. The start: everything from one patient
#
# First the honest baseline: a U-Net that learns from the one labelled patient, with augmentation, and not too briefly. That
# sounds obvious, and is often not done: a baseline that was stopped early makes every method beside it look good. (In our first
# trials, with fewer steps, no method with unlabelled patients could compete with simply training longer. How much of that is
# left you will see in section 5.) It takes about 15 seconds.
#
# `fit_few_labels` is the course's loop for this lesson. It takes labelled and unlabelled patients and the name of a method;
# "supervised" ignores the unlabelled.

# %% id="start"
augment = Augment(
    flips=(1,), rotation=10, scale=0.1, elastic=0, contrast=0.2, gamma=0.2, bias=0.1, noise=0.1, resolution=1, changed=0.5
)  # fmt: skip
torch.manual_seed(0)
start = UNet(3, len(names), width=12, depth=3)
fit_few_labels(
    start, labelled, unlabelled, method="supervised", steps=choose(smoke=3, quick=400, full=5000), batch=16, rate=1e-2,
    augment=augment,
)  # fmt: skip


def mean_dice(net, dataset):
    """Dice over all slices together, the mean of the four structures."""
    found = torch.stack([predict(net, case.image) for case in dataset])  # (slices, H, W)
    truth = torch.stack([case.label for case in dataset])
    return float(np.mean([dice(found == k, truth == k) for k in range(1, len(names))]))


case = max(unlabelled.of(unlabelled.patients[:8]), key=lambda case: int((case.label == 4).sum()))
figures.maps(
    [case.label, predict(start, case.image)], ["truth (hidden from training)", "the network's answer"], names,
    alt="The true label of an unlabelled patient, and what the network of one patient answers.",
)  # fmt: skip

# %% [markdown] id="pseudo-text"
# ## 3. Pseudo-labels: believe yourself, where you are sure
#
# The network's answer for a patient it has never seen is mostly right. So why not take it for a label, and train on it?
# Because a network that learns its own mistakes becomes surer of them. The remedy of all methods in this section: believe only
# the pixels where the network is *sure*.
#
# ### Exercise 10.1 - Labels from the network (8 minutes, difficulty 1 of 3)
#
# Make a label of logits. A pixel's **confidence** is its largest probability. Where this is *below* the threshold, the label
# is -1, which will mean "ignore"; everywhere else it is the likeliest class.


# %% id="pseudo"
def pseudo_label(logits, threshold):
    """logits (N, classes, *spatial) -> label (N, *spatial) int64, -1 where the network is not sure."""
    # region solution
    chances = torch.softmax(logits, dim=1)
    confidence = chances.max(dim=1).values  # (N, *spatial)
    return torch.where(confidence >= threshold, chances.argmax(dim=1), -1)
    # endregion


# %% id="pseudo-check"
pseudo_label = ex.pseudo_label.check(pseudo_label)

# %% [markdown] id="threshold-text"
# Now move the threshold. Virtual patients have a truth, so we may peek at how often the kept pixels are right; a hospital
# could not. The second picture has the pixels that are kept and wrong, each in the colour of what it is in truth; the third, what
# is kept of the true white matter and of the lesions.
#
# *Which regions are ignored first? Is there a threshold at which all kept pixels are right? And before you look at the third
# picture: of which will more be kept, of the rare lesions or of white matter?*

# %% id="threshold"
scores = logits(start, case.image)[None]  # (1, classes, H, W)


def sure(threshold):
    label = pseudo_label(scores, threshold)[0]
    kept = label >= 0
    right = (label == case.label)[kept].float().mean()
    wrong = torch.where(kept & (label != case.label), case.label, 0)
    white, lesion = (kept[case.label == k].float().mean() for k in (3, 4))
    alt = f"Pseudo-labels at threshold {threshold}: {kept.float().mean():.0%} of the pixels are kept, {right:.1%} of them right."
    two = torch.where(kept & (case.label >= 3), case.label, 0)
    titles = [
        f"kept: {kept.float().mean():.0%}",
        f"kept and wrong: {1 - right:.1%}",
        f"white {white:.0%}, lesions {lesion:.0%}",
    ]
    return figures.maps([label, wrong, two], titles, names, alt=alt)


show.explore(sure, threshold=(0.3, 0.99, 0.03, 0.9))

# %% [markdown] id="kept-task"
# A high threshold buys right labels, and pays with the pixels that would teach most: those where the network hesitates. These are
# borders, and here much of the white matter, whose brightness differs from scanner to scanner. What is kept is what it knows
# already. And rare is not the same as unsure: a lesion that differs from all around it may be kept nearly whole. No threshold is
# right for everything. Most papers take 0.95.
#
# And what becomes of the ignored? A line of code is quickly written that multiplies the labels by the mask of sure pixels, and
# so turns *I don't know* into class 0, *there is nothing*.
#
# ### Exercise 10.2 - Learn from the kept pixels (10 minutes, difficulty 2 of 3)
#
# The cross-entropy over the pixels whose label is not -1: their **mean**, over all images of the batch together. If no pixel is
# kept, the loss is 0, not NaN. Gradients flow to the logits.


# %% id="kept"
def kept_loss(logits, label):
    """logits (N, classes, *spatial), label (N, *spatial) with -1 for "ignore" -> a scalar."""
    # region solution
    kept = label != -1
    each = F.cross_entropy(logits, label.clamp(min=0), reduction="none")  # (N, *spatial)
    return (each * kept).sum() / max(1, int(kept.sum()))
    # endregion


# %% id="kept-check"
kept_loss = ex.kept_loss.check(kept_loss)

# %% [markdown] id="fixmatch-text"
# With these two functions you have a famous method. **FixMatch** looks at each unlabelled patch twice. It makes the
# pseudo-label on the patch as scanned, where the answer is easiest, and learns it on a *changed* copy: other contrast, other
# shading, noise. So it can learn something even where it was sure, namely that these changes do not matter. (Plain
# pseudo-labels use the same patch for both.) The change is of appearance only: a pixel must stay where it is.
#
# A new network, from nothing, with a threshold of 0.8, since it has little time to become sure. In the beginning it knows
# nothing, so the weight of the unlabelled part rises slowly (`consistency_weight`: from 0.7 % to 1 over the run). This takes
# about 25 seconds.
#
# *Before you run it: which share of the pixels is kept in the very first step?*

# %% id="fixmatch"
torch.manual_seed(1)
student = UNet(3, len(names), width=12, depth=3).train()
steps = choose(smoke=5, quick=240, full=4000)
known = PatchSampler(labelled, 32, 16, seed=0)
unknown = PatchSampler(unlabelled, 32, 16, foreground=0, seed=1)  # patches from anywhere; their labels are not used
optimizer = torch.optim.AdamW(student.parameters())
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps, pct_start=0.25)
appearance = replace(augment, flips=(), moved=0)
kept_share, right_share, looks = [], [], {}

for step in range(steps):
    image, label = augment(*known.draw(), known.random)
    scanned, hidden = unknown.draw()  # hidden: for the curve below alone
    changed, _ = appearance(scanned.clone(), hidden, unknown.random)
    answer, easy, hard = student(torch.cat([image, scanned, changed])).chunk(3)  # (16, classes, 32, 32) each

    guess = pseudo_label(easy.detach(), 0.8)
    weight = consistency_weight(step, steps, highest=1.0)
    loss = dice_ce_loss(answer, label) + weight * kept_loss(hard, guess)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()

    kept_share.append(float((guess >= 0).float().mean()))
    right_share.append(float((guess == hidden)[guess >= 0].float().mean()) if (guess >= 0).any() else float("nan"))
    if step in (0, steps // 16, steps // 8, steps // 4, steps // 2, steps - 1):
        looks[f"step {step + 1}"] = pseudo_label(logits(student, case.image)[None], 0.8)[0]
        student.train()

figures.maps(
    list(looks.values()), list(looks), names, columns=3,
    alt="Pseudo-labels of one unlabelled slice as training goes on: first all is ignored, then air is known, then more and more.",
)  # fmt: skip

# %% id="growing"
show.curves(
    {"kept": kept_share, "right, of those kept": right_share}, "step", "share of the unlabelled pixels",
    alt="The share of kept pixels rises quickly from zero; most of those that are kept are right, though never all.",
)  # fmt: skip

# %% [markdown] id="growing-lesson"
# The labels grow. Air comes first, and is half of the picture, so do not be too impressed by the height of the curves. Then
# comes what differs most from all else, and last the border between grey and white matter. In the long run the second curve
# stays a little below 1: some of what the network is sure of is wrong, and by learning it, it will stay so. That is called
# **confirmation bias**, and no method here is free of it.
#
# ## 4. A teacher with a longer memory
#
# Where should a better label come from, if not from an expert? From an *average*. Each step of training leaves the weights
# somewhere near a good place, a little too far this way or that. The mean of the last hundred steps is steadier
# than each of them. This mean is a network too. It is called the **mean teacher**: the student learns by gradients, the
# teacher follows as a running mean (an *exponential moving average*, EMA).
#
# ### Exercise 10.3 - The mean teacher (12 minutes, difficulty 3 of 3)
#
# Change the teacher in place: everything it holds becomes *alpha times its own plus (1 - alpha) times the student's*.
# Everything means parameters **and** buffers: the running mean and variance of batch normalisation. Whole numbers (a count of
# batches) are copied. Alpha is the smaller of 1 - 1 / (step + 1) and `decay`; steps count from 0. At first that makes a plain
# mean, later a fading one. The student stays as it is, and can go on learning. Return alpha.


# %% id="ema"
def ema_update(teacher, student, step, decay):
    """Two networks of one kind; changes the teacher in place -> alpha, the share that it keeps."""
    # region solution
    alpha = min(1 - 1 / (step + 1), decay)
    new = student.state_dict()
    with torch.no_grad():
        for name, old in teacher.state_dict().items():  # tensors that share memory with the teacher
            old.copy_(old * alpha + new[name] * (1 - alpha) if old.is_floating_point() else new[name])
    return alpha
    # endregion


# %% id="ema-check"
ema_update = ex.ema_update.check(ema_update)

# %% [markdown] id="ema-use-text"
# Let a teacher follow a student that learns at a high, constant rate, from the one labelled patient alone. Both are tested on
# patients that neither has seen. *Which of the two curves would you rather stop at a random step?*

# %% id="ema-use"
student_2, teacher = copy.deepcopy(start), copy.deepcopy(start)
optimizer = torch.optim.AdamW(student_2.parameters(), lr=6e-3)
few_slices = validation[::3]
tested, of_student, of_teacher = [], [], []
for step in range(choose(smoke=4, quick=80, full=1000)):
    image, label = augment(*known.draw(), known.random)
    loss = dice_ce_loss(student_2.train()(image), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ema_update(teacher, student_2, step, 0.97)
    if step % 8 == 3:
        tested.append(step + 1)
        of_student.append(mean_dice(student_2, few_slices))
        of_teacher.append(mean_dice(teacher, few_slices))
show.curves(
    {"student": (tested, of_student), "its running mean": (tested, of_teacher)}, "step", "Dice, new patients",
    alt="Dice on new patients: the student's goes up and down from step to step, that of its running mean is smoother.",
)  # fmt: skip

# %% [markdown] id="consistency-task"
# No unlabelled patient was involved in that. Keep it in mind for the measurement: if a mean teacher is better than its
# student, it may be because of the *mean*, and not because of the unlabelled patients. A fair test needs the mean without
# them as a third arm.
#
# ### Exercise 10.4 - Consistency (8 minutes, difficulty 2 of 3)
#
# Now the unlabelled patients. Teacher and student see the same patch, the student in a changed copy; then the student is
# asked to say what the teacher says. There is no threshold. The teacher's doubts count as well: compare **probabilities**, by
# the mean of the squared differences over images, classes and pixels. The gradient reaches the student alone.


# %% id="consistency"
def consistency(student, teacher):
    """Both logits (N, classes, *spatial) -> a scalar."""
    # region solution
    ours = torch.softmax(student, dim=1)
    theirs = torch.softmax(teacher, dim=1).detach()
    return torch.mean((ours - theirs) ** 2)
    # endregion


# %% id="consistency-check"
consistency = ex.consistency.check(consistency)

# %% [markdown] id="sees-text"
# What does the teacher see, what the student (here with stronger changes than in training, so that you see them), and where do
# they disagree? The brighter a pixel of the third picture, the more the student would learn from it; in the fourth picture the
# teacher's wrong pixels are white. *Is the disagreement where the answers are wrong?*

# %% id="sees"
random = np.random.default_rng(3)
changed, _ = replace(appearance, changed=1, contrast=0.6, gamma=0.6, bias=0.4, noise=0.3)(
    case.image[None].clone(), case.label[None], random
)
by_teacher, by_student = logits(teacher, case.image), logits(student_2, changed[0])
gap = (by_teacher.softmax(0) - by_student.softmax(0)).square().sum(0)  # (H, W)
wrong = (by_teacher.argmax(0) != case.label).float()
show.gallery(
    [case.image[0], changed[0, 0], gap, wrong],
    ["the teacher sees", "the student sees", f"they disagree: {consistency(by_student[None], by_teacher[None]):.4f}",
     "the teacher is wrong"],
    alt="A slice as scanned, the same slice with other contrast and shading, where the answers differ, where they are wrong.",
)  # fmt: skip

# %% [markdown] id="cps-text"
# One more idea, and it needs no new function. In **cross pseudo supervision** (CPS) two networks start from different random
# weights, and each takes the other's answer for its label, all pixels of it. They make different mistakes in the beginning, so
# each can correct the other. When they have come to agree, there is nothing left to learn. It costs twice the compute, and
# that has to be said.
#
# ## 5. Measure it
#
# The rules of this race, written down before it was run. All methods start from the same network, trained on the one
# labelled patient (CPS: and a second such network). All go on for the same 200 steps, with the same labelled patches in the
# same order and the same augmentation. So all have the same number of *steps*, but not the same compute. For each labelled patch,
# so many patches pass through a network:
#
# | supervised | pseudo-labels | mean teacher | FixMatch | CPS | supervised, longer |
# |---|---|---|---|---|---|
# | 1 | 2 | 3 | 3 | 4 | 3 (three times the steps) |
#
# So two questions stand side by side in each figure. Is the method better than going on **for as many steps**? That is the
# claim; a gain of 0.01 Dice was asked for beforehand. And is it better than spending about the same **compute** on the labelled
# patient? For that look at "supervised, longer".
#
# The rule of all figures: a claim *holds* if the whole interval lies above 0 and the mean gain is 0.01 or more. It *does not
# hold* if the whole interval lies below 0.01. Else it is *not shown*: five seeds cannot tell.
#
# **Claim 1: mean teacher.** "averaged" is the running mean without any unlabelled patient. *How much of the teacher's gain does
# the mean give alone?*

# %% id="claim-mean-teacher"
claims.get("10.mean_teacher").figure()

# %% [markdown] id="claim-pseudo-text"
# **Claim 2: pseudo-labels.** *Of the five seeds on the right, how many gained anything?*

# %% id="claim-pseudo"
claims.get("10.pseudo_labels").figure()

# %% [markdown] id="own-race-text"
# Now race yourself, in small: the network of section 2 goes on for 50 steps, without and with pseudo-labels, and once more with
# other patches (another seed). It takes about 15 seconds. *Do your two runs agree? And would you expect the same gain for another
# labelled patient? Look at the five points before you answer.*

# %% id="own-race"
gains = []
for seed in (17, 18):
    ends = {}
    for method in ("supervised", "pseudo-labels"):
        net = copy.deepcopy(start)
        fit_few_labels(
            net, labelled, unlabelled, method=method, steps=choose(smoke=2, quick=50, full=1000), batch=16, rate=4e-3,
            augment=augment, seed=seed, progress=False,
        )  # fmt: skip
        ends[method] = mean_dice(net, validation)
    gains.append(ends["pseudo-labels"] - ends["supervised"])
Markdown(
    f"Gain of pseudo-labels: **{gains[0]:+.3f}** Dice in your first run, **{gains[1]:+.3f}** in the second. Both had the *same* "
    "labelled patient, so even if they agree they count as one point of the figure, not as two. (They are shorter than its runs.)"
)

# %% [markdown] id="own-star-text"
# With a minute or two to spare, take part in the real race: `mine = claims.get("10.pseudo_labels").measure(seed=10)` draws
# patients that nobody has looked at before, and `claims.get("10.pseudo_labels").figure(mine)` puts your star beside the five
# seeds.

# %% [markdown] id="claim-fixmatch-text"
# **Claim 3: FixMatch.** It learns on changed patches. *Is its mean above that of "supervised, longer"?*

# %% id="claim-fixmatch"
claims.get("10.fixmatch").figure()

# %% [markdown] id="claim-cps-text"
# **Claim 4: cross pseudo supervision.** The first of the two networks answers. It costs most. *What did the second network buy,
# and for whom: for the good seeds or for the bad ones?*

# %% id="claim-cps"
claims.get("10.cps").figure()

# %% [markdown] id="longer-text"
# All four beside the honest rival. Means of the same five seeds:

# %% id="longer"
rows = ["| | Dice | more than supervised | more than supervised, longer |", "|---|---|---|---|"]
for method in ("supervised, longer", *METHODS[1:]):
    found = next(filter(None, (claims.result(key) for key in WHERE[1] if method in claims.result(key)["arms"])))
    mean = {arm: np.mean([seed["values"][arm] for seed in found["values"]]) for arm in found["arms"]}
    beside = [f"{mean[method] - mean[arm]:+.3f}" for arm in ("supervised", "supervised, longer")]
    rows.append(f"| {method} | {mean[method]:.3f} | {beside[0]} | {beside[1] if method in METHODS else ''} |")
Markdown("\n".join(rows))

# %% [markdown] id="longer-lesson"
# A method whose last column is negative has lost against the simplest rival of all: three times the steps on the labelled patient
# alone; most did in our measurement. Where it is positive, hold it against the spread of the seeds in the figures.

# %% [markdown] id="claim-curve-text"
# **Claims 5 to 7: more labels.** Do unlabelled patients still help when two, four or eight patients are labelled? Here the
# *mean* of the four methods is judged. (To pick the best of four after the race, and to judge that one, would be
# another way of looking at the test.)
#
# The intervals of the figure with which this lesson began are mostly the *patients'*: one seed drew easy ones, the next did
# not. But a seed gives the same patients to every method. So look at the differences instead: each point here is what a method
# gained over the supervised network of the same seed.

# %% id="claim-curve"
figures.label_curves(
    curves, rival="supervised",
    alt=f"Dice gained over supervised with {', '.join(map(str, sorted(curves['supervised'])))} labelled patients, four methods.",
)  # fmt: skip

# %% [markdown] id="claim-budgets-text"
# And the gain of their mean. The dashed line is the 0.01 that was asked for: an interval all to its left *does not hold*, even if
# it lies above 0. Unlabelled patients may help there, but too little to matter.

# %% id="claim-budgets"
rows = []
for key in ("10.two", "10.four", "10.eight"):
    found = claims.result(key)
    if found:
        name = f"{key.split('.')[1]} labelled: {found['verdict']}"
        rows.append((name, found["effect"], found["low"], found["high"]))
show.intervals(
    rows, "gain of the four methods' mean over supervised, Dice", reference=0.01, digits=3,
    alt="Mean gain of four methods: " + "; ".join(f"{name} ({effect:+.3f})" for name, effect, *_ in rows) + ".",
) if rows else Markdown("These claims have not been measured yet.")  # fmt: skip

# %% [markdown] id="claims-lesson"
# Read the figures in this order. First, the *slope*: how much does one more labelled patient give, and how much does a method
# give? Often one more afternoon of an expert does what the cleverest loss does. Second, the grey lines: *who* the one labelled
# patient is moves the Dice more than any method; a single seed proves nothing here. Third, the bar of "supervised, longer": a
# gain that three times the steps would have given as well is a gain of compute, not of unlabelled patients. And for the
# mean teacher, "averaged": a gain that the mean gives alone is not one of unlabelled patients either.
#
# Where a verdict with one labelled patient is "not shown", the gains of five seeds lie too far apart to tell: for one labelled
# patient the method was a great help, for the next it was none. That is a result too. It says how many seeds an honest paper
# needs, and that nobody should promise you a gain from *your* one labelled patient.
#
# Published gains are often larger. The networks are larger too, they train for hours, and the patients differ more than
# ours do; but not every baseline was trained for long enough. Ours could still gain, too: "supervised, longer" says how much.
#
# ## 6. No label at all
#
# Now nobody has drawn anything. What can be said about a slice? Which pixels are *alike*. **Clustering** divides pixels into
# groups by their intensities in three contrasts, and knows nothing of anatomy or of neighbours. **k-means** places k
# centres, gives each pixel to the nearest, moves each centre into the middle of its pixels, and so on. A **Gaussian mixture**
# also learns how wide each group is. **Otsu's** thresholds (lesson 00) do it in one contrast, here with three thresholds and so
# four groups.

# %% id="k-means"
from skimage.filters import threshold_multiotsu
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture


def normalised(image):
    """(C, H, W): mean 0 and deviation 1 of each contrast within the head."""
    head = (image / image.amax((1, 2), keepdim=True)).mean(0) > 0.15
    inside = image[:, head]  # (C, pixels)
    return (image - inside.mean(1)[:, None, None]) / inside.std(1)[:, None, None]


def points(image):
    """(C, H, W) -> (pixels, C)."""
    return image.flatten(1).T.numpy()


CLUSTERS = 8
pool = np.concatenate([points(normalised(case.image)) for case in train])
some = pool[np.random.default_rng(0).choice(len(pool), 20_000)]
thresholds = torch.from_numpy(threshold_multiotsu(some[:, 0], 4))
k_means = KMeans(CLUSTERS, n_init=3, random_state=0).fit(some)
mixture = GaussianMixture(CLUSTERS, random_state=0).fit(some)


def by_pixel(method):
    return lambda image: torch.from_numpy(method.predict(points(image))).long().view(image.shape[1:])


divide = {
    "Otsu, T1": lambda image: torch.bucketize(image[0].contiguous(), thresholds),
    "k-means": by_pixel(k_means),
    "Gaussian mixture": by_pixel(mixture),
}

# %% [markdown] id="ncut-task"
# ### Exercise 10.5 - The soft normalised cut (12 minutes, difficulty 3 of 3)
#
# Can a *network* learn to divide? It needs a loss that knows no label. Let each two pixels have a **bond** w, the same in both
# directions: strong if they are near each other and look alike, weak otherwise. A good division keeps the bonds within its
# segments. For segment k with probabilities p, the share of its bonds that it keeps to itself is
#
# $$\frac{\sum_{ij} w_{ij}\, p_i\, p_j}{\sum_{ij} w_{ij}\, p_i}$$
#
# Each segment costs 1 minus its share, and the loss is the sum of these K costs. Why a share and not the plain number of cut
# bonds? Because to cut off a single pixel cuts hardly any. A segment that nobody claims costs 1 (its share is 0 / 0: count it as
# 0), and its gradient is finite. All bonds may be very weak. Gradients flow to the probabilities.


# %% id="ncut"
def soft_ncut(probabilities, bonds):
    """probabilities (K, pixels), bonds (pixels, pixels) -> a scalar from 0 to K."""
    # region solution
    loss = 0
    for p in probabilities:  # (pixels,)
        loss = loss + 1 - (p @ bonds @ p) / (p @ bonds.sum(dim=1)).clamp(min=1e-12)
    return loss
    # endregion


# %% id="ncut-check"
soft_ncut = ex.soft_ncut.check(soft_ncut)

# %% [markdown] id="ncut-use-text"
# A window of 24 x 24 pixels has 576 x 576 bonds. Rate four ways to divide it in two: by brightness, by the truth (white
# matter), by a straight line, and one pixel against all. In each picture the one part is white and the other black. *Which will
# be cheapest? Is it the truth?*

# %% id="ncut-use"
window = normalised(case.image)[:, 44:68, 40:64]  # (3, 24, 24)
colour = window.flatten(1).T  # (576, 3)
place = torch.cartesian_prod(torch.arange(24.0), torch.arange(24.0))  # (576, 2)
bonds = torch.exp(-(torch.cdist(colour, colour) ** 2) - (torch.cdist(place, place) / 4) ** 2)
bonds = bonds * (torch.cdist(place, place) < 5)
truth = case.label[44:68, 40:64]
halves = {
    "bright": window[0] > window[0].median(),
    "white matter": truth == 3,
    "a line": (torch.arange(24) > 11).expand(24, 24),
    "one pixel": (place == 12).all(1).view(24, 24),
}
prices = {name: float(soft_ncut(torch.stack([half, ~half]).flatten(1).float(), bonds)) for name, half in halves.items()}
show.gallery(
    [window[0], *halves.values()], ["T1", *(f"{name}: {price:.2f}" for name, price in prices.items())], columns=5,
    alt="A window of a slice, and four ways to divide it in two with their normalised cut.",
)  # fmt: skip

# %% [markdown] id="wnet-text"
# One pixel against all is dear, thanks to the share. But a short straight border may cost as little as the truth: the cut knows
# bonds, and no anatomy.
#
# **W-Net** is two U-Nets in a row. The first divides the image into K soft segments, and the normalised cut keeps them
# compact. The second must rebuild the image from the segments alone, which keeps them faithful to it. **Kim's** network (2020)
# works on the slices before it, without any training set. It gives each pixel a response to each of 24 clusters. The cluster with
# the strongest response becomes the pixel's label, the network is trained towards that label, and so on: similar pixels come
# together, and small clusters die out. Our W-Net trains for seconds; the paper's for 50,000 steps.

# %% id="wnet"
torch.manual_seed(0)
w_net, steps = WNet(3, CLUSTERS, width=12, depth=2), choose(smoke=3, quick=200, full=5000)
pool_n = replace(train, cases=tuple(replace(one, image=normalised(one.image)) for one in train))
sampler = PatchSampler(pool_n, 32, 8, foreground=0)
optimizer = torch.optim.AdamW(w_net.parameters())
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps, pct_start=0.25)
for _ in range(steps):
    image, _ = sampler.draw()
    segments = w_net(image)
    loss = soft_ncut_loss(segments, image, radius=4, sigma_intensity=1) + 10 * F.mse_loss(
        w_net.reconstruct(segments), image
    )
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
divide["W-Net"] = lambda image: predict(w_net, image)

# %% [markdown] id="match-task"
# ### Exercise 10.6 - Name the clusters, honestly (12 minutes, difficulty 2 of 3)
#
# Clusters have numbers, not names. To compare them with a truth, somebody must say which class each of them is. The usual
# trick, each cluster gets the class that fits best *on the test image itself*, uses the answers to make the test easier. Do it
# honestly: each cluster gets the class that most of its pixels have in the **training** slices; `train` tells which these are.
# Two clusters may have the same class. Of two equally common classes take the smaller number; a cluster without training pixels
# becomes 0. The table has a row for every number from 0 to the largest in `clusters`, training and test slices together, so
# that `table[k]` is the class of cluster k, also where a number in between does not occur.


# %% id="match"
def match_clusters(clusters, labels, train):
    """clusters, labels (cases, H, W); train (cases,) bool -> classes (largest cluster + 1,) int64."""
    # region solution
    seen, drawn = clusters[train], labels[train]
    table = []
    for k in range(int(clusters.max()) + 1):
        votes = drawn[seen == k].bincount(minlength=int(labels.max()) + 1)
        table.append(votes.argmax())  # the first of the largest; 0 if all are zero
    return torch.stack(table)
    # endregion


# %% id="match-check"
match_clusters = ex.match_clusters.check(match_clusters)

# %% [markdown] id="match-use-text"
# All methods side by side, named by the one labelled patient, tested on others; in the table, the Dice of each structure. *Which
# structures does nobody find, and why could you have known?*

# %% id="match-use"
tested = validation[1::4]
both = [*labelled, *tested]
images = [normalised(one.image) for one in both]
is_train = torch.tensor([True] * len(labelled) + [False] * len(tested))
divided = {name: torch.stack([method(image) for image in images]) for name, method in divide.items()}
divided["Kim 2020"] = cluster(
    torch.stack(images), min_labels=CLUSTERS, steps=choose(smoke=2, quick=40, full=500), clusters=24, progress=False
)
labels = torch.stack([one.label for one in both])
named, rows = {}, {}
for name, numbers in divided.items():
    table = match_clusters(numbers, labels, is_train)
    named[name] = table[numbers][~is_train]
    rows[name] = [dice(named[name] == k, labels[~is_train] == k) for k in range(1, len(names))]
where = max(range(len(tested)), key=lambda k: int((tested[k].label == 4).sum()))
shown = {"truth": tested[where].label, **{name: answer[where] for name, answer in named.items()}}
figures.maps(
    list(shown.values()), list(shown), names, columns=3,
    alt="The truth of a test slice and five divisions without labels, named on one training patient.",
)  # fmt: skip

# %% id="match-table"
header = "| | " + " | ".join(names[1:]) + " |\n|---|" + "---|" * (len(names) - 1) + "\n"
Markdown(header + "\n".join(f"| {name} | " + " | ".join(f"{d:.2f}" for d in row) + " |" for name, row in rows.items()))

# %% [markdown] id="clusters-lesson"
# k-means and the mixture find grey and white matter well, without a label: there are many pixels of each. Lesions are rare. A
# cluster of their own would have to be worth it among thousands of other pixels, and it is not: "alike" is not "of the same
# meaning". Fluid was mostly lost as well in our runs: from scanner to scanner it has another brightness. Otsu has one contrast
# and four groups, and the air is far darker than all tissue: grey and white matter may then share a group. It gets the name of
# the commoner, and the other has a Dice of 0.00, though every pixel of it lies in a group.
#
# And the two networks? They ask for hours, and got seconds. Kim's network also takes shading for a difference between tissues.
# W-Net may draw a stripe along an edge of the picture: behind the edge a convolution sees zeros, and without a label nobody tells
# it that these mean nothing.
#
# One labelled patient was used here only to give names. Compare these numbers with section 5, where one labelled patient was used
# to *learn*: that is what a label is worth.
#
# **Claim 8: do networks divide better than k-means?** The mean of Kim's and of W-Net, minus k-means.

# %% id="claim-clusters"
claims.get("10.clusters").figure()

# %% [markdown] id="real-text"
# ## 7. Reality check
#
# Real patients: the hippocampus, as sagittal slices. Two people are labelled, 40 are not, and others are held out. One U-Net
# learns from the two; then it goes on with them alone, and once with FixMatch, in about 25 seconds. *Do you expect more from
# the 40 here, or less, than from virtual patients?*

# %% id="real-data"
try:
    real = hippocampus(dims=2)
    real_few, real_rest = real.of(real.patients[:2]), real.of(real.patients[2:42])
    real_test = real.of(real.patients[120:150])
    counts = (
        f"{len(real_few.patients)} people labelled, {len(real_rest.patients)} not, {len(real_test.patients)} held out."
    )
    sentence = f"{real}. {counts} {real.citation}"
except NotHere as reason:
    real = None
    sentence = f"**Skipped: the real patients are not here.** {reason} The rest of this section stays empty."
Markdown(sentence)

# %% id="real-train"
if real:
    torch.manual_seed(0)
    first = UNet(1, len(real.classes), width=12, depth=3)
    options = {"batch": 16, "augment": replace(augment, flips=()), "progress": False}
    fit_few_labels(
        first,
        real_few,
        real_rest,
        method="supervised",
        steps=choose(smoke=3, quick=200, full=3000),
        rate=1e-2,
        **options,
    )
    results = {}
    for method in ("supervised", "fixmatch"):
        net = copy.deepcopy(first)
        fit_few_labels(
            net,
            real_few,
            real_rest,
            method=method,
            steps=choose(smoke=3, quick=100, full=3000),
            rate=4e-3,
            seed=7,
            **options,
        )
        results[method] = evaluate(lambda c, net=net: predict(net, c.image), real_test)
    gain = results["fixmatch"].of("dice") - results["supervised"].of("dice")  # one number a person
    bars = [(f"{method}, {part}", *vars(found.interval("dice", part)).values())
            for method, found in results.items() for part in real.classes[1:]]  # fmt: skip
show.intervals(
    bars, "Dice of held-out people, mean and 95 % interval",
    alt="Dice with intervals of front and back of the hippocampus: supervised by two people, and with 40 more, unlabelled.",
) if real else Markdown("Skipped: no real patients.")  # fmt: skip

# %% id="real-pairs"
Markdown(
    f"FixMatch is better for **{int((gain > 0).sum())} of {len(gain)}** held-out people; the mean difference is "
    f"{gain.mean():+.3f} Dice. (One training run each: another pair of labelled people would give another number.)\n\n"
    "More or less than from virtual patients? There, with one labelled, FixMatch gained "
    f"{claims.result('10.fixmatch')['effect']:+.3f} in the mean of five seeds, and single seeds lay far above and below. So one "
    "real run can't decide; five pairs of labelled people would be a start."
    if real
    else "Skipped: no real patients."
)

# %% [markdown] id="ledger-text"
# ## 8. The ledger
#
# The FixMatch network of section 3, which has seen one labelled patient, on the course's held-out patients. If you have worked
# through the lessons before, compare: the rows above it had 24. HD95 (lesson 00: how far the outlines of the tissues are off)
# becomes large where patches of a tissue are found far from where it is.

# %% id="ledger"
ledger = Ledger()
ledger.measure("10", "U-Net, one labelled patient, FixMatch", student)
ledger

# %% [markdown] id="quiz-1"
# ## 9. Quiz
#
# **1. A code sets the labels of unsure pixels to 0 and trains on them with cross-entropy. What will the network learn?**
#
# <details><summary>(a) Nothing from these pixels: zero is neutral.</summary>
# Zero is a class number, that of the background. Nothing is neutral but leaving the pixel out.
# </details>
#
# <details><summary>(b) To call everything hard background.</summary>
# Yes. Wherever it hesitates, along the border of two tissues for example, it is taught that nothing is there.
# </details>
#
# <details><summary>(c) To be unsure.</summary>
# On the contrary: it is taught one class with certainty.
# </details>

# %% [markdown] id="quiz-2"
# **2. Why must no gradient reach the teacher?**
#
# <details><summary>(a) Because it would take too much memory.</summary>
# It saves some, but that is not the reason.
# </details>
#
# <details><summary>(b) Because then the teacher would give way to the student, mistakes included.</summary>
# Yes. It should hold still, so that the student has to come to it. A teacher that is pulled towards each of the student's answers
# is no steady mean any more.
# </details>
#
# <details><summary>(c) Because the teacher has no weights of its own.</summary>
# It has: the running mean of the student's, in tensors of its own.
# </details>

# %% [markdown] id="quiz-3"
# **3. A paper says that its method with 1,000 unlabelled scans beats supervised training by 0.04 Dice. What do you ask first?**
#
# <details><summary>(a) How the baseline was trained: how long, with which augmentation, with averaged weights?</summary>
# Yes. Section 5 has two such controls, "averaged" and "supervised, longer", and each can eat a part of such a gain.
# </details>
#
# <details><summary>(b) Whether the 1,000 scans were registered.</summary>
# None of these methods needs that.
# </details>
#
# <details><summary>(c) Whether the threshold was 0.95.</summary>
# It matters much less than the baseline.
# </details>

# %% [markdown] id="quiz-4"
# **4. You name 500 clusters by the labels of the test images, and get a Dice of 0.95. What have you shown?**
#
# <details><summary>(a) That unsupervised segmentation works.</summary>
# You have used every test label. With as many clusters as pixels you would have reached 1.00.
# </details>
#
# <details><summary>(b) That the clusters are fine enough to be painted like the answer.</summary>
# Yes, and nothing more. Named on other patients they would have to mean the same thing everywhere.
# </details>
#
# <details><summary>(c) That 500 clusters are better than 8.</summary>
# The score rises with the number of clusters whatever they are, as long as they are named on the test.
# </details>

# %% [markdown] id="quiz-5"
# **5. Why does the student see a changed patch, and the teacher the patch as it was scanned?**
#
# <details><summary>(a) So that the student learns that the change does not matter.</summary>
# Yes: the answer of the easier view is the target on the harder one. With the same view there would be little to learn.
# </details>
#
# <details><summary>(b) So that they never agree, and training goes on.</summary>
# They should agree. A loss that can't become small teaches nothing.
# </details>
#
# <details><summary>(c) Because a teacher can't process changed patches.</summary>
# It is the same kind of network, and could.
# </details>

# %% [markdown] id="reading"
# ## 10. What to read
#
# - A. Tarvainen, H. Valpola, *Mean teachers are better role models*, NeurIPS 2017,
#   [arXiv:1703.01780](https://arxiv.org/abs/1703.01780). The running mean as a teacher; short and clear.
# - K. Sohn et al., *FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence*, NeurIPS 2020,
#   [arXiv:2001.07685](https://arxiv.org/abs/2001.07685). Sections 3 and 4 of this lesson in one loss.
# - X. Chen, Y. Yuan, G. Zeng, J. Wang, *Semi-Supervised Semantic Segmentation with Cross Pseudo Supervision*, CVPR 2021,
#   [arXiv:2106.01226](https://arxiv.org/abs/2106.01226). Two networks that teach each other.
# - A. Oliver et al., *Realistic Evaluation of Deep Semi-Supervised Learning Algorithms*, NeurIPS 2018,
#   [arXiv:1804.09170](https://arxiv.org/abs/1804.09170). What a well-trained baseline does to published gains. Read this one
#   if you read one.
# - L. Yu et al., *Uncertainty-aware Self-ensembling Model for Semi-supervised 3D Left Atrium Segmentation*, MICCAI 2019,
#   [arXiv:1907.07034](https://arxiv.org/abs/1907.07034). A mean teacher for volumes, not followed where it doubts.
# - X. Xia, B. Kulis, *W-Net: A Deep Model for Fully Unsupervised Image Segmentation*, 2017,
#   [arXiv:1711.08506](https://arxiv.org/abs/1711.08506). The normalised cut as a loss.
# - W. Kim, A. Kanezaki, M. Tanaka, *Unsupervised Learning of Image Segmentation Based on Differentiable Feature Clustering*,
#   IEEE TIP 2020, [arXiv:2007.09990](https://arxiv.org/abs/2007.09990). A network that clusters one image.
