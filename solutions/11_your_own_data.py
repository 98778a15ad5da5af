# /// lesson
# title = "Your own data: fingerprint, plan, train, report"
# minutes = 90
# prerequisites = ["03_unet", "07_volumes"]
# objectives = [
#     "Take a folder of scans from a first look to a trained network and a prediction in its own place",
#     "Let the data decide patch, depth and batch, by rules that say why",
#     "Find the leaks and the silent errors that make a result too good",
#     "Write a report that shows failures first and leaves nobody out",
# ]
# survey = "3 (1), 4"
# budget = { seconds = 120, memory_gb = 1.5 }
# ///

# %% [markdown] id="why"
# ## Why this lesson
#
# Until now somebody had prepared everything: the images, the split, the patch size, the number of steps. Your own data come
# without all that. They come as a folder, with scans of three scanners, one patient in another format, and another patient in
# it twice.
#
# The survey names what happens then: medical data sets are small, and "too little training data is easy to cause
# overfitting". That is true, and we shall measure it. But most projects fail earlier, on a patch size that somebody took
# from a paper about another organ, or on an error that raises no error. This lesson takes one folder from
# the first look to a saved prediction. If you have a folder of your own, it takes yours.

# %% id="imports"
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import torch
from IPython.display import Markdown
from torch import nn

from medsegedu import claims, show
from medsegedu.data import (
    Grid, Lesions, NotHere, PatchSampler, case_on, find_leaks, folder, hippocampus, inspect_folder, read_label, save_nifti,
    virtual_patients, zscore,
)  # fmt: skip
from medsegedu.data.save_dicom import save_dicom
from medsegedu.exercises import lesson_11 as ex
from medsegedu.metrics import dice, evaluate
from medsegedu.plan import Spread, make_plan, voxels_a_second
from medsegedu.plan import fingerprint as whole_fingerprint
from medsegedu.preset import choose
from medsegedu.runs import Run, Settings, predict_files, train
from medsegedu.runs.run import prepare
from medsegedu.show import lesson_11 as figures
from medsegedu.training import Ledger, fit

# %% [markdown] id="folder-text"
# ## 1. See it: a folder
#
# **This is the one line to change.** Put the path of your folder between quotes, and run the lesson again. Images and masks
# may lie in two folders, `images` and `masks`, under the same names (NIfTI, PNG, TIFF, or a folder of DICOM slices);
# `index.csv` with the columns image, mask, patient serves every other order. With `"hippocampus"` it takes the real patients
# of section 11. With `None` it invents a hospital: twenty virtual patients from three scanners, with the brain and its lesions
# drawn in FLAIR images.
#
# (In a file classes are numbers. To give yours names, write `folder(MY_FOLDER, classes=("background", "tumour"))` where
# `folder(MY_FOLDER)` stands below. The pictures look most at a class called "lesion", or else at the last.)

# %% id="my-folder"
MY_FOLDER = None

# %% [markdown] id="write-text"
# Each scanner has voxels of another size. The first patient is written as a **DICOM series**, a file for each slice, as
# scanners store them; the others as NIfTI. And as in every real folder something is wrong: somebody has exported
# patient 3 a second time, a little brighter, under a new name.

# %% id="write"
place = Path(tempfile.mkdtemp())


