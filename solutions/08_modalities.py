# /// lesson
# title = "Modalities: T1, T2, FLAIR and the next scanner"
# minutes = 85
# prerequisites = ["03_unet"]
# objectives = [
#     "Say why a network of one contrast fails on another, and show it",
#     "Bring scans of any unit to a common scale, without letting the air decide",
#     "Fuse contrasts early, as channels, or late, as votes",
#     "Train a network that bears a missing contrast, and test it for another scanner",
# ]
# survey = "3 (5)"
# budget = { seconds = 90, memory_gb = 1.5 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# A photograph of a brain would show one thing: how it looks. An MRI scanner takes the same slice many times over and
# shows each time another property of the tissue. T1, T2 and FLAIR are three such **contrasts**; PET and CT are other
# **modalities** altogether. The survey lists this among the difficulties of our field: "Models trained on a certain
# type of data may not be applicable to other data."
#
# That is a warning and a chance. A network that has seen one contrast may be blind in the next; but together, the
# contrasts know more than each of them. In this lesson you measure both. And then you do what a hospital does to every
# network sooner or later: you forget a scan, and you buy another scanner.

# %% id="imports"
from dataclasses import replace

import torch
from IPython.display import Markdown, display
from torch import nn

from medsegedu import claims, show
from medsegedu.data import Augment, NotHere, PatchSampler, Scanner, nuclei, virtual_patients, zscore
from medsegedu.exercises import lesson_08 as ex
from medsegedu.inference import logits, predict
from medsegedu.metrics import dice, evaluate
from medsegedu.models import UNet
from medsegedu.preset import choose
from medsegedu.show import lesson_08 as figures
from medsegedu.training import Ledger, fit

# %% [markdown] id="see-text"
# ## 1. See it: one brain, three stories
#
# *Look for the fluid in the middle of the head (the ventricles), and for the lesions. In which contrast is each of
# them bright, in which dark, in which can you not tell it from its surroundings?*

# %% id="see"
train = virtual_patients(24, seed=1)
validation = virtual_patients(4, seed=2)
names, contrasts = validation.classes, validation.contrasts
fluid, lesion = names.index("CSF"), names.index("lesion")
complete = [case for case in validation if (case.label == fluid).sum() > 100]  # slices through the ventricles
case = max(complete, key=lambda case: int((case.label == lesion).sum()))
show.case(case, contrasts=contrasts, classes=names)

# %% [markdown] id="clouds-text"
# Fluid is black in T1 and white in T2. FLAIR is a T2 in which the fluid is switched off, made for exactly one purpose:
# a lesion beside a ventricle is bright in both, but in FLAIR the ventricle no longer outshines it. And T1 parts grey
# from white matter best.
#
# The next figure takes every pixel by what two contrasts say of it. Along each axis there is a hill for each tissue: what
# one contrast alone can tell. Where two hills lie over each other, no threshold can part them.
#
# *Find a pair of tissues whose hills overlap in both contrasts, and whose clouds still do not.*

# %% id="clouds"


def cloud(across, up):
    return figures.clouds(case, contrasts.index(across), contrasts.index(up), contrasts, names)


show.explore(cloud, across=["T1", "T2", "FLAIR"], up=["FLAIR", "T1", "T2"])

# %% [markdown] id="scale-text"
# ## 2. A common scale
#
# Before any network: what is the unit of these numbers? There is none. A CT scanner measures in Hounsfield units, and
# water is 0 everywhere on earth. An MRI scanner writes whatever its amplifier gave. In the hippocampus data of
# lesson 02 the brightest voxel of one file is in the hundreds, that of another in the millions, and both show the same
# organ. A network that learnt "white matter is 0.85" has learnt something about one amplifier.
#
# The remedy is to let each image be its own measure: subtract its mean, divide by its standard deviation, for each
# contrast by itself. This is called **z-score**. There is one trap: the mean *of what*? More than half of a slice is air.
# If the next radiographer cuts the image closer, there is less of it, and every number changes though the brain is the
# same. So count only the head. Ours is easily found: air is dark in all three contrasts at once.


# %% id="head"
def head(image):
    """image (C, H, W) -> mask (H, W): where the contrasts are bright on average."""
    parts = image / image.amax((1, 2), keepdim=True)
    return parts.mean(0) > 0.15


show.gallery(
    [case.image[0], head(case.image)], ["T1", "the head"], columns=2,
    alt="A T1 slice, and the mask of its head: white inside, black in the air around.",
)  # fmt: skip

# %% [markdown] id="normalise-task"
# ### Exercise 8.1 - A common scale (10 minutes, difficulty 2 of 3)
#
# Bring each contrast to mean 0 and deviation 1 **within the mask**, and set everything outside to 0. It should work for
# slices and volumes, in any unit: tenths, millions or millionths. Use torch's `std` as it is.
#
# A contrast that is the same everywhere in the head (a failed scan, a phantom) should come out as zeros, not as NaN. Its
# deviation is 0 on paper only: the mean of a thousand times 7.7 is rounded, and what is left when you subtract it is a crumb,
# not 0. So do not ask the deviation whether a contrast is constant. Ask the pixels: is the highest equal to the lowest?


