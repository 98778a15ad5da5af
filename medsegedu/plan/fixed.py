"""What a plan decides the same way for all data, as nnU-Net does with most of its settings, and what it warns of."""

from collections.abc import Sequence

from medsegedu.plan.fingerprint import Fingerprint
from medsegedu.plan.rule import Rule, by

PARTS = 3  # train, validate, test
LITTLE = 0.25  # of the median image: nnU-Net adds a coarser network when a patch holds less


def fixed_rules(found: Fingerprint, width: int) -> list[Rule]:
    """Network, width, loss, rate, augmentation, flips and intensities."""
    rarest = min((c for c in found.drawn if c.cases), key=lambda c: c.share)
    means = ", ".join(
        f"{name} {i.mean:.4g} +- {i.std:.3g}" for name, i in zip(found.contrasts, found.intensities, strict=True)
    )
    return [
        Rule("model", "unet", "a plain U-Net, well planned, is hard to beat: that is nnU-Net's finding."),
        Rule("width", width, f"channels of the first level; each of {2 * width} and so on below has twice as many."),
        Rule(
            "loss", "dice+ce",
            f"{rarest.name} is {100 * rarest.share:.2g} % of the voxels: Dice counts it like the others, cross-entropy keeps "
            f"gradients smooth.",
        ),
        Rule("rate", 6e-3, "AdamW on a one-cycle schedule; it served every data set of this course."),
        Rule("augment", True, f"{found.patients} patients are few: turned, shaded and blurred they look like more."),
        Rule(
            "flips", (), "numbers can't say whether a mirror image could be a patient; name the axes with --flips if it could."
        ),
        Rule(
            "intensities", "z-score",
            f"each image and contrast gets mean 0 and deviation 1, because scanners have no common unit (foreground: {means}).",
        ),
    ]  # fmt: skip


def warnings(
    found: Fingerprint, size: Sequence[int], spacing: Sequence[float], patch: Sequence[int]
) -> tuple[str, ...]:
    """What a reader should know before training, in sentences."""
    said = []
    for c in found.drawn:
        if c.cases == 0:
            said.append(f"No case shows {c.name}, so no network can learn it; draw it, or take it out of the classes.")
        elif c.patients < PARTS:
            said.append(
                f"Only {c.patients} of {found.patients} patients show {c.name}: it can't be trained, validated and tested."
            )
    if found.labelled < found.cases:
        said.append(
            f"{found.cases - found.labelled} of {found.cases} cases have no label; training needs a folder without them."
        )
    share = 1.0
    for p, n in zip(patch, size, strict=True):
        share *= min(p / n, 1)
    if share < LITTLE:
        said.append(
            f"A patch holds {100 * share:.0f} % of the median image: if what lies far off matters, try --spacing "
            f"{by([2 * s for s in spacing])}."
        )
    if min(size) < 16:
        said.append(
            f"The median image has {min(size)} voxels along one axis, which allows few levels; slices in 2D may do better."
        )
    voxel = 1.0
    for s in spacing:
        voxel *= s
    if found.smallest < voxel:
        said.append(
            f"The smallest object measures {found.smallest:.3g} mm^{found.dims}, less than one voxel of {voxel:.3g}: "
            f"it will get lost."
        )
    return tuple(said)
