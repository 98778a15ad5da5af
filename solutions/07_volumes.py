# /// lesson
# title = "Volumes: 3D U-Net and V-Net"
# minutes = 85
# prerequisites = ["03_unet"]
# objectives = [
#     "Say where in the body a voxel lies, and keep it there through every change of grid",
#     "Count what a third dimension costs in parameters, and what it buys",
#     "Predict a volume that does not fit into memory, in overlapping windows without seams",
#     "Save a prediction that lies over its image in every viewer",
# ]
# survey = "3 (4)"
# budget = { seconds = 120, memory_gb = 1.5 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# Everything so far was flat. A patient is not. An MRI or CT scan is a stack of slices, and whoever looks at one slice
# alone does not know whether the bright spot is a lesion or the tip of something that comes up from below.
#
# So use kernels with three dimensions? The survey says that they are needed, and warns in the same breath: they have
# more parameters and overfit easily. Later it adds that large volumes have to be cropped into blocks, and that blocks
# know less of their surroundings. Three sentences, three experiments. And on the way a thing that no network will do
# for you: an answer that lies in the right place of the patient.

# %% id="imports"
import tempfile
from pathlib import Path

import nibabel
import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import Markdown

from medsegedu import claims, show
from medsegedu.data import (
    Grid, NotHere, PatchSampler, case_on, hippocampus, label_on, read_image, read_label, ruler, save_nifti, virtual_patients,
)  # fmt: skip
from medsegedu.exercises import lesson_07 as ex
from medsegedu.inference import logits, predict
from medsegedu.inference.sliding_window import window_boxes
from medsegedu.metrics import dice, evaluate
from medsegedu.models import UNet, VNet
from medsegedu.preset import choose
from medsegedu.show import lesson_07 as figures
from medsegedu.training import Ledger, fit

# %% [markdown] id="volume-text"
# ## 1. See it: a stack of slices
#
# The virtual patients once more, now whole: three contrasts, voxels of 2 mm. A **voxel** is a pixel with a
# thickness. The image is (C, X, Y, Z): x runs to the patient's right, y to the front, z to the top of the head.

