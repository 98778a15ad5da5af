"""Makes docs/virtual_patients.md and its pictures: each knob of difficulty at four places, and what it does to a network.

Run `python docs/virtual_patients.py` from the checkout; it trains for about a minute.
"""

from pathlib import Path

import torch

from medsegedu.data import CLASSES, Augment, Case, virtual_patients
from medsegedu.data.difficulty import KNOBS, Knob, setting
from medsegedu.files import write_atomically
from medsegedu.inference import predict
from medsegedu.metrics import Evaluation, evaluate
from medsegedu.models import UNet
from medsegedu.show import Picture, canvas, overlay, style
from medsegedu.training import fit

HERE = Path(__file__).parent
SEED, TEST_SEED = 11, 4_041
WINDOW = (0.55, 1.1)  # one for all pictures, so that brightness can be compared


def main() -> None:
    """Train one network at the usual difficulty, measure it at every other, and draw."""
    torch.manual_seed(SEED)
    model = UNet(3, len(CLASSES), width=12, depth=3)
    fit(
        model,
        virtual_patients(40, SEED),
        steps=400,
        batch=16,
        patch=48,
        rate=8e-3,
        augment=Augment(flips=(1,)),
        seed=SEED,
    )
    sections = [section(knob, model) for knob in KNOBS]
    write_atomically(HERE / "virtual_patients.md", HEAD + "\n".join(sections))


def section(knob: Knob, model: UNet) -> str:
    """The knob's part of the page; its picture is saved on the way."""
    cases, rows = [], ["| setting | lesion Dice | tissue Dice |", "|---|---|---|"]
    for level in knob.levels:
        data = virtual_patients(8, TEST_SEED, **setting(knob.name, level))
        cases.append(data[3])  # the same slice of the same patient at every level
        found = evaluate(lambda case: predict(model, case.image), data)
        rows.append(f"| {words(knob, level)} | {dice(found, 'lesion')} | {dice(found, *CLASSES[1:4])} |")
    name = knob.name.replace(" ", "_")
    picture = draw(knob, cases)
    picture.save(HERE / "images" / f"difficulty_{name}.png")
    return "\n".join([
        f"## {knob.name.capitalize()}", "", knob.makes_hard, "", f"![{picture.alt}](images/difficulty_{name}.png)", "", *rows, ""
    ])  # fmt: skip


def dice(found: Evaluation, *classes: str) -> str:
    interval = found.interval("dice", classes)
    return f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def words(knob: Knob, level: float | tuple[float, float]) -> str:
    number = f"{level[0]:g} to {level[1]:g}" if isinstance(level, tuple) else f"{level:g}"
    usual = " (usual)" if knob.levels[knob.usual] == level else ""
    return knob.form.format(number) + usual


def draw(knob: Knob, cases: list[Case]) -> Picture:
    """The slice at each level, in T1 as the scanner shows it and in FLAIR with the lesions outlined."""
    with style():
        figure, axes = canvas(2, len(cases), size=(2.3 * len(cases), 5.4))
        for i, (case, level) in enumerate(zip(cases, knob.levels, strict=True)):
            assert case.label is not None
            lesions = case.label * (case.label == 4)
            nothing = torch.zeros_like(lesions)
            options = {"classes": CLASSES, "spacing": case.spacing, "window": WINDOW, "legend": False}
            overlay(case.image[0], nothing, ax=axes[i], **options)
            overlay(case.image[2], lesions, ax=axes[len(cases) + i], **options)
            axes[i].set_title(words(knob, level), fontsize=10)
        for row, contrast in ((0, "T1"), (len(cases), "FLAIR")):
            axes[row].text(-0.06, 0.5, contrast, rotation=90, transform=axes[row].transAxes, ha="right", va="center")
    alt = f"One slice of a virtual patient at four settings of the {knob.name}, from easy to hard, with its lesions outlined."
    return Picture(figure, alt)


HEAD = """# Virtual patients: the windows of difficulty

Made by `python docs/virtual_patients.py`. Each picture shows the same slice of the same patient while one knob is turned
from easy to hard and all others stay at their usual place. The tables tell what a small U-Net makes of it that was trained
on 40 patients at the usual settings: Dice on 8 other patients, each of eight slices, with a 95 % bootstrap interval over
the patients. The sentence says why a setting should be hard, the table whether it was. Other seeds give other numbers; the
direction is what to look at.

    from medsegedu.data import virtual_patients
    from medsegedu.data.difficulty import setting
    virtual_patients(8, **setting("noise", 0.08))

"""

if __name__ == "__main__":
    main()
