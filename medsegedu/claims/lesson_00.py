"""Lesson 00: what a network adds to a well-tuned classical method, and what a human's click is worth.

Every arm of a seed sees the same 24 training patients, on which it is tuned or trained, and is measured on the same 8 others.
The measure is the lesion Dice of a patient (over all slices together), averaged over patients. The classical methods are
tuned over a grid that holds their images too: FLAIR, and the mean of T2 and FLAIR, which a human chose because CSF is bright
in only one of the two.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import filters, segmentation

from medsegedu.claims.registry import claim
from medsegedu.data import Dataset, Lesions, virtual_patients
from medsegedu.inference import predict
from medsegedu.models import UNet
from medsegedu.preset import choose
from medsegedu.training import fit

Stack = NDArray[np.float32]
Masks = NDArray[np.bool_]
LESION = 4
LOWS = tuple(np.arange(0.56, 0.90, 0.03).round(2).tolist())
IMAGES = ("FLAIR", "T2 + FLAIR")
WITHIN_A_SLICE = np.stack([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))])


class Data(NamedTuple):
    """Slices of several patients.

    Args:
        images: (slices, H, W) by name.
        truth: (slices, H, W), the lesions.
        clicks: (slices, H, W), one pixel in each lesion.
        patients: whose each slice is.
    """

    images: dict[str, Stack]
    truth: Masks
    clicks: Masks
    patients: NDArray[np.str_]


Method = Callable[[Data], Masks]


@claim(
    "00.accuracy",
    sentence="Deep learning is more accurate than traditional segmentation.",
    source="survey, abstract",
    unit="lesion Dice",
    arms=("best classical", "small U-Net"),
    at_least=0.02,
    seeds=8,
)
def accuracy(seed: int) -> dict[str, float]:
    """The best of threshold, region growing and watershed, tuned, against a network trained in seconds."""
    return _compare(seed, Lesions())


@claim(
    "00.faint",
    sentence="Deep learning is more accurate than traditional segmentation (lesions of half the contrast).",
    source="survey, abstract",
    unit="lesion Dice",
    arms=("best classical", "small U-Net"),
    at_least=0.02,
    seeds=8,
)
def faint(seed: int) -> dict[str, float]:
    """The same comparison where intensity tells lesions and tissue apart only half as well."""
    return _compare(seed, Lesions(contrast=0.5))


@claim(
    "00.human",
    sentence="Deep learning eliminates the need for human intervention: it loses nothing to a method with a human's clicks.",
    source="survey, abstract and 4",
    unit="lesion Dice",
    arms=("automatic seeds", "human clicks", "small U-Net"),
    difference=lambda values: max(0.0, values["human clicks"] - values["small U-Net"]),
    at_most=0.02,
    seeds=8,
)
def human(seed: int) -> dict[str, float]:
    """Region growing from bright pixels, and from one click in each lesion, against a network that nobody helps."""
    train, test = _patients(24, 1000 + seed, Lesions()), _patients(8, 2000 + seed, Lesions())
    known, unknown = _data(train), _data(test)
    return {
        "automatic seeds": _score(_best(region_growing(), known)(unknown), unknown),
        "human clicks": _score(_best(region_growing_from_clicks(), known)(unknown), unknown),
        "small U-Net": _network(train, test, unknown, seed),
    }


def _compare(seed: int, lesions: Lesions) -> dict[str, float]:
    train, test = _patients(24, 1000 + seed, lesions), _patients(8, 2000 + seed, lesions)
    known, unknown = _data(train), _data(test)
    return {
        "best classical": _score(_best([*region_growing(), *watershed()], known)(unknown), unknown),
        "small U-Net": _network(train, test, unknown, seed),
    }


def region_growing() -> Iterator[Method]:
    """All pixels brighter than `low` that hang together with one brighter than `low + gap`; a plain threshold at gap 0."""
    for name, low, gap in itertools.product(IMAGES, LOWS, (0.0, 0.06, 0.12)):
        yield partial(_grow_from_bright_pixels, name=name, low=low, gap=gap)


def region_growing_from_clicks() -> Iterator[Method]:
    """The same from one pixel in the middle of each true lesion: a human who misses none."""
    for name, low in itertools.product(IMAGES, LOWS):
        yield partial(_grow_from_clicks, name=name, low=low)


def watershed() -> Iterator[Method]:
    """Flood the gradient from sure background (below `low`) and sure lesion (above `high`)."""
    for name, low, high in itertools.product(IMAGES, (0.60, 0.66, 0.72), (0.76, 0.84)):
        yield partial(_flood_from_both_sides, name=name, low=low, high=high)


def _grow_from_bright_pixels(data: Data, name: str, low: float, gap: float) -> Masks:
    return _grow(data.images[name], data.images[name] > low + gap, low)


def _grow_from_clicks(data: Data, name: str, low: float) -> Masks:
    return _grow(data.images[name], data.clicks, low)


def _grow(image: Stack, seeds: Masks, low: float) -> Masks:
    pieces, count = ndimage.label((image > low) | seeds, WITHIN_A_SLICE)
    kept = np.zeros(count + 1, bool)
    kept[pieces[seeds]] = True
    return kept[pieces]


def _flood_from_both_sides(data: Data, name: str, low: float, high: float) -> Masks:
    image = data.images[name]
    unsure = ndimage.binary_dilation((image >= low) & (image <= high), WITHIN_A_SLICE)  # and the rim that floods it
    slopes = np.stack([filters.sobel(plane) for plane in image])
    markers = np.where(image > high, 2, np.where(image < low, 1, 0))
    return (image > high) | (segmentation.watershed(slopes, markers * unsure, WITHIN_A_SLICE, mask=unsure) == 2)


def _clicks(truth: Masks) -> Masks:
    """The innermost pixel of each lesion of each slice."""
    lesions, count = ndimage.label(truth, WITHIN_A_SLICE)
    depth = np.stack([ndimage.distance_transform_edt(plane) for plane in truth])
    clicks = np.zeros_like(truth)
    for place in ndimage.maximum_position(depth, lesions, range(1, count + 1)):
        clicks[place] = True
    return clicks


def _best(methods: Iterator[Method] | list[Method], known: Data) -> Method:
    """The method with the highest score on the training patients; of equals the first."""
    return max(methods, key=lambda method: _score(method(known), known))


def _network(train: Dataset, test: Dataset, unknown: Data, seed: int) -> float:
    """A small U-Net. Its 600 steps were set after 300 had left one seed of eight half-trained, by its training loss."""
    model = UNet(len(train.contrasts), 2, width=8, depth=3)
    fit(model, train, steps=choose(smoke=3, quick=600, full=3000), seed=seed, progress=False)
    return _score(np.stack([predict(model, case.image).numpy() == 1 for case in test]), unknown)


def _patients(n: int, seed: int, lesions: Lesions) -> Dataset:
    """Patients whose label is lesion or not: nothing else is asked of anybody here."""
    n = choose(smoke=2, quick=n, full=n)
    patients = virtual_patients(n, seed, lesions=lesions)
    cases = [replace(case, label=(case.label == LESION).long()) for case in patients]  # type: ignore[union-attr]
    return replace(patients, cases=cases, classes=("background", "lesion"))


def _data(patients: Dataset) -> Data:
    image = np.stack([case.image.numpy() for case in patients])  # (slices, C, H, W)
    truth = np.stack([case.label.numpy() == 1 for case in patients])  # type: ignore[union-attr]  # (slices, H, W)
    images = {"FLAIR": image[:, 2], "T2 + FLAIR": image[:, 1:].mean(1)}  # (slices, H, W)
    return Data(images, truth, _clicks(truth), np.array([case.patient for case in patients]))


def _score(masks: Masks, data: Data) -> float:
    """Lesion Dice of each patient over all slices, averaged over patients; a healthy patient left alone scores 1."""
    scores = []
    for patient in dict.fromkeys(data.patients.tolist()):
        own = data.patients == patient
        predicted, true = masks[own], data.truth[own]
        total = int(predicted.sum()) + int(true.sum())
        scores.append(2 * int((predicted & true).sum()) / total if total else 1.0)
    return float(np.mean(scores))