# %% id="volume"
train = virtual_patients(choose(smoke=2, quick=6, full=40), seed=1, dims=3)
test = virtual_patients(choose(smoke=1, quick=1, full=8), seed=2, dims=3)
names = train.classes  # background, CSF, grey matter, white matter, lesion
lesion = names.index("lesion")
case = test[0]
spots = (case.label == lesion).nonzero()  # (voxels, 3)
middle = spots[len(spots) // 2].tolist()
Markdown(f"One volume: {' x '.join(map(str, case.label.shape))} = **{case.label.numel():,} voxels** in each contrast.")

# %% [markdown] id="planes-text"
# A screen is flat, so a volume is looked at in three planes at once. **Axial** lies across the body, **coronal** cuts it
# from ear to ear, **sagittal** divides left from right. The cross marks the same voxel in all three.
#
# Move it. *Follow one lesion through the slices: is it round in all planes? Find a piece of grey matter that
# looks like an island in one plane. Is it one in the other two?*
#
# Then look at the frames. A network seldom gets the whole volume: its maps would not fit into memory. It gets **windows**,
# and the dashed ones all hold the cross. *Make the windows small: how much of the head does one of them show? Raise the
# overlap: how does the work grow?*

# %% id="planes"
size = case.label.shape


def look(x, y, z, patch, overlap, outlines):
    return figures.planes(case, x, y, z, patch, overlap, channel=2, classes=names, outlines=outlines)


show.explore(
    look, x=(0, size[0] - 1, 1, middle[0]), y=(0, size[1] - 1, 1, middle[1]), z=(0, size[2] - 1, 1, middle[2]),
    patch=(16, 96, 8, 48), overlap=(0.0, 0.75, 0.25, 0.5), outlines=True,
)  # fmt: skip

# %% [markdown] id="planes-lesson"
# With an overlap of one half, a place in the middle lies in eight windows: two along each axis. The head is not a whole number
# of windows long, so the last ones are shifted back to end where it ends, and some places lie in twelve or more. At the rim there
# are fewer, so the work grows by less than eight. What it is good for you will see in section 4.
#
# ## 2. Where is a voxel?
#
# Voxel (40, 60, 50) of one scan lies in the left temple, the same voxel of another in the neck. The index alone says
# nothing. A NIfTI file therefore carries a 4 x 4 matrix, the **affine**: it leads from the index of a voxel to its
# place in the scanner, in mm. Its left upper 3 x 3 says what one step along each axis does: a column for each axis, its
# length the spacing. Its last column is the place of voxel (0, 0, 0). Here is the affine of our patient:

# %% id="affine"
Markdown("| | | | |\n|-|-|-|-|\n" + "\n".join("|" + "|".join(f"{v:g}" for v in row) + "|" for row in case.affine))

# %% [markdown] id="world-text"
# ### Exercise 7.1 - Where a voxel lies (8 minutes, difficulty 1 of 3)
#
# Turn indices into mm. The matrix may hold anything: a scan is often taken at a slant, with its axes in another order, or
# running backwards. The world's axes are always the same: mm to the patient's **r**ight, to the front (**a**nterior),
# to the head (**s**uperior), in short RAS.


# %% id="world"
def voxel_to_world(index, affine):
    """index (N, 3), affine (4, 4), NumPy arrays -> (N, 3) in mm."""
    # region solution
    steps = affine[:3, :3]  # a column for each axis
    first = affine[:3, 3]  # voxel (0, 0, 0)
    return index @ steps.T + first  # (N, 3)
    # endregion


# %% id="world-check"
voxel_to_world = ex.voxel_to_world.check(voxel_to_world)

# %% [markdown] id="world-use-text"
# Now a place means the same everywhere. Below, the same scan as another scanner might have stored it: slices of 4
# mm, the first axis from right to left, the second from front to back. The lesion's index differs; its place does not.

# %% id="world-use"
upright = Grid.of(case)
turned = np.diag([-1.0, -1.0, 1.0, 1.0])  # from the patient's right to the left, from the front to the back
last = [n - 1 for n in upright.shape[:2]]
turned[:2, 3] = last  # voxel 0 of the new grid is the last one of the old
scanner_grid = Grid(upright.shape, upright.affine @ turned).spaced((2, 2, 4))
scanned = case_on(case, scanner_grid)
rows = []
for name, volume in {"as in this course": case, "from another scanner": scanned}.items():
    found = (volume.label == lesion).nonzero().double().mean(0).numpy()[None]  # (1, 3), the middle of all lesions
    place = voxel_to_world(found, volume.affine)[0]
    rows.append(f"| {name} | {np.round(found[0], 1)} | {np.round(place, 1)} |")
Markdown("| | middle of the lesions, index | in mm |\n|-|-|-|\n" + "\n".join(rows))

# %% [markdown] id="spacing-text"
# Not to the last digit: half of the slices are gone, and some lesions with them.
#
# ### Exercise 7.2 - Other voxels, the same classes (12 minutes, difficulty 2 of 3)
#
# Thick slices are everyday. A scan with 1 mm within the slice and 5 mm between slices is quick to take, and its voxels
# are **anisotropic**: not equally long in all directions. A network's kernel counts voxels, not mm, so images are
# brought to one spacing first. An image may be interpolated. A label may not: between background (0) and lesion (4) there
# is no grey matter (2).
#
# Write the change of spacing for a label. Along each axis:
#
# 1. The new number of voxels is what fits into the same **field of view** (all of the old voxels together), rounded to the
#    nearest whole number, at least 1. So 11 voxels of 0.9 mm, 9.9 mm in all, become 7 of 1.37 mm.
# 2. The new voxels **divide the field of view evenly**. Seven voxels of exactly 1.37 mm would leave a rest; let them be
#    9.9 / 7 mm long instead. The new spacing is met nearly, and no tissue is lost at the end.
# 3. Each new voxel takes the class of the old voxel under its **centre**.
#
# Class numbers must come out as they went in, also the large ones: atlases number some brain regions beyond 16,777,216, where
# `.float()` no longer tells neighbours apart (`.double()` does).


# %% id="spacing"
def resample_label(label, spacing, new_spacing):
    """label (X, Y, Z) int64, spacings in mm, three numbers each -> the label in new voxels, int64."""
    # region solution
    triples = zip(label.shape, spacing, new_spacing, strict=True)
    voxels = [max(1, round(n * old / new)) for n, old, new in triples]
    as_image = label[None, None].double()  # (1, 1, X, Y, Z)
    return F.interpolate(as_image, size=voxels, mode="nearest-exact")[0, 0].long()
    # endregion


# %% id="spacing-check"
resample_label = ex.resample_label.check(resample_label)

# %% [markdown] id="spacing-use-text"
# How much can a network achieve at best on thick slices? Take the truth, bring it to thicker slices and back, and
# compare it with itself. *Which structure suffers most, and from which thickness on would you no longer send a patient
# with small lesions to that scanner?*

# %% id="spacing-use"
truth = case.label[:, :, 5:89]  # 168 mm, which all these thicknesses divide
thicknesses = [2, 4, 6, 8, 12]
kept = {name: [] for name in names[1:]}
for mm in thicknesses:
    thick = resample_label(truth, (2, 2, 2), (2, 2, mm))
    back = resample_label(thick, (2, 2, mm), (2, 2, 2))
    for number, name in enumerate(names[1:], start=1):
        kept[name].append(dice(back == number, truth == number))
show.curves(
    {name: (thicknesses, values) for name, values in kept.items()}, "slice thickness in mm", "Dice of the truth itself",
    alt="Dice of the true label after thick slices: it falls with the thickness, and most for lesions and CSF.",
)  # fmt: skip

# %% [markdown] id="kernel-text"
# ## 3. The third dimension
#
# A 3D U-Net is the U-Net of lesson 03 with every 2 replaced by a 3: 3 x 3 x 3 kernels, 2 x 2 x 2 pools. In this course
# that is one argument, `UNet(..., dims=3)`. What does it cost?
#
# ### Exercise 7.3 - Count a kernel (5 minutes, difficulty 1 of 3)
#
# How many numbers does one convolution learn? Each output channel has a block of weights for each input channel, and, if
# there is a bias, one number more. Let `kernel` hold any number of sizes: (3, 3) for images, (3, 3, 3) for volumes, (3, 3, 1)
# where slices are so thick that neighbours say little about each other, (7,) for a signal, or four for volumes in time.


# %% id="kernel"
def conv3d_parameters(in_channels, out_channels, kernel, bias=True):
    """kernel: the size along each axis -> how many numbers the convolution learns."""
    # region solution
    per_pair = 1
    for n in kernel:
        per_pair *= n
    count = in_channels * out_channels * per_pair
    return count + out_channels * int(bias)
    # endregion


# %% id="kernel-check"
conv3d_parameters = ex.conv3d_parameters.check(conv3d_parameters)

# %% id="kernel-use"
kernels = {
    "2D, 3 x 3": (3, 3),
    "thick slices, 3 x 3 x 1": (3, 3, 1),
    "3D, 3 x 3 x 3": (3, 3, 3),
    "V-Net, 5 x 5 x 5": (5, 5, 5),
}
show.bars(
    {name: conv3d_parameters(64, 64, kernel) / 1000 for name, kernel in kernels.items()}, "thousand numbers, 64 to 64 channels",
    alt="Bars of one convolution's parameters: a 3 x 3 x 3 kernel has three times as many as a 3 x 3; 5 x 5 x 5 fourteen times.",
)  # fmt: skip

# %% [markdown] id="networks-text"
# Two networks of 2016 brought this to whole volumes.
#
# - The **3D U-Net** (Freiburg again) learned from a few annotated slices of each volume. To save memory it goes down three
#   levels instead of four, and it doubles its channels *before* each pool.
# - The **V-Net** (Munich) has kernels of 5 x 5 x 5. It adds each stage's input to its output, as residual networks
#   do, and shrinks by convolutions of stride 2 instead of pools. Its authors also brought the Dice loss to such networks,
#   because a prostate fills so little of a volume.
#
# *Guess before you run: which has the most weights, the flat U-Net of lesson 03, the 3D U-Net, or the V-Net?* (On the device
# `meta` tensors have a size and no numbers: large networks are built in no time and without memory, just to be counted.)

# %% id="networks"
with torch.device("meta"):
    papers = {
        "U-Net, 2D, four levels": UNet.paper(),
        "3D U-Net, three levels": UNet.paper(3, 3, dims=3),
        "V-Net": VNet.paper(),
    }
show.bars(
    {name: sum(p.numel() for p in net.parameters()) / 1e6 for name, net in papers.items()}, "million weights",
    alt="Bars of the weights of three papers' networks: the V-Net has most, the 3D U-Net fewest.",
)  # fmt: skip

# %% [markdown] id="between-text"
# The 3D U-Net gets by with fewer, because it is shallower: the deepest level is where the weights sit.
#
# Between flat and solid there is a cheap middle way. **2.5D**: a flat network that reads the slices above and below as
# further channels. It sees across slices in its first layer, and only there. This is what it gets for one slice:

# %% id="between"
z = middle[2]
stack = case.image[2, :, :, z - 2 : z + 3].permute(2, 1, 0).flip(1)  # FLAIR: (5, Y from the front, X)
show.gallery(
    list(stack), [f"slice {step:+d}" for step in range(-2, 3)], columns=5,
    alt="Five neighbouring axial slices, the middle one to be segmented and two on either side.",
)  # fmt: skip

# %% [markdown] id="train-text"
# Which is best is a question for section 6. First train a solid one. The sampler draws cubes of 16 voxels, nine out of ten
# on a structure drawn by lot: in a volume a lesion is even rarer than in a slice.

# %% id="train"
torch.manual_seed(0)
solid = UNet(3, 5, width=12, depth=2, dims=3)
sampler = PatchSampler(train, 16, 10, foreground=0.9, seed=0)
history = fit(solid, sampler, steps=choose(smoke=3, quick=250, full=4000), rate=1e-2)
show.curves({"loss of a batch": history.loss}, "step", "loss", alt="The loss falls quickly and then slowly.")

# %% [markdown] id="window-text"
# ## 4. A volume in windows
#
# This small network could take the volume in one piece. A full-sized one at 1 mm could not, so cut the volume into windows
# and put the answers together again. Why not side by side, like tiles? Near the border of a window half of what the
# network looks at is missing. Here is the answer of tiles, beside the difference to the answer for the whole volume.
# (`block[:, *box]` is `block[:, box[0], box[1], box[2]]`: all contrasts, and along each axis the slice that the box names.)

# %% id="tiles"
block = case.image[:, 16:80, 20:100, z - 12 : z + 12]  # (3, 64, 80, 24)
shape = tuple(block.shape[1:])
whole = logits(solid, block)  # (5, 64, 80, 24)
tile = (16, 16, 12)


def answers_of(overlap):
    """The network's answers for windows of the block -> (n, 5, 16, 16, 12), and where they start."""
    boxes = window_boxes(shape, tile, overlap)
    return torch.stack([logits(solid, block[:, *box]) for box in boxes]), [
        [part.start for part in box] for box in boxes
    ]


def upright_plane(volume):
    return volume[:, :, 12].T.flip(0)  # (X, Y, Z) -> (Y from the front, X)


tiles, starts = answers_of(overlap=0)
side_by_side = torch.zeros_like(whole)
for answer, (i, j, k) in zip(tiles, starts, strict=True):
    side_by_side[:, i : i + 16, j : j + 16, k : k + 12] = answer
off = (side_by_side - whole).abs().sum(0)  # (64, 80, 24)
figures.tiles(
    upright_plane(block[2]), upright_plane(side_by_side.argmax(0)), upright_plane(off), names,
    alt="Left the classes from tiles side by side; right the difference to the whole: a bright lattice along the tiles' borders.",
)  # fmt: skip

# %% [markdown] id="window-task"
# The lattice is where each tile knew less than the whole would have told it. (Whether more is always better is another
# question; section 6 asks it. But an answer should not depend on where we happened to cut.) So let windows overlap, and let each
# count most in its middle.
#
# ### Exercise 7.4 - Count the middle most (10 minutes, difficulty 2 of 3)
#
# The usual weight is a Gaussian: 1 in the middle of the window, and sigma an eighth of the size along each axis. A
# Gaussian of several axes is the product of one for each axis: exp(-distance^2 / (2 sigma^2)). Distances count from the exact
# middle, also where it lies between two voxels. At last, raise whatever is under 0.001 to 0.001. *What would happen in
# the corner of the volume without that?*


# %% id="window"
def gaussian_window(size):
    """size: voxels along each axis, any number of axes -> weights (*size), float32."""
    # region solution
    result = torch.ones(())
    for n in size:
        place = torch.arange(n) - (n - 1) / 2
        bell = torch.exp(-(place**2) / (2 * (n / 8) ** 2))  # (n,)
        result = result.unsqueeze(-1) * bell
    return torch.clamp(result, min=0.001)
    # endregion


# %% id="window-check"
gaussian_window = ex.gaussian_window.check(gaussian_window)

# %% id="window-use"
weight = gaussian_window(tile)  # (16, 16, 12)
total = torch.zeros(shape)
for i, j, k in answers_of(overlap=0.5)[1]:
    total[i : i + 16, j : j + 16, k : k + 12] += weight
figures.weights(
    weight[:, :, 6], upright_plane(total),
    alt="Left a round bell on a logarithmic scale; right the sum of all windows' weights, which varies from place to place.",
)  # fmt: skip

# %% [markdown] id="stitch-text"
# Added up they are not even: some places get more weight than others. So the sum of the answers has to be divided by it.
#
# ### Exercise 7.5 - Stitch a volume (12 minutes, difficulty 3 of 3, the heart of the lesson)
#
# You get the answers of all windows, where each begins, the volume's size, and the weight. At each voxel, return the
# **weighted mean** of the windows that cover it. Blend scores (logits), not classes: the choice comes last. Everything is
# float32, as `torch.zeros` makes it, and no weight is 0, though some are small.


# %% id="stitch"
def stitch(answers, starts, size, weight):
    """answers (n, C, x, y, z), starts (n, 3), size of the volume, weight (x, y, z) -> (C, *size)."""
    # region solution
    blend = answers.new_zeros(answers.shape[1], *size)  # (C, *size), of the answers' own type
    counted = answers.new_zeros(*size)
    x, y, z = answers.shape[2:]
    for number, (a, b, c) in enumerate(starts):
        blend[:, a : a + x, b : b + y, c : c + z] += answers[number] * weight
        counted[a : a + x, b : b + y, c : c + z] += weight
    return blend / counted
    # endregion


# %% id="stitch-check"
stitch = ex.stitch.check(stitch)


# %% id="stitch-use"
def gap(blended):
    """Mean difference to the answer for the whole block, where the block's own border is far."""
    return float((blended - whole).abs()[:, 8:-8, 8:-8, 6:-6].mean())


windows, places = answers_of(overlap=0.5)
even = stitch(windows, places, shape, torch.ones(tile))
blended = stitch(windows, places, shape, weight)
show.bars(
    {"tiles side by side": gap(side_by_side), "overlapping, plain mean": gap(even), "overlapping, Gaussian": gap(blended)},
    "mean difference of the scores to the whole", digits=3,
    alt="Bars of the difference to the whole: largest for tiles, smaller for a plain mean, smallest for the Gaussian.",
)  # fmt: skip

# %% [markdown] id="stitch-lesson"
# That is all there is to `predict(network, image, patch=48)`, the course's own. It holds a few windows in memory at a
# time, so a volume of any size goes through.
#
# ## 5. Bring it home
#
# The patient of exercise 7.1 comes from another scanner: other axes, slices of 4 mm. The file has three contrasts, like
# those that our network knows. It goes through four steps: read, bring to the network's grid, predict, bring back.

# %% id="file"
folder = Path(tempfile.mkdtemp())
image_path, label_path = folder / "patient.nii.gz", folder / "prediction.nii.gz"
channels_last = scanned.image.permute(1, 2, 3, 0).numpy()  # NIfTI keeps channels behind space
nibabel.save(nibabel.Nifti1Image(channels_last, scanned.affine), image_path)

patient = read_image(image_path, contrasts=train.contrasts)
known = Grid.of(patient).canonical().spaced((2, 2, 2))  # as the network learned: RAS, 2 mm
small = case_on(patient, known)
answer = predict(solid, small.image, patch=48)  # (X, Y, Z) on the network's grid
save_nifti(label_path, answer, known, like=image_path)  # back to the file's own grid

label, label_grid = read_label(label_path)
image_grid = Grid.of(patient)
files = {"image": nibabel.load(image_path), "prediction": nibabel.load(label_path)}  # as they lie on the disk
lines = [
    f"| {name} | {' x '.join(map(str, file.shape[:3]))} | {''.join(nibabel.aff2axcodes(file.affine))} |"
    for name, file in files.items()
]
same = np.array_equal(files["image"].affine, files["prediction"].affine)
Markdown(
    "| file | voxels | axes |\n|-|-|-|\n"
    + "\n".join(lines)
    + f"\n\nOne affine, bit by bit: **{'yes' if same else 'no'}**. "
    f"Difference of the grids: **{label_grid.difference(image_grid) or 'none'}**."
)

# %% [markdown] id="wrong-text"
# Axes LPS run to the left, to the back and up. `read_image` and `read_label` turn whatever they read upright (RAS), and tell by
# its grid where it lies; `save_nifti` turned the answer back.
#
# Now three common ways to lose the place. The answer's numbers are the same in all of them; only the affine differs.
#
# - **spacing only**: the affine is made from the spacing, so the shift is gone, and with it, here, the whole answer;
# - **the file's affine on the network's grid**: the right matrix for another array;
# - **mirrored**: the sign of the first axis is lost. *Look closely: would you notice it in a head?*

# %% id="wrong"
mirrored = known.affine.copy()
mirrored[0, 3] += mirrored[0, 0] * (known.shape[0] - 1)
mirrored[0, 0] *= -1
saved = {
    "right": known.affine, "spacing only": np.diag([2.0, 2, 2, 1]), "the file's affine": patient.affine, "mirrored": mirrored,
}  # fmt: skip
overlaid = {title: label_on(answer, Grid(known.shape, affine), image_grid) for title, affine in saved.items()}
in_file = int(np.argmax((overlaid["right"] == lesion).sum((0, 1))))  # the slice with most lesion
figures.laid_over(patient, overlaid, "axial", in_file, names)

# %% [markdown] id="wrong-lesson"
# A viewer does the same as this cell: it believes the affines, and shows what lies at one place in mm. The mirrored one
# is the most dangerous: it looks plausible, and puts the lesion into the wrong half of the brain. A check that costs one
# line: `label_grid.difference(image_grid)` must be empty.

# %% id="look"
wanted = case.label == lesion
found = predict(solid, case.image, patch=48)
slice_ = figures.flat(case, "axial", int(np.argmax(wanted.sum((0, 1)))))
in_slice = figures.flat(case, "axial", int(np.argmax(wanted.sum((0, 1)))), found).label
show.compare(slice_, {"3D U-Net": in_slice}, lesion, class_name="lesion", channel=2)

# %% [markdown] id="claim-context-text"
# ## 6. Measure it
#
# Three sentences of the survey, each with a rule that was fixed before the measured seeds were run: the effect must be at
# least 0.02 Dice, and its 95 % interval must lie above zero. If the whole interval lies below 0.02, the claim does not hold:
# there may be an effect, but a smaller one than asked for. In all other cases it is not shown. Voxels are 3 mm, to save time; the
# next cell still trains three networks, which takes about half a minute on two free cores.
#
# **Claim 1: context.** "Three-dimensional convolution is needed to extract three-dimensional information." A flat U-Net, a
# 2.5D one (two neighbours on either side) and a solid one learn from the *same patients*, in as many steps with as many
# voxels each, and with as many parameters: the flat ones get 20 channels, the solid one 12. That makes the computing equal
# too. The scans are noisy, as quick scans are, so that a single slice tells less than usual. Grey are the committed
# seeds; the star is a seed that runs now.
#
# *What do you expect? Note it down: it is easy to have expected anything afterwards.*

# %% id="claim-context"
mine = claims.get("07.context").measure(seed=10)
claims.get("07.context").figure(mine)

# %% [markdown] id="claim-context-lesson"
# Read the verdict as a sentence about this budget and these images. Three things are mixed in it. Context: a solid kernel
# sees 27 voxels where a flat one sees 9. Width: at equal parameters the solid network has fewer channels. And time: it
# meets fewer different places in each batch, and learns more slowly. In a trial with the usual, low noise (seed 90, not
# among those shown) the flat network was ahead by 0.03: tissues that differ in brightness hardly need a third dimension.
# A solid network of 20 channels, three times the parameters, closed most of that gap.
#
# And look at the middle column, run by run rather than at its mean. Two neighbours on either side, for some two thousand weights
# more, beat the flat network in four committed runs of five, and the solid one as well. The fifth run failed: it ended near
# 0.63, and pulls the mean below both. *Which would you report: the mean with the failure in it, or the four that went well?* A
# network that fails in one of five trainings costs somebody a day, so the failure belongs in the report, and a look at why. The
# reality check asks again, on real people.
#
# **Claim 2: overfitting.** The same width for both, 12 channels, so the solid network has three times the parameters.
# They learn from only two patients. Measured is the **gap**: Dice on those two, minus Dice on new patients. The third arm
# is the solid network with eight patients, judged on the same two.

# %% id="claim-overfitting"
claims.get("07.overfitting").figure()

# %% [markdown] id="claim-overfitting-lesson"
# Compare the last two columns: what do six more patients do to the gap? And the first two: is it the parameters that
# count? One thing speaks against simple counting. Two volumes are not two examples. Every voxel with its surroundings is
# one, and two volumes hold some hundred thousand. For a network that only looks at its surroundings that is a lot; for one
# that has to know how *people* differ it is two.
#
# **Claim 3: cropping.** The survey's conclusion complains that images must be cropped, "which restricts the network to extract
# more spatial information". Here are two blocks: cubes of 36 and of 72 mm, in training and in prediction. A step holds 16 of
# the small or 2 of the large, equally many voxels.

# %% id="claim-cropping"
claims.get("07.cropping").figure()

# %% [markdown] id="claim-cropping-lesson"
# Two effects pull in opposite directions. A large block shows more surroundings, and has fewer voxels close to its border.
# But many small blocks show more *different* places than two large ones, and a lesion drawn by lot is in more of them. So
# "as large as fits" is no law: in a trial (seed 92, not among those shown) a network that learned from small blocks was far
# ahead after 200 steps, and the other had not yet learned what a lesion is.
#
# And in prediction, where nothing is learned? There the same trained network can be asked with windows of any size.
# *Guess first: is the whole always best? Remember that this network learned from cubes of 32 mm, and has never seen one
# without a border nearby.*

# %% id="patch-size"
region = case.image[:, 12:84, 16:104, z - 18 : z + 18]  # (3, 72, 88, 36)
region_truth = case.label[12:84, 16:104, z - 18 : z + 18]
present = [c for c in region_truth.unique().tolist() if c > 0]
by_patch = []
for patch in (8, 12, 16, 24, 36):
    guess = predict(solid, region, patch=patch)
    by_patch.append(np.mean([dice(guess == c, region_truth == c) for c in present]))
show.curves(
    {"one trained network": ([16, 24, 32, 48, 72], by_patch)}, "window in prediction, mm", "Dice, mean of the structures",
    alt="Dice of one trained network against the size of the windows in prediction.",
)  # fmt: skip

# %% [markdown] id="patch-size-lesson"
# In our runs the smallest windows were ahead and the whole came last, by about 0.04. That does not take back section 4, where the
# question was whether seams show: an answer should not depend on where we happened to cut. Here the question is in which
# surroundings the network is at home. It learned from cubes of 16 voxels, in which no voxel is further than 8 from a border, and
# beyond the border its layers see zeros. Far from all borders it meets surroundings that it never learned to read. That is our
# guess at the reason; one curve can't prove it. So begin with windows no larger than those of the training, let them overlap, and
# try other sizes on your validation patients. (Section 5 took windows of 48 voxels because a few large ones are quicker.)
# Whoever wants the whole to be best should train on it.

# %% [markdown] id="real-text"
# ## 7. Reality check
#
# The **hippocampus** of real people, as volumes of 1 mm. Lesson 03 saw it in slices: its front and its back are the same
# tissue, and only the place tells them apart. *Does the third dimension help here?* Flat and solid U-Nets with equally many
# parameters, the same people, the same steps. No person is in two parts of the split.

# %% id="real-data"
del train, sampler  # volumes that nothing below needs
try:
    real = hippocampus()
    real_train, _, real_test = real.split((0.3, 0.58, 0.12), seed=0)
    counts = f"{len(real_train.patients)} people train, {len(real_test.patients)} are held out."
    sentence = f"{real}. {counts} {real.citation}"
except NotHere as reason:
    real = None
    sentence = f"**Skipped: the real patients are not here.** {reason} The rest of this section stays empty."
Markdown(sentence)


# %% id="real-train"
def slice_by_slice(net, volume):
    """(1, X, Y, Z) -> (X, Y, Z): each sagittal slice is an image of its own."""
    net.eval()
    with torch.no_grad():
        return net(volume.permute(1, 0, 2, 3)).argmax(1)  # (X, 1, Y, Z) -> (X, classes, Y, Z) -> (X, Y, Z)


class FlatPatches:
    """Slices 32 x 32 out of a 3D sampler's batch, so that both networks are shown the same people."""

    def __init__(self, data):
        self.inner = PatchSampler(data, (1, 32, 32), 24, foreground=0.9, seed=0)
        self.random = self.inner.random

    def draw(self):
        image, label = self.inner.draw()  # (24, 1, 1, 32, 32), (24, 1, 32, 32)
        return image[:, :, 0], label[:, 0]


results = {}
steps = choose(smoke=2, quick=150, full=3000)
if real:
    torch.manual_seed(0)
    flat_net = UNet(1, 3, width=20, depth=2)
    fit(flat_net, FlatPatches(real_train), steps=steps, rate=1e-2, progress=False)
    torch.manual_seed(0)
    solid_net = UNet(1, 3, width=12, depth=2, dims=3)
    fit(solid_net, PatchSampler(real_train, 20, 3, foreground=0.9), steps=steps, rate=1e-2, progress=False)
    results["2D U-Net"] = evaluate(lambda c: slice_by_slice(flat_net, c.image), real_test)
    results["3D U-Net"] = evaluate(lambda c: predict(solid_net, c.image), real_test)

# %% id="real-result"
bars = [
    (f"{name}: {part.split()[0]}", interval.mean, interval.low, interval.high)
    for name, result in results.items()
    for part in result.classes
    for interval in [result.interval("dice", part)]
]
show.intervals(
    bars, "Dice of held-out people, mean and 95 % interval",
    alt="Dice with intervals of the front and the back of the hippocampus, for a flat and a solid U-Net.",
) if real else Markdown("Skipped: no real patients.")  # fmt: skip

# %% id="real-pairs"
if real:
    gain = results["3D U-Net"].of("dice") - results["2D U-Net"].of("dice")  # one number a person
    count = f"**{int((gain > 0).sum())} of {len(gain)}** held-out people"
    better = f"The solid network is better for {count}; the mean difference is {gain.mean():+.3f} Dice."
Markdown(better if real else "Skipped: no real patients.")

# %% [markdown] id="real-look-text"
# The held-out person with the best, the median and the worst Dice of the solid network, in the sagittal slice with most
# hippocampus. *What does the worst have that the others do not?*

# %% id="real-look"
if real:
    per_person = results["3D U-Net"].of("dice")
    order = per_person.argsort()[::-1]
    chosen = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    cuts, guesses, titles = [], [], []
    for name, number in chosen.items():
        person = next(c for c in real_test if c.patient == real_test.patients[number])
        x = int((person.label > 0).sum((1, 2)).argmax())
        cuts.append(figures.flat(person, "sagittal", x))
        guesses.append(figures.flat(person, "sagittal", x, predict(solid_net, person.image)).label)
        titles.append(f"{name}: Dice {per_person[number]:.2f}")
    picture = figures.people(cuts, guesses, titles, real.classes)
picture if real else Markdown("Skipped: no real patients.")

# %% [markdown] id="ledger-text"
# This was one training run of each; the intervals tell how far *people* differ, not how far another run would.
#
# ## 8. The ledger
#
# The ruler's patients are measured in axial slices. The solid network gets every slice between the first and the last
# of them as one volume, and only its answers for the measured slices count. (Operations are counted for one slice, which a
# solid network can't be given alone; so that column stays empty, "-".)

# %% id="ledger"
real = real_train = real_test = None  # volumes that nothing below needs
first, last = 36, 74  # z of the ruler's outermost slices
bodies = virtual_patients(
    len(ruler().patients), seed=20_150_518, slices=last - first + 1
)  # its patients, every slice between
segmented = {}


def solid_slice(c):
    if c.patient not in segmented:
        stacked = torch.stack([part.image for part in bodies.of([c.patient])], -1)  # (3, Y from the front, X, 39)
        segmented[c.patient] = predict(solid, stacked.flip(1).transpose(1, 2))  # (X, Y, 39), as the network learned
    number = int(c.id.split("-z")[1]) - first
    return segmented[c.patient][:, :, number].T.flip(0)  # (Y from the front, X), as the ruler's slices lie


ledger = Ledger()
on_ruler = ledger.measure("07", "3D U-Net", solid_slice, model=solid, seconds=history.seconds)
ledger

# %% [markdown] id="quiz-1"
# ## 9. Quiz
#
# **1. Your prediction has the right shape, but in the viewer it lies beside the head. What is the likeliest reason?**
#
# <details><summary>(a) The network is badly trained.</summary>
# A bad network draws wrong outlines in the right place. A whole label that is shifted is a matter of the file.
# </details>
#
# <details><summary>(b) It was saved with another affine than its image.</summary>
# Yes. Viewers go by mm, not by indices. Compare the two affines, or ask `grid.difference`.
# </details>
#
# <details><summary>(c) The label was saved as integers.</summary>
# That is as it should be. The type of the numbers does not change where they lie.
# </details>

# %% [markdown] id="quiz-2"
# **2. A network has 3 x 3 kernels and 32 channels in every layer. You make it 3D and keep the channels. Its weights become**
#
# <details><summary>(a) 32 times as many.</summary>
# No. The number of channels stays; only the kernels grow.
# </details>
#
# <details><summary>(b) about three times as many.</summary>
# Yes: 27 numbers in the place of 9, for each pair of channels. (Biases and normalisations do not grow.)
# </details>
#
# <details><summary>(c) equally many; only the computing grows.</summary>
# The computing grows by more, since there are also more voxels than pixels. But the kernels grow too.
# </details>

# %% [markdown] id="quiz-3"
# **3. Why are the windows' answers divided by the sum of the weights, and not by the number of windows?**
#
# <details><summary>(a) Because a mean with weights is divided by the sum of its weights.</summary>
# Yes. If all windows say 1, the blend must say 1, however little they weigh at that place.
# </details>
#
# <details><summary>(b) Because the number of windows is the same everywhere.</summary>
# It is not: a corner lies in one window, a place in the middle in eight or more. And were it the same, the weights would still
# differ from place to place.
# </details>
#
# <details><summary>(c) It makes no difference, since the largest score wins anyway.</summary>
# For the class of a single voxel the divisor does not matter, true. But the scores become wrong, and with them every
# probability, threshold and average with other networks.
# </details>

# %% [markdown] id="quiz-4"
# **4. Your scans have 0.5 mm in the slice and 6 mm between slices. What do you try first?**
#
# <details><summary>(a) A 3D network with cubes of 3 x 3 x 3 everywhere.</summary>
# Its first kernel would span 1.5 mm across and 18 mm up: neighbours in z show another part of the anatomy. Rather begin
# flat.
# </details>
#
# <details><summary>(b) A flat or 2.5D network, or a 3D one whose first kernels and pools are flat.</summary>
# Yes. Pool within the slice until the voxels are about as long in all directions; from there on, solid kernels make sense.
# </details>
#
# <details><summary>(c) Interpolate everything to 0.5 mm.</summary>
# Twelve times the voxels and not one more measurement. What the thick slices lost is not brought back.
# </details>

# %% [markdown] id="quiz-5"
# **5. With eight patients your 3D network is no better than the 2D one. What do you conclude?**
#
# <details><summary>(a) Volumes are best segmented in slices.</summary>
# Too far. You have measured one task, one number of patients and one length of training.
# </details>
#
# <details><summary>(b) The survey is wrong.</summary>
# Its sentence names no task and no budget, so one experiment can't settle it. It can tell you what to expect in a case
# like this.
# </details>
#
# <details><summary>(c) Here context across slices adds less than it costs; for another task, measure again.</summary>
# Yes. Look for structures that only the neighbours tell apart, such as the ends of the hippocampus, and give the solid
# network the time that it needs.
# </details>

# %% [markdown] id="reading"
# ## 10. What to read
#
# - O. Cicek et al., *3D U-Net: Learning Dense Volumetric Segmentation from Sparse Annotation*, MICCAI 2016,
#   [arXiv:1606.06650](https://arxiv.org/abs/1606.06650). How to learn a volume from a few annotated slices.
# - F. Milletari, N. Navab, S.-A. Ahmadi, *V-Net*, 3DV 2016, [arXiv:1606.04797](https://arxiv.org/abs/1606.04797).
#   Look for the Dice loss, and for why it was needed.
# - F. Isensee et al., *nnU-Net*, Nature Methods 2021,
#   [doi:10.1038/s41592-020-01008-z](https://doi.org/10.1038/s41592-020-01008-z). Rules for spacing, patch size and 2D
#   against 3D, found on many data sets; the Gaussian window is theirs too.
# - M. Antonelli et al., *The Medical Segmentation Decathlon*, Nature Communications 2022,
#   [doi:10.1038/s41467-022-30695-9](https://doi.org/10.1038/s41467-022-30695-9). Where the hippocampus comes from, and nine
#   other tasks, most of them in 3D.