# %% id="normalise"
def normalise(image, mask):
    """image (C, *spatial), mask (*spatial) -> (C, *spatial): mean 0, deviation 1 inside, 0 outside."""
    # region solution
    pixels = image[:, mask]  # (C, pixels of the head)
    shape = [len(image)] + [1] * mask.ndim  # (C, 1, 1) or (C, 1, 1, 1)
    centred = image - pixels.mean(1).reshape(shape)
    flat = pixels.max(1).values == pixels.min(1).values  # (C,): all pixels the same
    spread = torch.where(flat, torch.inf, pixels.std(1))  # whatever is divided by infinity is 0
    return centred / spread.reshape(shape) * mask
    # endregion


# %% id="normalise-check"
normalise = ex.normalise.check(normalise)

# %% [markdown] id="raw-text"
# Does it matter? Train two U-Nets on all three contrasts: one on raw intensities, one on normalised images. Then test
# both on the same patients, and once more with every intensity doubled, as from a scanner with another amplifier.
#
# *Make a guess for each of the four numbers. One of the two networks gives exactly the same answers twice: which, and why?*
# (Two trainings, about ten seconds; each of the longer cells below says how long it takes.)


# %% id="helpers"
def changed(dataset, change, contrasts=None):
    """The dataset with `change(image)` for each image (C, H, W)."""
    cases = tuple(replace(case, image=change(case.image)) for case in dataset)
    return replace(dataset, cases=cases, contrasts=contrasts or dataset.contrasts)


def normalised(image):
    return normalise(image, head(image))


def train_unet(data, seed=0, **options):
    """A new U-Net, trained on a dataset, or on a sampler and its number of channels."""
    channels = options.pop("channels", None) or len(data.contrasts)
    torch.manual_seed(seed)
    unet = UNet(channels, len(names), width=16, depth=3)
    history = fit(unet, data, steps=choose(smoke=3, quick=200, full=3000), patch=32, progress=False, **options)
    unet.seconds = history.seconds  # for the ledger
    return unet


def mean_dice(segment, dataset):
    """Dice over all slices together, the mean of the four structures; `segment`: image -> label map."""
    found = torch.stack([segment(case.image) for case in dataset])  # (slices, H, W)
    truth = torch.stack([case.label for case in dataset])
    return sum(dice(found == k, truth == k) for k in range(1, len(names))) / (len(names) - 1)


def answers_of(unet):
    return lambda image: predict(unet, image)


# %% id="raw"
train_n, validation_n = changed(train, normalised), changed(validation, normalised)
raw = train_unet(train)
early = train_unet(train_n)
twice = changed(validation, lambda image: 2 * image)
show.bars(
    {
        "raw, same scanner": mean_dice(answers_of(raw), validation),
        "raw, twice as bright": mean_dice(answers_of(raw), twice),
        "normalised, same scanner": mean_dice(answers_of(early), validation_n),
        "normalised, twice as bright": mean_dice(answers_of(early), changed(twice, normalised)),
    },
    "Dice, mean of the four structures",
    alt="Bars of the Dice of a raw and a normalised U-Net, on scans as usual and twice as bright.",
)  # fmt: skip

# %% [markdown] id="raw-lesson"
# The normalised network cannot even notice: whatever the factor, the z-score is the same. (Some people take mean and
# deviation from the *training set* and use them for every image. That makes training easy, but it would have failed here
# just like the raw network: the doubled scan still arrives doubled. And who prefers percentiles, say the 1st and the 99th
# as 0 and 1, gets much the same from numbers that a few bright pixels can't move.)
#
# A z-score undoes every straight line, *factor times intensity plus offset*. It does not undo what is bent, nor what differs
# from place to place. How much that costs is a question for section 6.
#
# ## 3. Train on T1, test on T2
#
# Now the survey's warning. One network for each contrast, and each tested on each; all images are normalised. A
# fourth network is trained on all contrasts, but **one at a time**: each image it sees has one channel, and nobody tells
# it which contrast that is.
#
# *Before you run it, fill the table in your mind. Which foreign contrast will each network like least? For the
# fourth, will it be a jack of all trades, and at what price?* (Four trainings, about 20 seconds.)

# %% id="matrix"


def only(dataset, channel):
    return changed(dataset, lambda image: image[channel : channel + 1], contrasts[channel : channel + 1])


single = [train_unet(only(train_n, k)) for k in range(3)]
one_at_a_time = replace(
    only(train_n, 0), cases=tuple(c for k in range(3) for c in only(train_n, k)), contrasts=("any",)
)
any_contrast = train_unet(one_at_a_time)
table = [[mean_dice(answers_of(unet), only(validation_n, k)) for k in range(3)] for unet in [*single, any_contrast]]
figures.matrix(
    table, [*contrasts, "all, one at a time"], contrasts, own=[(0, 0), (1, 1), (2, 2)],
    alt="Dice of four networks on three contrasts: high on the diagonal, low beside it, then a row between.",
)  # fmt: skip