def invent_hospital(root):
    """Write 20 patients and a double; return the folder."""
    (root / "images").mkdir(parents=True)
    scanners = [(3, 3, 3), (3, 3, 4.5), (2.5, 2.5, 5)]  # mm
    number = 0
    for seed, (spacing, count) in enumerate(zip(scanners, (8, 7, 5), strict=True), start=1100):
        knobs = Lesions(diameter=(6, 20))
        for case in virtual_patients(count, seed, dims=3, contrasts=("FLAIR",), spacing=spacing, lesions=knobs):
            number += 1
            name, grid = f"patient-{number:02d}", Grid.of(case)
            size = [round(mm / s) for mm, s in zip((132, 144, 96), spacing, strict=True)]
            start = [(n - k) // 2 for n, k in zip(grid.shape, size, strict=True)]
            case = case_on(case, grid.window([*start[:2], round(66 / spacing[2])], size))  # the middle of the head
            label = 2 * (case.label > 0).long() - (case.label == 4).long()  # 1 lesion, 2 the rest of the brain
            image = case.image[0].numpy()
            if number == 1:
                save_dicom(root / "images" / name, replace(case, id=name, patient=name), description="FLAIR")
            else:
                nibabel.save(nibabel.Nifti1Image(image, case.affine), root / "images" / f"{name}.nii.gz")
            save_nifti(root / "masks" / f"{name}.nii.gz", label, Grid.of(case))
            if number == 3:
                copy = nibabel.Nifti1Image(1.7 * image + 0.2, case.affine)
                nibabel.save(copy, root / "images" / "patient-21.nii.gz")
                save_nifti(root / "masks" / "patient-21.nii.gz", label, Grid.of(case))
    return root


if MY_FOLDER == "hippocampus":
    data = hippocampus()
    first_look = Markdown(f"{data}. {data.citation}")
elif MY_FOLDER:
    data = folder(MY_FOLDER)
    first_look = inspect_folder(MY_FOLDER)
else:
    root = invent_hospital(place / "my_hospital")
    data = folder(root, classes=("background", "lesion", "brain"), contrasts=("FLAIR",))
    first_look = inspect_folder(root)
first_look

# %% [markdown] id="look-text"
# Read such a table before anything else. *Which columns differ between patients? Which of them would a network notice?* (Not
# the contrast: only a DICOM file says what its scan was.)
#
# Then look at the images themselves, with the masks over them. Nothing replaces it: masks of the wrong patient,
# mirrored masks, a scan of the foot. Ten minutes here save a week. (Leaf through some of them with the menu.)

# %% id="look"
names = data.classes
target = names.index("lesion") if "lesion" in names else len(names) - 1  # what we look at most
several = list(data)[:: max(1, len(data) // 8)]


def leaf(patient):
    shown = next(case for case in several if case.id == patient)
    return show.case(shown, contrasts=data.contrasts, classes=names)


show.explore(leaf, patient=[case.id for case in several])

# %% [markdown] id="leak-task"
# ## 2. Who is in it twice?
#
# A test score is a promise: so good on patients whom the network has never met. If it has met them, the promise is
# void. There are two ways to meet somebody. The same *patient* trains and tests, with another image. Or the same
# *image* does, under another name, perhaps after somebody changed its brightness.
#
# ### Exercise 11.1 - Find the leak (12 minutes, difficulty 2 of 3)
#
# You get the patients and images of a training set, and those of a test set. Return a list with the numbers of the **test
# images** that leak, each once, in ascending order. An image leaks if its patient is among the training patients, or if it is
# one of the training images up to brightness and contrast: the same shape, and a correlation of all its pixels above 0.99
# (`np.corrcoef(a.ravel(), b.ravel())[0, 1]`).


# %% id="leak"
def find_the_leak(patients, images, test_patients, test_images):
    """Names and images (arrays) of training and test -> numbers of the test images that leak."""
    # region solution
    known = set(patients)
    leaking = []
    for j, image in enumerate(test_images):
        leaks = test_patients[j] in known
        for other in images:
            if image.shape == other.shape:
                leaks = leaks or np.corrcoef(image.ravel(), other.ravel())[0, 1] > 0.99
        if leaks:
            leaking.append(j)
    return leaking
    # endregion


# %% id="leak-check"
find_the_leak = ex.find_the_leak.check(find_the_leak)

# %% [markdown] id="leak-use-text"
# Now your folder, divided at random, as if each file were a patient. The course's own `find_leaks` does the same for whole
# data sets, in any pairing, and finds tiles of one image besides.

# %% id="leak-use"
half = len(data) // 2
mixed = [data[int(i)] for i in np.random.default_rng(2).permutation(len(data))]
one, other = mixed[:half], mixed[half:]
leaking = find_the_leak(
    [c.patient for c in one],
    [c.image.numpy() for c in one],
    [c.patient for c in other],
    [c.image.numpy() for c in other],
)
findings = [f for f in find_leaks(data) if f.kind != "shared field" or data[0].dims == 2]  # only pictures come in tiles
copies = {name for finding in findings if finding.kind in ("same image", "near copy") for name in finding.names[1:]}
said = "\n".join(f"- {finding.sentence}" for finding in findings) or "- nothing found"
if copies:
    data = replace(data, cases=tuple(case for case in data if case.id not in copies))
Markdown(
    f"In this careless division **{len(leaking)}** of {len(other)} test images leak, says your function: their patient is in the "
    f"other half too, or a copy of them. What is wrong with the folder itself, however it is divided:\n\n{said}\n\n"
    f"Taken out: {', '.join(sorted(copies)) or 'nobody'}. {len(data)} images of {len(data.patients)} patients stay."
)

# %% [markdown] id="fingerprint-task"
# ## 3. A fingerprint
#
# Now the settings. How large a patch, how deep a network, how many in a batch? One can try them all, for weeks. In
# 2021 a group in Heidelberg showed another way, **nnU-Net** ("no new net"): a plain U-Net, and rules that read its settings
# off the data. It won or came close on some twenty data sets, without anybody turning a knob. The rules need only few
# numbers, the data's *fingerprint*, and the most important are how long a voxel is and how large an image.
#
# ### Exercise 11.2 - A fingerprint (8 minutes, difficulty 1 of 3)
#
# Images of all patients will be brought to one spacing. Return that **spacing**: for each axis, the median of all cases. And the
# **size** of the median image in voxels of that spacing: for each axis the median of what the images measure in mm, divided by
# the spacing, rounded up, as whole numbers. Take 0.001 voxel off before you round, because a computer's 47 may be
# 47.00000000000001. Both are NumPy arrays.


# %% id="fingerprint"
def fingerprint(sizes, spacings):
    """sizes (cases, dims) in voxels, spacings (cases, dims) in mm -> spacing (dims,), size (dims,)."""
    # region solution
    common = np.median(spacings, axis=0)
    in_mm = np.median(sizes * spacings, axis=0)
    voxels = np.ceil(in_mm / common - 0.001)
    return common, voxels.astype(int)
    # endregion


# %% id="fingerprint-check"
fingerprint = ex.fingerprint.check(fingerprint)

# %% [markdown] id="fingerprint-use-text"
# Why the median of mm, and not of voxels? Look at the ranges: a scanner with small voxels makes large images of the same head.
# Below is yours, and then the whole fingerprint, with intensities and the objects of each class. (Its "size" is that of the
# files as they are, each in its own voxels, so it may differ from yours. Anisotropy: how many times longer than wide a voxel is.)
# *What is the smallest object that anybody drew? How many voxels is that?*

# %% id="fingerprint-use"
sizes = np.array([Grid.of(case).canonical().shape for case in data])
spacings = np.array([Grid.of(case).canonical().spacing for case in data])
spacing, size = fingerprint(sizes, spacings)
found = whole_fingerprint(data)
Markdown(f"Spacing **{' x '.join(f'{s:g}' for s in spacing)} mm**, size **{' x '.join(map(str, size))} voxels**.")

# %% id="fingerprint-whole"
found

# %% [markdown] id="plan-task"
# ## 4. A plan
#
# The patch is what the network sees at once. The larger, the more surroundings; but memory ends somewhere. Nearly all
# memory of a training step are the maps that wait for the way back, and their number grows with the voxels of the patch.
# So it is a sum: so many bytes per voxel, so many voxels have room.
#
# ### Exercise 11.3 - Plan a network (15 minutes, difficulty 3 of 3, the heart of the lesson)
#
# 1. **Room**: a step has `gigabytes * 1e9 / each` voxels of room. A patch may take half, since a step should hold two.
# 2. **Sides**: the median image, if it fits into that half. Else all its sides shrink by *one* factor, so that the patch keeps
#    its shape and just fits.
# 3. **Depth**: how often the shortest side can be halved with at least 4 voxels left: log2(side / 4), rounded down; at least
#    1, at most 5.
# 4. **Patch**: each side rounded down to a multiple of 2^depth, but at least one multiple.
# 5. **Batch**: as many patches as the room holds, rounded down; at least 2, at most 16.


# %% id="plan"
def plan(size, gigabytes, each):
    """size: the median image, 2 or 3 numbers; each: bytes a voxel takes -> (patch, depth, batch)."""
    # region solution
    room = gigabytes * 1e9 / each
    shrink = (room / 2 / np.prod(size, dtype=float)) ** (1 / len(size))
    sides = [n * min(shrink, 1) for n in size]
    depth = int(np.clip(np.floor(np.log2(min(sides) / 4)), 1, 5))
    step = 2**depth
    patch = tuple(max(int(side // step), 1) * step for side in sides)
    batch = int(np.clip(room // np.prod(patch), 2, 16))
    return patch, depth, batch
    # endregion


# %% id="plan-check"
plan = ex.plan.check(plan)

# %% id="plan-use"
rows = []
for what, median in {"your folder": size.tolist(), "hippocampus": (36, 50, 35), "CT of a belly": (512, 512, 180),
                     "microscopy": (1024, 1360), "prostate, thick slices": (320, 320, 20)}.items():  # fmt: skip
    for gigabytes in (0.8, 11):
        patch, depth, batch = plan(median, gigabytes, 3000)
        sides = " x ".join(map(str, patch))
        rows.append(f"| {what} | {' x '.join(map(str, median))} | {gigabytes} | {sides} | {depth} | {batch} |")
Markdown("| data | median image | GB | patch | depth | batch |\n|-|-|-|-|-|-|\n" + "\n".join(rows))

# %% [markdown] id="plan-lesson"
# Your rules know nothing of brains or prostates, and still give each its own network. *In which rows does more memory only
# make the batch larger, and why?*
#
# ### The whole plan
#
# The course's own planner has the same skeleton and a few rules more. It counts the bytes of the network for real, and it also
# knows that time ends: you said how many minutes, and this computer's speed was measured. (The cut is therefore a little
# different from yours, and an image that fits whole is rounded *up* and padded, so that none of it is lost.) Where it is time
# that cuts, it cuts more and smaller patches, because that is how networks learn fastest when there are few steps. Every line
# says why. (Instance normalisation takes each image's own mean; on a one-cycle schedule the rate first rises, then falls.)

# %% id="speed"
speed = choose(smoke=4e5, quick=0, full=0) or voxels_a_second(found.dims, 8)
minutes = choose(smoke=0.4, quick=0.4, full=30.0)
recipe = make_plan(found, memory_gb=0.8, minutes=minutes, width=8, speed=speed)
recipe

# %% [markdown] id="explore-text"
# Now turn the knobs of the world: your memory, your patience, and how thick the slices are (times as thick as now). The solid
# frame is one patch; the dashed ones share its step. On the right is the network, from the patch down to what is left of it
# at the bottom.
#
# *When is it memory that cuts the patch, when time? Why does the funnel stop earlier with thick slices? And which knobs
# change nothing once the patch is the whole image, not even the batch? (The plan's line on the batch says why.)*

# %% id="explore"
most = max(data, key=lambda case: int((case.label == target).sum()))


def rules(memory, minutes, thicker):
    along = list(found.spacing), list(found.size)
    last = Spread(*(thicker * v for v in (along[0][-1].median, along[0][-1].low, along[0][-1].high)))
    fewer = Spread(*(v / thicker for v in (along[1][-1].median, along[1][-1].low, along[1][-1].high)))
    changed = replace(found, spacing=(*along[0][:-1], last), size=(*along[1][:-1], fewer))
    now = make_plan(changed, memory_gb=memory, minutes=minutes, width=8, speed=speed)
    on_grid = case_on(most, Grid.of(most).canonical().spaced(now["spacing"]))
    return figures.planned(on_grid, now["patch"], now["depth"], now["batch"], width=8, target=target)


show.explore(rules, memory=[0.8, 0.02, 0.1, 4.0], minutes=[0.4, 2.0, 10.0, 120.0], thicker=[1.0, 2.0, 3.0])

# %% [markdown] id="train-text"
# ## 5. Train
#
# From here on the machine works alone. It divides the patients, brings every scan to the plan's grid and intensities, trains,
# keeps the weights of the best look at the validation patients, and measures the held-out ones. In a terminal it is two lines:
#
#     medsegedu plan my/folder --minutes 10 --out plan.json
#     medsegedu train --data my/folder --plan plan.json --out my/run
#
# There the first steps are timed, and the minutes become steps. Below it is a fixed number of them, for about half a minute
# on a laptop. (A faster computer was given larger patches in the plan, and will do a little better.)

# %% id="train"
settings = Settings.choose(MY_FOLDER or "my_hospital", data, shares=(0.5, 0.2, 0.3), **recipe.choices())
settings = replace(settings, minutes=None, steps=choose(smoke=3, quick=300, full=20_000))
run = train(settings, data, place / "run", plan=recipe, progress=False)
history = json.loads((run.place / "history.json").read_text())
split = json.loads((run.place / "split.json").read_text())
show.curves(
    {"loss of a batch": history["loss"]}, "step", "loss",
    alt=f"The loss over {len(history['loss'])} steps: it falls quickly and then slowly.",
)  # fmt: skip

# %% id="train-said"
Markdown(
    f"{len(split['train'])} patients trained, {len(split['validation'])} chose the weights, **{len(split['test'])} were held "
    f"out**. {len(history['loss'])} steps in {history['seconds']:.0f} s."
)

# %% [markdown] id="report-task"
# ## 6. A report
#
# What would you like to know of a network before it touches your scans? Not one number. Which class is weak. Who is the
# worst patient, and how does that look. How much the mean would change with other patients. And that nobody was left out.
#
# ### Exercise 11.4 - Report (15 minutes, difficulty 3 of 3)
#
# `scores` holds, for each patient *who has a prediction*, the Dice of each class. It is NaN where a class is neither drawn nor
# found: there was nothing to do, so it belongs into no mean. `patients` lists everybody who was to be predicted. Who is
# missing in `scores` gets 0 for every class: a crash finds nothing. Return
#
# 1. the mean of each class over the patients;
# 2. the name of the worst patient, by the mean of their classes (the first of several who are equally bad);
# 3. the 95 % interval of the mean over patients, by **bootstrap**. Each patient has one number, the mean of their classes. Each
#    row of `picks` is a draw of patients (their numbers in `patients`, with repeats). Take the mean of each draw, and of those
#    the 2.5th and 97.5th percentile.


# %% id="report"
def report(scores, patients, picks):
    """scores {patient: (classes,)}, all n patients' names, picks (draws, n) of their numbers

    -> means (classes,), the worst patient's name, (low, high)
    """
    # region solution
    nothing = 0 * np.nan_to_num(next(iter(scores.values())))
    rows = np.stack([scores.get(p, nothing) for p in patients])  # (n, classes)
    of_patient = np.nanmean(rows, axis=1)
    drawn = of_patient[picks].mean(axis=1)  # (draws,)
    low, high = np.percentile(drawn, [2.5, 97.5])
    worst = patients[int(np.argmin(of_patient))]
    return np.nanmean(rows, axis=0), worst, (low, high)
    # endregion


# %% id="report-check"
report = ex.report.check(report)

# %% [markdown] id="report-use-text"
# Your report on your network. The second column is the same network, if the scan of the worst patient had crashed the program
# and somebody had "just left it out".

# %% id="report-use"
test = data.of(split["test"])
answers = {case.id: run.segment(case) for case in test}


def dice_of(patient):
    """Dice of each class over all of a patient's images; NaN: nothing to find, nothing found."""
    cases = test.of([patient])
    guess = torch.cat([answers[case.id].flatten() for case in cases])
    truth = torch.cat([case.label.flatten() for case in cases])
    there = [bool(((guess == k) | (truth == k)).any()) for k in range(1, len(names))]
    return np.array([float(dice(guess == k, truth == k)) if there[k - 1] else np.nan for k in range(1, len(names))])


held_out_patients = list(test.patients)
scores = {patient: dice_of(patient) for patient in held_out_patients}
draws = np.random.default_rng(0).integers(0, len(scores), (2000, len(scores)))
means, worst, (low, high) = report(scores, held_out_patients, draws)
others = [patient for patient in held_out_patients if patient != worst]
prettier, _, _ = report({p: scores[p] for p in others}, others, np.arange(len(others))[None])
crashed, _, _ = report({p: scores[p] for p in others}, held_out_patients, draws)
lines = [
    f"| {name} | {a:.3f} | {b:.3f} | {c:.3f} |"
    for name, a, b, c in zip(names[1:], means, prettier, crashed, strict=True)
]
Markdown(
    "| Dice | everybody | the worst left out | the worst crashed, counted as 0 |\n|-|-|-|-|\n" + "\n".join(lines)
    + f"\n\nMean of all classes: 95 % interval **{low:.3f} to {high:.3f}** over {len(scores)} patients. Worst: **{worst}**."
)  # fmt: skip

# %% id="report-intervals"
shown = []
for k, name in enumerate(names[1:]):
    column = np.array([scores[patient][k] for patient in held_out_patients])
    middles = np.nanmean(column[draws[~np.isnan(column[draws]).all(1)]], axis=1)
    shown.append((name, float(np.nanmean(column)), *np.percentile(middles, [2.5, 97.5]).tolist()))
show.intervals(
    shown, "Dice of held-out patients, mean and 95 % interval", digits=3, alt="Dice of each class with its interval."
)

# %% [markdown] id="failures-text"
# And now the pictures, **failures first**. An average hides where a network fails, and where it fails is where you learn
# something: about the network, about the scan, or, more often than one thinks, about the mask. *Who is wrong in each of
# them, the network or the mask?* (In the invented hospital the masks are exact, and its worst patient is not bad at all. In
# your folder a person drew them.)

# %% id="failures-worst"
order = sorted(held_out_patients, key=lambda patient: float(np.nanmean(scores[patient])))
bad = test.of([order[0]])[0]
show.compare(bad, {f"the worst, {order[0]}": answers[bad.id]}, target, class_name=names[target])

# %% id="failures-best"
good = test.of([order[-1]])[0]
show.compare(good, {f"the best, {order[-1]}": answers[good.id]}, target, class_name=names[target])

# %% id="failures-page"
Markdown(
    f"The same as a page to send around, with the plan and all settings: `{run.place / 'report.html'}` "
    f"({(run.place / 'report.html').stat().st_size // 1000} kB, opens in any browser)."
)

# %% [markdown] id="home-text"
# ## 7. Bring it home
#
# The network worked on a grid of its own. The doctor's viewer shows the scan on another one. `predict_files` takes each
# prediction back to its image's space. **Check it by reading it back**: same grid, and the outlines lie where they should. (It
# is the grid that is checked here. Two of the patients are not held out, so their Dice proves nothing else.) The
# last row is what many programs write: the right numbers, and no place.

# %% id="home"
out = place / "predictions"
checked = (data[-1], data[0], bad)  # in the invented hospital, data[-1] is the DICOM series
home = root if MY_FOLDER is None else Path(MY_FOLDER)
if MY_FOLDER is None:
    scans = [root / "images" / case.id for case in checked]
    inputs = sorted({path if path.is_dir() else path.with_name(f"{path.name}.nii.gz") for path in scans})
else:
    inputs = [home] if home.is_dir() else []
paths = predict_files(run, inputs, out, progress=False) if inputs else []
written = {path.name.removesuffix(".nii.gz"): path for path in paths if path.name.endswith(".nii.gz")}
rows = []
for patient in checked if written else ():
    back, grid = read_label(written[patient.id.replace("/", "_")])
    kind = "DICOM" if (home / "images" / patient.id).is_dir() else "NIfTI"
    part = next(name for name, whose in split.items() if patient.patient in whose)
    same = grid.difference(Grid.of(patient)) or "none"
    agrees = dice(back == target, patient.label == target)
    rows.append(f"| {patient.id} | {part} | {kind} | {' x '.join(map(str, back.shape))} | {same} | {agrees:.3f} |")
if rows:
    nibabel.save(nibabel.Nifti1Image(back.numpy().astype(np.uint8), np.eye(4)), out / "lost.nii.gz")
    lost, lost_grid = read_label(out / "lost.nii.gz")
    size_text = " x ".join(map(str, lost.shape))
    rows.append(f"| {bad.id}, no affine | {part} | {kind} | {size_text} | {lost_grid.difference(Grid.of(bad))} | - |")
Markdown(
    "| image | part | format | voxels of the saved label | difference of the grids | Dice of the saved label |\n|-|-|-|-|-|-|\n"
    + "\n".join(rows)
) if rows else Markdown("Nothing was saved: it takes a folder of your own, and scans; pictures carry no place.")  # fmt: skip

# %% id="home-look"
saved = (
    replace(bad, label=read_label(written[bad.id.replace("/", "_")])[0])
    if rows
    else replace(bad, label=answers[bad.id])
)
said = "The saved prediction, read back and laid over its scan." if rows else "The prediction, laid over its image."
show.case(saved, contrasts=data.contrasts, classes=names, alt=said)

# %% [markdown] id="bugs-task"
# ## 8. Bug hunt
#
# You inherit a colleague's code. It runs. No error, no warning, and the results are splendid. It has five errors,
# one in each function, and each of them is common.
#
# ### Exercise 11.5 - Bug hunt (20 minutes, difficulty 3 of 3)
#
# Read each function against its docstring. Mend it in place, run the cell, and run the check below: it tells which are
# right already, and what to look at next. (Under "hints" you find where to look. The cell above the check only hands your five
# functions over: give `bug_hunt` its `return`, with their names.)

# %% id="bugs" tags=["student-only"]
import torch.nn.functional as F


def held_out(patients):
    """Whose each image is -> numbers of the test images, ascending: all of every fifth patient.

    The patients are taken in alphabetical order, from the first.
    """
    return list(range(0, len(patients), 5))


def to_scale(train, test):
    """Training and test images -> both on the scale in which training has mean 0, deviation 1 (torch's `std`)."""
    both = torch.cat([train, test])
    mean, deviation = both.mean(), both.std()
    return (train - mean) / deviation, (test - mean) / deviation


def finer(label):
    """label (H, W) int64 -> (2 H, 2 W) int64: the same classes in pixels half as long."""
    double = F.interpolate(label[None, None].float(), scale_factor=2, mode="bilinear")
    return double[0, 0].round().long()


def mirrored(image, label, chosen):
    """image (N, C, H, W), label (N, H, W), chosen (N,) bool -> copies of both.

    The chosen ones are mirrored left to right.
    """
    image, label = image.clone(), label.clone()
    image[chosen] = image[chosen].flip(-1)
    return image, label


def mean_dice(found, drawn):
    """Masks (patients, classes, pixels) -> the mean Dice of what there was to find, or was found."""
    both = (found & drawn).sum(-1)
    total = found.sum(-1) + drawn.sum(-1)
    return torch.where(total > 0, 2 * both / total, 1.0).mean()


# %% id="mended" tags=["solution-only"]
def held_out(patients):
    """Whose each image is -> numbers of the test images, ascending: all of every fifth patient.

    The patients are taken in alphabetical order, from the first.
    """
    chosen = sorted(set(patients))[::5]  # patients, not images
    return [i for i, patient in enumerate(patients) if patient in chosen]


def to_scale(train, test):
    """Training and test images -> both on the scale in which training has mean 0, deviation 1 (torch's `std`)."""
    mean, deviation = train.mean(), train.std()  # the test set has no say
    return (train - mean) / deviation, (test - mean) / deviation


def finer(label):
    """label (H, W) int64 -> (2 H, 2 W) int64: the same classes in pixels half as long."""
    return label.repeat_interleave(2, 0).repeat_interleave(2, 1)  # a class is chosen, never computed


def mirrored(image, label, chosen):
    """image (N, C, H, W), label (N, H, W), chosen (N,) bool -> copies of both.

    The chosen ones are mirrored left to right.
    """
    image, label = image.clone(), label.clone()
    image[chosen] = image[chosen].flip(-1)
    label[chosen] = label[chosen].flip(-1)  # both, or neither
    return image, label


def mean_dice(found, drawn):
    """Masks (patients, classes, pixels) -> the mean Dice of what there was to find, or was found."""
    both = (found & drawn).sum(-1)
    total = found.sum(-1) + drawn.sum(-1)
    return (2 * both / total)[total > 0].mean()  # nothing there and nothing found: no marks, good or bad


# %% id="bug-hunt"
def bug_hunt():
    """-> the five functions, in this order: held_out, to_scale, finer, mirrored, mean_dice."""
    # region solution
    return held_out, to_scale, finer, mirrored, mean_dice
    # endregion


# %% id="bug-hunt-check"
bug_hunt = ex.bug_hunt.check(bug_hunt)

# %% [markdown] id="bugs-use-text"
# What did each of them cost? On virtual slices, the colleague's code beside yours:

# %% id="bugs-use"
slices = virtual_patients(10, seed=1)
whose = [case.patient for case in slices]
images, labels = torch.stack([c.image for c in slices]), torch.stack([c.label for c in slices])


def costs(functions):
    held_out, to_scale, finer, mirrored, mean_dice = functions
    chosen = held_out(whose)
    shared = {whose[i] for i in chosen} & {p for i, p in enumerate(whose) if i not in chosen}
    scaled, _ = to_scale(images[:40], 3 * images[40:])  # the test set is from a brighter scanner
    right = labels[0].repeat_interleave(2, 0).repeat_interleave(2, 1)
    image, label = mirrored(images, labels, torch.ones(len(images), dtype=torch.bool))
    bright = image[:, 2][label == 4].mean() / image[:, 2][label > 0].mean()  # FLAIR of lesions, beside the brain's
    drawn = torch.stack([labels == k for k in (1, 4)], 1).flatten(2)  # fluid and lesions of each slice
    blind = mean_dice(torch.zeros_like(drawn), drawn)
    return [
        f"{len(shared)} of {len(set(whose))}", f"{float(scaled.std()):.2f}", f"{int((finer(labels[0]) != right).sum()):,}",
        f"{float(bright):.2f}", f"{float(blind):.2f}",
    ]  # fmt: skip


questions = [
    "patients who train and test (0 is right)",
    "deviation of the scaled training images (1 is right)",
    "pixels of one slice that changed their class",
    "how many times brighter lesions are than the brain, in the mirrored images",
    "Dice of a network that never finds fluid or lesions",
]
lines = [f"| {q} | {a} | {b} |" for q, a, b in zip(questions, costs(ex.as_found), costs(bug_hunt()), strict=True)]
Markdown("| | as you found it | mended |\n|-|-|-|\n" + "\n".join(lines))

# %% [markdown] id="bugs-lesson"
# None of the left column would have stopped the program. The first would have got the paper accepted, and the last gives marks
# to a network that finds nothing at all. (On the last there are two schools. Some challenges give full marks for a class that
# is rightly left empty, and so does this course's `evaluate` for a class that a whole patient lacks. Either is fine if it is
# *said*, and if you know how many of the marks came from nothing.)
#
# ## 9. Where to go next
#
# You have written every piece of this yourself. In practice you will use libraries. Here is the same task three times;
# read it line by line.
#
# | step | this course | MONAI | nnU-Net |
# |-|-|-|-|
# | the folder | `folder(path)` | `CacheDataset(files, transforms)` | `nnUNet_raw/Dataset001_Mine`, with `dataset.json` |
# | fingerprint | `fingerprint(data)` | `DataAnalyzer` (Auto3DSeg) | `nnUNetv2_extract_fingerprint -d 1` |
# | plan | `make_plan(found)` | you (or Auto3DSeg) | `nnUNetv2_plan_and_preprocess -d 1` |
# | upright, one spacing | `prepare(case, spacing)` | `Orientationd`, `Spacingd` | as planned |
# | intensities | `zscore` | `NormalizeIntensityd` | as planned: z-score, CT by fingerprint |
# | patches with foreground | `PatchSampler` | `RandCropByPosNegLabeld` | a third of each batch, at least |
# | augmentation | `Augment()` | `RandAffined`, `RandGaussianNoised`, ... | batchgenerators, always on |
# | network | `UNet(..., dims=3)` | `BasicUNet(spatial_dims=3)` | a U-Net, `3d_fullres` or `2d` |
# | loss | `dice_ce_loss` | `DiceCELoss` | Dice + cross-entropy, at every scale |
# | training | `fit(...)` | your loop | `nnUNetv2_train 1 3d_fullres 0` |
# | large volumes | `sliding_window` | `sliding_window_inference` | inside `nnUNetv2_predict` |
# | back to the scan | `save_nifti(like=...)` | `Invertd`, `SaveImaged` | inside `nnUNetv2_predict` |
# | held-out patients | one split, by patient | your job | five folds: by file, unless you write `splits_final.json` |
#
# One difference matters more than all names. nnU-Net's default is a thousand epochs of 250 steps, a day or two on a GPU, for
# each of five folds. Your network had less than a minute. And mind the last row: libraries divide by *file*. If a patient
# has two files, that is exercise 11.1, and no library will tell you.
#
# If MONAI is installed (`pip install monai`), the next cell runs its lines on your data for a few steps.

# %% id="monai"
try:
    from monai.inferers import sliding_window_inference
    from monai.losses import DiceCELoss
    from monai.networks.nets import BasicUNet
except ImportError:
    theirs = "**Skipped: MONAI is not installed.** The table above has its lines."
else:
    torch.manual_seed(0)
    ready = replace(
        data.of(split["train"]), cases=[prepare(c, settings.spacing) for c in data.of(split["train"])]
    )  # MONAI: LoadImaged, Orientationd, Spacingd, NormalizeIntensityd
    sampler = PatchSampler(ready, (32,) * found.dims, 2)  # RandCropByPosNegLabeld
    features = (8, 8, 16, 32, 64, 8)
    network = BasicUNet(found.dims, len(data.contrasts), len(names), features)
    loss_function = DiceCELoss(to_onehot_y=True, softmax=True)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    losses = []
    for _ in range(choose(smoke=2, quick=12, full=2000)):
        image, label = sampler.draw()  # (2, C, 32, 32, 32), (2, 32, 32, 32)
        loss = loss_function(network(image), label[:, None])  # MONAI's labels have a channel: (2, 1, 32, 32, 32)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    network.eval()
    with torch.no_grad():
        scan = prepare(bad, settings.spacing).image[None]  # (1, C, *spatial)
        scored = sliding_window_inference(scan, (32,) * found.dims, 4, network)  # (1, classes, *spatial)
    sides = " x ".join(map(str, scan.shape[2:]))
    theirs = (
        f"{len(losses)} steps of MONAI's BasicUNet: loss {losses[0]:.2f} -> {losses[-1]:.2f}; a scan of {sides} voxels gets "
        f"{scored.shape[1]} scores a voxel. {sum(p.numel() for p in network.parameters()):,} weights."
    )
Markdown(theirs)

# %% [markdown] id="claims-text"
# ## 10. Measure it
#
# Three claims, each with a rule that was fixed before the measured seeds were run.
#
# **Claim 1: one recipe transfers.** Three data sets of other shapes: heads in slices of 8 mm, flat images, and small blocks. The
# planned recipe has no value that was set for any of them. Its rival was set by hand for whole heads of 3 mm, after trials,
# and is carried over in two ways, with its spacing or with each set's own; the *better* one of each seed counts. (The difference
# on the right is "planned" minus that one.) All see the same number of voxels, with the same width, loss, rate and augmentation.

# %% id="claim-transfer"
claims.get("11.transfer").figure()

# %% [markdown] id="claim-transfer-lesson"
# The two arms on the left are whole heads, the rival's own ground: there it should be at least as good, else it was badly
# chosen. It is not, with these patients: part of any lead of the plan is a rival that could have been tuned better. Then look at
# the difference of the two ways of carrying it over. How much of a plan is simply *not to forget the
# spacing*? What is left for patch, depth and batch is the rest, and it is for you to judge how much that is.
#
# And mind the budget. nnU-Net's rules were made for a day of training; ours lasts seconds. Our first planner followed nnU-Net:
# the largest patch, if two of it fit. Within a minute it never learnt the lesions of flat images. So it got a rule of its own for
# short times, more and smaller patches, and this claim was measured anew, with new patients. *Did that settle it?* Compare the
# seeds: each is another few patients, and with so few of them luck is as large as the recipe.
#
# **Claim 2: few patients overfit.** The gap between the patients who trained a network and new ones, with 16, 8, 4 and 2 to learn
# from. All networks train for the same number of steps.

# %% id="claim-few"
claims.get("11.few_patients").figure()

# %% [markdown] id="claim-augment-text"
# **Claim 3: what augmentation gives back.** Dice on new patients, with two patients and augmentation beside two without, and
# beside more patients.
#
# *How many patients is augmentation worth here? And does it still help those who have sixteen?*

# %% id="claim-augment"
claims.get("11.augment").figure()

# %% [markdown] id="claims-lesson"
# Before you read the verdicts, look at the grey lines. With two patients each seed is another pair, and pairs differ: *who* they
# are counts, not only how many. Then read the rule. It was fixed before the seeds were run, and asks for 0.02 Dice. An effect
# that stays just below it is *not shown*, however regular the lines look, and the rule is not bent afterwards. And compare the
# columns with each other: a remedy for few patients may cost something where there are many.
#
# A gap by itself is no harm: who learns from two patients by heart, and still does well on new ones, may. The number that
# counts is the Dice on new patients; the gap says what more patients, or more invented variety, might still give.
#
# ## 11. Reality check
#
# The same recipe on real people, with nothing set by hand: hippocampi in MRI, front and back. Everybody's left and right
# hippocampus stay together, and nobody is in two parts of the division.

# %% id="real-train"


def train_planned(data, learn, look, recipe, steps):
    """Bring everybody to the plan's grid, and train. -> a run"""
    settings = Settings.choose(data.name, data, **recipe.choices())
    learn, look = (replace(d, cases=[prepare(c, settings.spacing) for c in d]) for d in (learn, look))
    torch.manual_seed(0)
    model = settings.network()
    augment = settings.augmentation()
    options = {"batch": settings.batch, "patch": settings.patch, "rate": settings.rate, "augment": augment}
    model.history = fit(model, learn, look, steps=steps, looks=2, progress=False, **options)
    windows = tuple(max(n, 64) for n in settings.patch)  # these images are small: predict each in one piece
    return Run(Path(data.name), replace(settings, patch=windows), model)


try:
    real = hippocampus()
    real_learn, real_look, real_test, _ = real.split((0.6, 0.03, 0.12, 0.25), seed=0)
    real_plan = make_plan(whole_fingerprint(real_learn), memory_gb=0.8, minutes=minutes, width=8, speed=speed)
    real_run = train_planned(real, real_learn, real_look, real_plan, choose(smoke=3, quick=300, full=5000))
    sentence = (
        f"{len(real_learn.patients)} people train, {len(real_test.patients)} are held out. Patch "
        f"{' x '.join(map(str, real_plan['patch']))}, depth {real_plan['depth']}, batch {real_plan['batch']}; "
        f"{len(real_run.model.history.loss)} steps in {real_run.model.history.seconds:.0f} s. {real.citation}"
    )
except NotHere as reason:
    real = None
    sentence = f"**Skipped: the real patients are not here.** {reason} The rest of this section stays empty."
Markdown(sentence)

# %% id="real-result"
if real:
    measured = evaluate(real_run.segment, real_test)
    bars = [(name, i.mean, i.low, i.high) for name in real.classes[1:] for i in [measured.interval("dice", name)]]
show.intervals(
    bars, "Dice of held-out people, mean and 95 % interval",
    alt="Dice with intervals of the front and the back of the hippocampus, by the planned recipe.",
) if real else Markdown("Skipped: no real patients.")  # fmt: skip

# %% id="real-worst"
if real:
    poorest = real_test.patients[int(measured.of("dice").argmin())]
    case = real_test.of([poorest])[0]
    picture = show.compare(case, {f"the worst, {poorest}": real_run.segment(case)}, 2, class_name=real.classes[2])
picture if real else Markdown("Skipped: no real patients.")

# %% [markdown] id="real-lesson"
# Rules written with brains of 3 mm before our eyes planned a network for something the size of a thumb, and it
# trained for 300 steps. The interval tells how much the mean would change with other people, not how
# much another training run would change it.
#
# How far does it get with more time? Once, on all 260 volumes, it had fifteen minutes of one processor core: 0.90 for the front,
# 0.88 for the back, on 34 held-out people. (MONAI's BasicUNet with the recipe of its tutorials, in the same processor time: 0.83
# and 0.83. That recipe was made for hours on a GPU. `tests/benchmarks/recipe_against_monai.py` runs both.) A full nnU-Net is at
# about 0.90 and 0.89, after a day on a GPU and with five networks voting.
#
# ## 12. The ledger
#
# The last rows: the same recipe, flat, on the course's own patients. It is planned from the fingerprint of the 24 that every
# lesson trained on. The images of the ruler are raw, so the z-score is built into the network.
#
# It is planned twice: for a training of twelve seconds, and without a word about time, as if there were a night. Both networks
# then see the same number of pixels. *What will the second plan do differently? Which column of the ledger will show it?*

# %% id="ledger"


class Scaled(nn.Module):
    """Z-score each contrast of each image, then ask the network."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        return self.network(torch.stack([zscore(one) for one in image]))


flat = virtual_patients(24, seed=1)
looked_at, steps = virtual_patients(4, seed=2), choose(smoke=3, quick=400, full=20_000)
measured_speed = choose(smoke=4e5, quick=None, full=None)  # None: the planner measures this computer
flat_print, brief = whole_fingerprint(flat), choose(smoke=0.2, quick=0.2, full=20.0)
in_haste = make_plan(flat_print, memory_gb=0.8, minutes=brief, speed=measured_speed)
at_leisure = make_plan(flat_print, memory_gb=0.8)
pixels = [int(np.prod(plan["patch"])) * plan["batch"] for plan in (in_haste, at_leisure)]
fewer = max(2, steps * pixels[0] // pixels[1])
trained = {
    "planned for the time": train_planned(flat, flat, looked_at, in_haste, steps),
    "planned without a clock": train_planned(flat, flat, looked_at, at_leisure, fewer),
}
ledger = Ledger()
for method, one in trained.items():
    ledger.measure("11", method, Scaled(one.model), seconds=one.model.history.seconds)
ledger

# %% id="two-plans"
lines = [
    f"| {method} | {' x '.join(map(str, plan['patch']))} | {plan['batch']} | {len(trained[method].model.history.loss)} |"
    for method, plan in zip(trained, (in_haste, at_leisure), strict=True)
]
Markdown("| plan | patch | batch | steps |\n|-|-|-|-|\n" + "\n".join(lines))

# %% [markdown] id="ledger-lesson"
# Without a clock the plan takes whole slices, because they show most, and several of them in a step. Given a night, that is
# right. Within seconds it leaves few steps, and a class of one pixel in four hundred takes many: the network paints the brain
# and has not begun with the lesions. Both recipes come from good reasons. The budget belongs into the plan; and whatever a
# plan says, measure on validation patients before you believe it.

# %% [markdown] id="quiz-1"
# ## 13. Quiz
#
# **1. Your folder holds 60 scans of 20 patients. You divide by file, 80 to 20. What will your test score say?**
#
# <details><summary>(a) How good the network is, a little noisily.</summary>
# Nearly every test scan has a sibling of the same patient in training. The score says how well the network recognises people.
# </details>
#
# <details><summary>(b) More than is true, and by how much nobody knows.</summary>
# Yes. And you can't correct it afterwards. Divide by patient, before anything else.
# </details>
#
# <details><summary>(c) Less than is true, because the test has fewer patients.</summary>
# A small test makes the interval wide, not the mean low.
# </details>

# %% [markdown] id="quiz-2"
# **2. You get twice the memory, and the patch of *your* rules was already the whole median image. What changes?**
#
# <details><summary>(a) The patch becomes larger.</summary>
# Larger than the image? Out there is only padding.
# </details>
#
# <details><summary>(b) The network becomes deeper.</summary>
# The depth follows from the shortest side of the patch, and that stays.
# </details>
#
# <details><summary>(c) The batch becomes larger, up to a limit.</summary>
# Yes. First the patch, because it shows more; what is left goes into the batch. (The course's planner stops sooner, at 5 % of
# all voxels in one step.)
# </details>

# %% [markdown] id="quiz-3"
# **3. The slices of your CT are 5 mm thick, its pixels 0.8 mm wide. Why not resample to cubes of 0.8 mm?**
#
# <details><summary>(a) Interpolation would invent five of six slices, and they fill the memory.</summary>
# Yes. The patch then covers a sixth of the height, of which most was never measured.
# </details>
#
# <details><summary>(b) CT must not be resampled.</summary>
# It may. The question is to what.
# </details>
#
# <details><summary>(c) The network needs thick slices.</summary>
# It does not care, as long as all patients have the same.
# </details>

# %% [markdown] id="quiz-4"
# **4. Two of 30 test scans crash your program. Your report is about**
#
# <details><summary>(a) 28 patients.</summary>
# Then the more a program crashes, the better it looks, since it will crash on the odd ones.
# </details>
#
# <details><summary>(b) 30 patients, two of them with a Dice of 0.</summary>
# Yes, and it says so. Then find out why they crashed.
# </details>
#
# <details><summary>(c) 28 patients, with a footnote.</summary>
# Better than (a), but the mean still is of the patients that were easy to read. And nobody reads footnotes.
# </details>

# %% [markdown] id="quiz-5"
# **5. Training Dice 0.97, test Dice 0.71, four training patients. What do you do first?**
#
# <details><summary>(a) Train longer.</summary>
# It knows its four patients by heart already. Longer makes that better.
# </details>
#
# <details><summary>(b) Take a deeper network.</summary>
# More weights to remember four people with.
# </details>
#
# <details><summary>(c) Augment, and look at the failures; then draw more patients of the kind that failed.</summary>
# Yes. Augmentation costs nothing to try, and failures tell which patients are worth an afternoon of drawing. (Failures of the
# *validation* patients: whoever learns from those of the test has used the test up.)
# </details>

# %% [markdown] id="reading"
# ## 14. What to read
#
# - F. Isensee, P. Jaeger, S. Kohl, J. Petersen, K. Maier-Hein, *nnU-Net: a self-configuring method for deep learning-based
#   biomedical image segmentation*, Nature Methods 2021,
#   [doi:10.1038/s41592-020-01008-z](https://doi.org/10.1038/s41592-020-01008-z). The rules, and why they are enough.
# - F. Isensee et al., *nnU-Net Revisited: A Call for Rigorous Validation in 3D Medical Image Segmentation*, MICCAI 2024,
#   [arXiv:2404.09556](https://arxiv.org/abs/2404.09556). What was left of newer architectures, once they were compared fairly.
# - L. Maier-Hein, A. Reinke et al., *Metrics reloaded: recommendations for image analysis validation*, Nature Methods 2024,
#   [doi:10.1038/s41592-023-02151-z](https://doi.org/10.1038/s41592-023-02151-z). Which measure for which question, and what to
#   do with empty classes and missing predictions.
# - G. Varoquaux, V. Cheplygina, *Machine learning for medical imaging: methodological failures and recommendations for the
#   future*, npj Digital Medicine 2022, [doi:10.1038/s41746-022-00592-y](https://doi.org/10.1038/s41746-022-00592-y). The
#   bug hunt, for a whole field.
# - M. J. Cardoso et al., *MONAI: An open-source framework for deep learning in healthcare*, 2022,
#   [arXiv:2211.02701](https://arxiv.org/abs/2211.02701). The library of the middle column.
# - A. Khamis, F. Andrade, *Advances and Challenges in Deep Learning-Based Medical Image Segmentation*: the survey that this
#   course followed from its first page. Read it again, and mark each sentence that you have seen measured.
