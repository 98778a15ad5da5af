"""Draws the README's picture, docs/images/overview.png: one held-out virtual patient, its truth, and what a small U-Net finds.

Run `python docs/overview.py` from the checkout; it trains for some seconds.
"""

from pathlib import Path

import torch
from matplotlib.colors import to_rgb

from medsegedu.data import CLASSES, ruler, virtual_patients
from medsegedu.inference import predict
from medsegedu.models import UNet
from medsegedu.show import Picture, canvas, class_style, style
from medsegedu.training import fit

torch.manual_seed(0)
model = UNet(3, len(CLASSES), width=12, depth=3)
fit(model, virtual_patients(24, seed=1), virtual_patients(4, seed=2), steps=300)
case = max(ruler(), key=lambda case: int((case.label == 4).sum()))

with style():
    figure, axes = canvas(1, 5, size=(12, 3.2))
    for ax, image, title in zip(axes[:3], case.image, ("T1", "T2", "FLAIR"), strict=True):
        ax.imshow(image, cmap="gray", vmin=0, vmax=1.15)
        ax.set_title(title)
    colours = torch.tensor([(0.0, 0.0, 0.0), *(to_rgb(class_style(i, CLASSES).colour) for i in range(1, len(CLASSES)))])
    for ax, label, title in ((axes[3], case.label, "truth"), (axes[4], predict(model, case.image), "a small U-Net")):
        ax.imshow(colours[label])
        ax.set_title(title)
    for ax in axes:
        ax.axis("off")
    alt = "A virtual patient's T1, T2 and FLAIR slices, its true tissues and lesions, and those a small U-Net finds."
    Picture(figure, alt).save(Path(__file__).parent / "images" / "overview.png")