# %% id="foreign"
k = contrasts.index("T2")
answers = {f"trained on {contrasts[j]}": predict(single[j], normalised(case.image)[k : k + 1]) for j in (1, 0)}
show.compare(case, answers, names.index("CSF"), class_name="CSF, in T2", channel=k, zoom=False)

# %% [markdown] id="matrix-lesson"
# The network of T1 has learnt that fluid is dark. In T2 white matter is dark, so it calls parts of that fluid, and passes
# over the bright ventricles. It does not say "I don't know this kind of image"; it answers, quickly and confidently, something
# wrong. Normalising does not help: the scale is
# right, the *meaning* is upside down.
#
# The fourth network shows that the meaning can be learnt: from the look of a patch it must find out which contrast it has
# before it. It is worth far more on a foreign contrast than the specialists. For the same number of steps it
# pays with some accuracy on each of them.
#
# ## 4. Fuse them
#
# If every contrast knows something of its own, show the network all of them. There are two places where they can meet.
#
# - **Early fusion**: at the entrance. The scans are the channels of one image, as red, green and blue are in a photograph.
#   The first convolution may combine them pixel by pixel. The scans must lie exactly over each other (*registered*).
# - **Late fusion**: at the exit. Each contrast has a network of its own, and their answers are merged.
#
# ### Exercise 8.2 - Early fusion (8 minutes, difficulty 1 of 3)
#
# In a hospital the scans of a patient come as files with names, in any order, and not always all of them. Make one image
# of them, with the channels **in the network's order**. A contrast that is missing gets a channel of zeros: since exercise
# 8.1 that is the mean of every contrast, so it claims nothing. At least one of the network's contrasts is there; a scan that
# it does not know is left out.


# %% id="early"
def early_fusion(scans, order):
    """scans {name: (N, *spatial)}, order: the C names of the channels -> image (N, C, *spatial)."""
    # region solution
    some = next(iter(scans.values()))
    channels = []
    for name in order:
        channels.append(scans[name] if name in scans else torch.zeros_like(some))
    return torch.stack(channels, dim=1)  # (N, C, *spatial)
    # endregion


# %% id="early-check"
early_fusion = ex.early_fusion.check(early_fusion)

# %% [markdown] id="early-use-text"
# What if somebody mixes the order up? No error is raised: the shapes agree. You trained the network for T1, T2, FLAIR
# above (`early`); here it gets its channels in three orders. *T2 and FLAIR look alike nearly everywhere. Which of the four
# structures will suffer if the two are exchanged?*

# %% id="early-use"
by_name = dict(zip(contrasts, normalised(case.image)[:, None], strict=True))  # {name: (1, H, W)}
orders = {"T1, T2, FLAIR": contrasts, "T1, FLAIR, T2": ("T1", "FLAIR", "T2"), "FLAIR, T1, T2": ("FLAIR", "T1", "T2")}
answers = {name: predict(early, early_fusion(by_name, order)[0]) for name, order in orders.items()}
figures.matrix(
    [[dice(answer == k, case.label == k) for k in range(1, len(names))] for answer in answers.values()],
    list(answers), names[1:], down="order of the channels", across="Dice of",
    alt="Dice of each structure in one slice, with the channels in the right order and in two wrong ones.",
)  # fmt: skip

# %% id="early-look"
show.compare(case, answers, fluid, class_name="CSF", channel=contrasts.index("T2"), zoom=False)

# %% [markdown] id="early-lesson"
# With T2 and FLAIR exchanged, grey and white matter hardly changed in our runs, and the fluid was gone: the two scans differ
# just there. It is the worse of the two mistakes, because a glance at the brain would not show it. That is why the function
# asks for names.

# %% [markdown] id="late-task"
# ### Exercise 8.3 - Late fusion (12 minutes, difficulty 3 of 3)
#
# Three networks answer, each for its own contrast: M x N x classes x H x W scores. Turn each network's scores into
# **probabilities** (a softmax over the classes), and average those. Why not the scores? A network's scores may be ten
# times as large as another's without its being any better; as probabilities each of them has exactly one vote to spread.
#
# Again something may be missing, for each patient something else. `present[m, n]` tells whether network m has the scan of
# patient n. The mean goes over those that are present; at least one is.


# %% id="late"
def late_fusion(logits, present):
    """logits (M, N, classes, *spatial), present (M, N) bool -> probabilities (N, classes, *spatial)."""
    # region solution
    votes = logits.softmax(dim=2)
    weights = present.float() / present.float().sum(dim=0)  # (M, N)
    while weights.ndim < votes.ndim:
        weights = weights[..., None]  # (M, N, 1, 1, 1)
    return torch.sum(votes * weights, dim=0)  # (N, classes, *spatial)
    # endregion


# %% id="late-check"
late_fusion = ex.late_fusion.check(late_fusion)

# %% [markdown] id="learned-text"
# Every vote counts the same here, although FLAIR knows more of lesions and T1 more of grey matter. The merger can be
# **learned** too: a 1x1 convolution reads the 15 scores of a pixel (three networks, five classes) and makes five of them.
# The networks themselves stay as they are.


# %% id="learned"
class LearnedFusion(nn.Module):
    """(N, 3, H, W) -> logits (N, classes, H, W), from the scores of three trained networks."""

    def __init__(self, networks):
        super().__init__()
        self.networks = list(networks)  # a plain list: their weights are not among those that are trained
        self.merge = nn.Conv2d(len(networks) * len(names), len(names), 1)

    def forward(self, image):
        with torch.no_grad():
            scores = [network(image[:, k : k + 1]) for k, network in enumerate(self.networks)]
        return self.merge(torch.cat(scores, dim=1))  # (N, classes, H, W)


def vote(image, there=(True, True, True)):
    """(3, H, W) -> label map, by the mean of the three networks whose contrast is there."""
    scores = torch.stack([logits(network, image[k : k + 1]) for k, network in enumerate(single)])  # (3, classes, H, W)
    present = torch.tensor(there)[:, None]  # (3, 1)
    return late_fusion(scores[:, None], present)[0].argmax(0)


torch.manual_seed(0)
learned = LearnedFusion(single)
fit(learned, train_n, steps=choose(smoke=3, quick=80, full=500), patch=32, rate=2e-2, progress=False)
tests = {
    f"{name} alone": evaluate(lambda c, k=k: predict(single[k], c.image[k : k + 1]), validation_n)
    for k, name in enumerate(contrasts)
}
tests["late, averaged"] = evaluate(lambda c: vote(c.image), validation_n)
tests["late, learned"] = evaluate(lambda c: predict(learned, c.image), validation_n)
tests["early"] = evaluate(lambda c: predict(early, c.image), validation_n)
rows = [(name, *vars(test.interval("dice")).values()) for name, test in tests.items()]
show.intervals(
    rows, "Dice, mean of structures, with 95 % interval over four patients",
    alt="Dice with intervals of T1, T2 and FLAIR alone, of late fusion averaged and learned, and of early fusion.",
)  # fmt: skip

# %% [markdown] id="fusion-lesson"
# Early fusion sees both contrasts *at the same pixel* before it decides anything: "dark in T1 and bright in FLAIR" is one
# feature of the first layer. Late fusion hears only conclusions. On the other hand its networks can be trained on
# different patients, need no registration, and a missing one is simply not asked. That is the next question.
#
# ## 5. A scan is missing
#
# The patient could not lie still for the last one; the scanner next door has no FLAIR. Three ways to go on: zeros
# for the missing channel in the early fusion, one voter less in the late fusion, or a network that has practised for it.
#
# ### Exercise 8.4 - Modality dropout (10 minutes, difficulty 2 of 3)
#
# While it trains, take contrasts away at random. For each patient of a batch and each channel there is a random
# number between 0 and 1. Where it is **below** `share`, the channel becomes zero throughout; equal to `share`, it stays. If all
# channels of a patient would go, the one with the **largest** number stays. What stays is not scaled up, as ordinary
# dropout would do: the channels are scans. The images that came in must not change.


# %% id="dropout"
def modality_dropout(image, numbers, share):
    """image (N, C, *spatial), numbers (N, C) between 0 and 1, share a float -> (N, C, *spatial)."""
    # region solution
    stays = numbers >= share  # (N, C)
    for patient in range(len(image)):
        stays[patient, numbers[patient].argmax()] = True
    while stays.ndim < image.ndim:
        stays = stays[..., None]  # (N, C, 1, 1)
    return image * stays
    # endregion


# %% id="dropout-check"
modality_dropout = ex.modality_dropout.check(modality_dropout)


# %% id="dropout-use"
class Practice(PatchSampler):
    """Patches as always, with some of their contrasts missing."""

    def draw(self):
        image, label = super().draw()
        numbers = torch.from_numpy(self.random.random(image.shape[:2]))  # (N, C)
        return modality_dropout(image, numbers, share=0.3), label


practised = train_unet(Practice(train_n, 32, 16), channels=3)


def without(image, channel):
    kept = image.clone()
    kept[channel] = 0
    return kept


def missing_table(segment):
    columns = [validation_n] + [changed(validation_n, lambda image, k=k: without(image, k)) for k in range(3)]
    return [mean_dice(segment, dataset) for dataset in columns]


def vote_with_what_is_there(image):
    return vote(image, there=[bool(scan.any()) for scan in image])


figures.matrix(
    [
        missing_table(answers_of(early)),
        missing_table(answers_of(practised)),
        missing_table(vote_with_what_is_there),
    ],
    ["early", "early, with dropout", "late, averaged"], ["all there", "no T1", "no T2", "no FLAIR"], down="fusion",
    alt="Dice of early fusion, early fusion trained with modality dropout, and late fusion, with all scans and without each.",
)  # fmt: skip

# %% [markdown] id="mix-text"
# Play with it. Each slider is the strength of one contrast, from 0 (missing) to 1 (as scanned). The scan on the left is
# the mixture; on the right is what the three ways make of it, and the Dice of the chosen structure.
#
# *FLAIR is off to begin with: look at the lesions. Switch it on, and T1 off, and look at the grey matter. Then let everything
# be there and make T2 alone pale (0.25), and then missing (0), and look at the lesions again. Which of the networks minds a
# pale scan more than a missing one, and why might that be?*


# %% id="mix"
def mix(structure, **strengths):
    strength = torch.tensor([strengths[name] for name in contrasts])[:, None, None]
    image = normalised(case.image) * strength  # (3, H, W)
    mixture = replace(case, image=(case.image * strength).sum(0, keepdim=True))
    answers = {"early": predict(early, image), "early, with dropout": predict(practised, image)}
    if strength.any():
        answers["late"] = vote_with_what_is_there(image)
    return show.compare(mixture, answers, names.index(structure), class_name=structure, zoom=False)


strengths = (0.0, 1.0, 0.25, 1.0)
show.explore(
    mix, T1=strengths, T2=strengths, FLAIR=(0.0, 1.0, 0.25, 0.0), structure=["lesion", "grey matter", "white matter", "CSF"]
)  # fmt: skip

# %% [markdown] id="missing-lesson"
# A network trained on whole sets of scans leans on all of them at once, and zeros are an image that it has never
# seen. The practised one has met every combination, so a missing scan costs it far less. Practice is not free: the same
# weights now serve seven combinations instead of one, and with all scans there the practised network was a little worse in
# our runs. The late fusion had not practised anything, and yet it lost least: each of its networks works on its own scan as
# always. Its price is three networks in the place of one.
#
# And the pale scan? Late fusion does not ask about a missing one. A pale one it asks. The network of T2 then sees numbers near
# 0, the value of the air and of middling tissue: in our runs it called most of the head air and the lesions grey matter, as sure
# of it as ever, and its vote counts like any other. The lesions that the other two had found were gone. Half a piece of
# information can do more harm than none. (Here the slider stands *behind* the normalising. In front of it, nobody would
# notice: a factor is a straight line.)
#
# ## 6. Another scanner
#
# Same contrast, same patient, other machine: another field strength, another receiving coil, other software. Two of its
# effects are easily imitated. The coil hears better what is near to it, so the image gets a smooth **shading** (a *bias
# field*). And the way from tissue to number is **bent**: differences among dark tissues grow and those among
# bright ones shrink, or the other way round. The simplest bent law is a power, *intensity to the gamma*.
#
# ### Exercise 8.5 - The law of another scanner (10 minutes, difficulty 2 of 3)
#
# A power leaves 0 and 1 in their place and bends what lies between. So bring each channel of each patient from its own
# lowest and highest value to 0..1, raise it to its exponent, and bring it back to where it was. Normalised images
# have negative values. A channel that is the same everywhere, as a missing one is, has no range and stays as it is. The unit
# may be any.


# %% id="gamma"
def gamma_law(image, exponent):
    """image (N, C, *spatial), exponent (N, C) above 0 -> (N, C, *spatial), each channel in its old range."""
    # region solution
    flat = image.flatten(2)  # (N, C, pixels)
    lowest = flat.min(2, keepdim=True).values  # (N, C, 1)
    span = flat.max(2, keepdim=True).values - lowest
    parts = (flat - lowest) / torch.where(span > 0, span, 1)  # 0 to 1
    curved = parts ** exponent[..., None]
    return (lowest + curved * span).reshape(image.shape)
    # endregion


# %% id="gamma-check"
gamma_law = ex.gamma_law.check(gamma_law)

# %% id="gamma-use"
gammas = {"T1, gamma 0.5": 0.5, "as it was": 1.0, "gamma 2": 2.0}
bent = [gamma_law(case.image[None], torch.full((1, 3), power))[0, 0] for power in gammas.values()]
show.gallery(
    bent, list(gammas), alt="A T1 slice whose dark tones are lifted, as it was, and with dark tones pushed down."
)

# %% [markdown] id="gamma-use-text"
# Look at the air on the left: there, noise is lifted like everything dark. A scanner bends first and adds its noise
# afterwards, so its air stays black. For a test we therefore let the *scanner* of our virtual patients have the law,
# `Scanner(gamma=...)`.
#
# For training your law will do. If we know what the next scanner may do, we can show it to the network beforehand: change
# the training images at random. This is **augmentation**, and `Augment(gamma=..., contrast=..., bias=...)` does it to whole
# batches: your law with random exponents, another distance to the mean, and a random shading. Which network shall have it?
# Take the raw one of section 2, which has no other protection. (One training, five seconds.)
#
# *Turn gamma. Which network fails first? Is it the same at both ends, below 1 and above?*

# %% id="gamma-explore"
shift = Augment(gamma=0.7, contrast=0.3, bias=0.3, noise=0, resolution=1, moved=0, changed=0.5)  # appearance only
raw_augmented = train_unet(train, augment=shift)
which = [one.id for one in validation].index(case.id)


def scan(gamma, structure):
    new = virtual_patients(4, seed=2, scanner=Scanner(gamma=gamma))[which]  # the same slice from another machine
    answers = {
        "raw": predict(raw, new.image),
        "raw, augmented": predict(raw_augmented, new.image),
        "normalised": predict(early, normalised(new.image)),
    }
    return show.compare(new, answers, names.index(structure), class_name=structure, zoom=False)


show.explore(scan, gamma=(0.4, 2.4, 0.2, 1.8), structure=["white matter", "grey matter", "CSF", "lesion"])

# %% [markdown] id="scanner-text"
# That was one slice. Now all validation patients, imaged by scanners with another law, more shading, or both. (The
# patients' anatomy and lesions are the same to the pixel; only the machine differs.)
#
# *The z-score undoes straight lines only. Which columns should be hard for the normalised network?*

# %% id="scanner"
scanners = {
    "as trained": Scanner(),
    "gamma 0.6": Scanner(gamma=0.6),
    "gamma 2": Scanner(gamma=2.0),
    "shading": Scanner(bias=0.4),
    "gamma 2, shading": Scanner(gamma=2.0, bias=0.4),
}
imaged = [virtual_patients(4, seed=2, scanner=machine) for machine in scanners.values()]
imaged_n = [changed(dataset, normalised) for dataset in imaged]
figures.matrix(
    [
        [mean_dice(answers_of(raw), dataset) for dataset in imaged],
        [mean_dice(answers_of(raw_augmented), dataset) for dataset in imaged],
        [mean_dice(answers_of(early), dataset) for dataset in imaged_n],
    ],
    ["raw", "raw, augmented", "normalised"], list(scanners), down="network",
    alt="Dice of the raw, the augmented and the normalised network on five scanners.",
)  # fmt: skip

# %% [markdown] id="scanner-lesson"
# Two remedies with different ideas. Augmentation shows the network more of the world and lets it find out what stays.
# Normalising takes away a part of the world, so that there is less to learn.
#
# In our runs the normalised network stood the bent laws best, although no z-score unbends anything. But a bend is mostly a
# straight line: it makes the whole head darker or brighter, and that part the z-score does take out. (Over the tissues of
# our slice, a straight line explains more than 90 % of what gamma 0.6 or 2 does to a contrast.) A shading is another matter. It
# differs from place to place, a z-score has one factor for all places, and there the augmented network was the better one.
# Neither knows everything, and no augmentation helps against a scanner that nobody thought of. In practice one takes both.
# Does both give more than one? That is a claim of its own, below.
#
# ## 7. Measure it
#
# Five sentences, each with a rule that was fixed beforehand; grey lines are the committed seeds. Each seed has its own
# patients. Images are normalised, except in the first three arms of claim 4.
#
# The rule is the same for all: a claim *holds* if the interval on the right lies above 0 **and** the mean of the seeds reaches
# what was needed (the dashed line). The interval itself may cross the dashed line, and a single seed may even lie below 0.
#
# **Claim 1: the wrong contrast.** A network of T1 on T2 and one of T2 on T1, against each on its own. *Is what you saw in
# section 3 one unlucky training, or is it always so?*

# %% id="claim-transfer"
claims.get("08.transfer").figure()

# %% [markdown] id="claim-fusion-text"
# **Claim 2: fusion.** Early fusion against the *best* of the three single contrasts, the best being chosen on the very
# patients that are tested, which favours it. *Which single contrast is the best: always the same one? And where does late
# fusion come in?*

# %% id="claim-fusion"
claims.get("08.fusion").figure()

# %% [markdown] id="claim-missing-text"
# **Claim 3: a missing contrast.** The mean over three tests: no T1, no T2, no FLAIR. The star is your own seed, with patients
# that nobody has looked at before; it takes two trainings, about 15 seconds. The two arms on the right show the price of the
# practice, with all scans there. *Would you pay it in a hospital that has all scans of nine patients in ten?*

# %% id="claim-missing"
mine = claims.get("08.missing").measure(seed=10)
claims.get("08.missing").figure(mine)

# %% [markdown] id="claim-scanner-text"
# **Claims 4 and 5: another scanner**, with gamma 2 and four times the shading. First, networks on raw intensities, without and
# with augmentation; beside them stands the other remedy, normalised and not augmented. Then the same scanner with every image
# normalised: does augmentation still add something? *Guess how the gain of augmentation in the first figure compares with
# that in the second.*

# %% id="claim-scanner"
display(claims.get("08.scanner").figure())
display(claims.get("08.both").figure())

# %% [markdown] id="claims-lesson"
# Read the last two together. If augmentation gives much back in the one and little in the other, then not because it is
# useless. On raw images most of what it teaches is to bear another brightness, and the z-score gives that for nothing. What is
# left for it is the shading, and against that gain stands its price: a network that is to bear everything needs
# longer to learn anything, and all of ours had the same 200 steps. Lesson: measure a remedy beside the other remedies, not only
# beside doing nothing.
#
# ## 8. Reality check
#
# Virtual contrasts are made by a formula. Here is the real thing, from another field: cell nuclei under the microscope, the
# 2018 Data Science Bowl. Some images show **fluorescence**: nuclei shine on black. Others were **stained** with dyes: nuclei
# are dark purple on pink. A few are **brightfield**. The object is the same, the modality differs. All images become
# one grey channel, by z-score over the whole image (here there is no air). Images of one field of view stay together in
# the split.
#
# *A nucleus is a round blob with an edge in every one of them. Will a network that knows the bright ones find the dark ones?*

# %% id="real-data"
try:
    stains = {name: nuclei(name) for name in ("fluorescence", "stained", "brightfield")}
    real = {name: dataset.split((0.7, 0.3), seed=0) for name, dataset in stains.items()}
    counts = ", ".join(f"{len(dataset)} {name} ({len(dataset.patients)} fields)" for name, dataset in stains.items())
    sentence = f"{counts}. {stains['stained'].citation}"
except NotHere as reason:
    real = None
    sentence = f"**Skipped: the real images are not here.** {reason} The rest of this section stays empty."
Markdown(sentence)


# %% id="real-grey"
def grey(dataset, most):
    """At most so many images, evenly picked, as one channel; large ones are cut to 256 x 256 pixels."""
    cases = []
    for case in list(dataset)[:: -(-len(dataset) // most)]:
        image = zscore(case.image.mean(0, keepdim=True))  # (1, H, W)
        cases.append(replace(case, image=image[:, :256, :256].clone(), label=case.label[:256, :256].clone()))
    return replace(dataset, cases=tuple(cases), contrasts=("grey",))


if real:
    learn = {name: grey(real[name][0], choose(smoke=4, quick=48, full=400)) for name in ("fluorescence", "stained")}
    held_out = {name: grey(real[name][1], choose(smoke=4, quick=24, full=200)) for name in real}
    shown = [held_out[name][len(held_out[name]) // 2] for name in held_out]
    picture = show.gallery(
        [c.image[0] for c in shown], list(held_out), alt="A fluorescence, a stained and a brightfield image of nuclei."
    )
picture if real else Markdown("Skipped: no real images.")

# %% [markdown] id="real-train-text"
# Three networks. The third is an idea that costs one line: half of the fluorescence images are turned into their negative.
# So the network meets dark nuclei on bright ground without ever having seen a stain. (About 15 seconds.)


# %% id="real-train"
class Negatives(PatchSampler):
    """Patches of which every other, by lot, is a negative."""

    def draw(self):
        image, label = super().draw()
        sign = torch.from_numpy(self.random.choice([-1.0, 1.0], len(image))).float()
        return image * sign[:, None, None, None], label


if real:
    samplers = {
        "fluorescence": PatchSampler(learn["fluorescence"], 48, 16),
        "stained": PatchSampler(learn["stained"], 48, 16),
        "fluorescence and negatives": Negatives(learn["fluorescence"], 48, 16),
    }
    nets, dice_of = {}, {}
    for name, sampler in samplers.items():
        torch.manual_seed(0)
        nets[name] = UNet(1, 2, width=8, depth=3)
        fit(nets[name], sampler, steps=choose(smoke=3, quick=150, full=3000), progress=False)
        for stain, images in held_out.items():
            result = evaluate(lambda c, net=nets[name]: predict(net, c.image), images)
            dice_of[name, stain] = result.interval("dice")
    picture = figures.matrix(
        [[dice_of[name, stain].mean for stain in held_out] for name in nets], list(nets), list(held_out),
        own=[(0, 0), (1, 1)],
        alt="Dice on held-out fields: of each network high on its own stain and low on the other; negatives change that.",
    )  # fmt: skip
picture if real else Markdown("Skipped: no real images.")

# %% id="real-intervals"
show.intervals(
    [(f"{name} on {stain}", i.mean, i.low, i.high) for (name, stain), i in dice_of.items()],
    "Dice of held-out fields, mean and 95 % interval",
    alt="The same numbers with their intervals over held-out fields of view.",
) if real else Markdown("Skipped: no real images.")  # fmt: skip

# %% [markdown] id="real-lesson"
# In our runs the specialists were nearly useless on the other stain: what they had learnt first was "bright" or "dark", and
# everything else hung on it. It is the T1 and T2 of section 3 once more, and nobody simulated it. And the negatives? One
# line, no new image, no label, and in our run the third network was about as good on stains as the one that had trained on
# them. It was a good guess at what differs between the two. In brightfield it is not the sign that differs, and there no
# guess and no network helped much. So the question to ask before any remedy is: *what* changes from here to there? (One
# training run each. Some stains have few fields, as the intervals show.)
#
# ## 9. The ledger
#
# On the course's held-out patients: the early fusion that has practised for missing scans. The images of the ruler are raw, so
# the normalising is built into the network.


# %% id="ledger"
class Normalised(nn.Module):
    """Normalise each image, then ask the network."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        return self.network(torch.stack([normalised(one) for one in image]))


ledger = Ledger()
ledger.measure("08", "U-Net, normalised, modality dropout", Normalised(practised), seconds=practised.seconds)
ledger

# %% [markdown] id="quiz-1"
# ## 10. Quiz
#
# **1. Your network was trained on T1 images. A colleague hands you T2 images that were z-scored exactly as yours. What do you
# expect?**
#
# <details><summary>(a) It works: after the z-score all MR images are alike.</summary>
# Their mean and deviation are alike. But fluid is at the dark end of one and at the bright end of the other, and no
# shift or factor above zero turns that round.
# </details>
#
# <details><summary>(b) It answers as confidently as ever, and wrongly.</summary>
# Yes. Nothing in a segmentation network says "this is not my kind of image". If you need that, you must build it.
# </details>
#
# <details><summary>(c) It fails with an error, because the input is of another type.</summary>
# Sadly not. One channel is one channel; the network can't know what it stands for.
# </details>

# %% [markdown] id="quiz-2"
# **2. Why should mean and deviation be taken within the head?**
#
# <details><summary>(a) Because the air is noisy.</summary>
# It is, but little. The trouble is how *much* of it there is.
# </details>
#
# <details><summary>(b) Because the share of air depends on how the scan was cut, and the brain's numbers must not.</summary>
# Yes. The same brain in a wider frame would become brighter, since the zeros pull the mean down.
# </details>
#
# <details><summary>(c) Because the network only looks at the head.</summary>
# It looks at everything. That is why the outside is set to one value that means nothing.
# </details>

# %% [markdown] id="quiz-3"
# **3. T1 and FLAIR of your patients are shifted against each other by some pixels. Which fusion suffers more?**
#
# <details><summary>(a) Early fusion.</summary>
# Yes. Its first layer compares the two at the same pixel, and there they now show different places. Register them first.
# </details>
#
# <details><summary>(b) Late fusion.</summary>
# Less: each network draws its outlines on its own scan in peace. The mean of shifted answers is blurred at the edges,
# though.
# </details>
#
# <details><summary>(c) Neither: convolutions do not mind a shift.</summary>
# They do not mind if the *whole image* is shifted. Here one channel is shifted against the other.
# </details>

# %% [markdown] id="quiz-4"
# **4. In modality dropout, why is what stays not scaled up?**
#
# <details><summary>(a) It should be; the reference forgot it.</summary>
# Ordinary dropout scales up, so that the sum over many interchangeable features stays the same. Scans are not
# interchangeable.
# </details>
#
# <details><summary>(b) Because at test time a T1 beside a missing FLAIR looks as it always does.</summary>
# Yes. Training should show what testing will bring, and a scanner does not brighten one scan because another was not taken.
# </details>
#
# <details><summary>(c) Because batch normalisation would undo it.</summary>
# It could not: it multiplies a channel by the same number for all patients of a batch, and each of them lacks something else.
# </details>

# %% [markdown] id="quiz-5"
# **5. Your hospital gets a new scanner next month. You have a network, and no labelled image of the new machine. What first?**
#
# <details><summary>(a) Augment with everything that can be imagined.</summary>
# It may help, and claim 4 shows how much it can. But it costs accuracy and steps, and you would not know whether it was needed.
# </details>
#
# <details><summary>(b) Normalise each image, and scan a few volunteers on both machines to see what changes.</summary>
# Yes. Cheap remedies first, and a measurement before an expensive one. The same person on both machines is a paired
# experiment, without a single label.
# </details>
#
# <details><summary>(c) Nothing: a network with a Dice of 0.9 generalises.</summary>
# 0.9 was measured on the old machine. The table of section 6 has the same network in other columns.
# </details>

# %% [markdown] id="reading"
# ## 11. What to read
#
# - M. Havaei, N. Guizard, N. Chapados, Y. Bengio, *HeMIS: Hetero-Modal Image Segmentation*, MICCAI 2016,
#   [arXiv:1607.05194](https://arxiv.org/abs/1607.05194). Fusion between early and late: each contrast has its own first
#   layers, and mean and variance of their maps are merged, however many there are.
# - N. Neverova, C. Wolf, G. Taylor, F. Nebout, *ModDrop: adaptive multi-modal gesture recognition*, 2014,
#   [arXiv:1501.00102](https://arxiv.org/abs/1501.00102). Where modality dropout comes from.
# - T. Zhou, S. Ruan, S. Canu, *A review: Deep learning for medical image segmentation using multi-modality fusion*, Array 2019,
#   [doi:10.1016/j.array.2019.100004](https://doi.org/10.1016/j.array.2019.100004). Early, middle and late, with many examples.
# - L. Zhang et al., *Generalizing Deep Learning for Medical Image Segmentation to Unseen Domains via Deep Stacked
#   Transformation*, IEEE TMI 2020; the preprint, [arXiv:1906.03347](https://arxiv.org/abs/1906.03347), has the title *When Unseen
#   Domain Generalization is Unnecessary? Rethinking Data Augmentation*. How far augmentation alone carries to other scanners.
# - B. Billot et al., *SynthSeg: Segmentation of brain MRI scans of any contrast and resolution without retraining*, Medical
#   Image Analysis 2023, [doi:10.1016/j.media.2023.102789](https://doi.org/10.1016/j.media.2023.102789). The fourth row of
#   section 3 taken to its end: trained on images of random contrast, all of them virtual.
