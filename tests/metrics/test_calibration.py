"""Calibration against a loop over pixels and bins, and against labels drawn from the probabilities themselves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegedu.errors import UserError
from medsegedu.metrics import expected_calibration_error


def softmax(seed: int, classes: int, shape: tuple[int, ...]) -> np.ndarray:
    values = np.random.default_rng(seed).normal(scale=2, size=(classes, *shape))
    return np.exp(values) / np.exp(values).sum(0)


@given(
    st.integers(0, 10**6), st.integers(1, 4), st.lists(st.integers(1, 6), min_size=1, max_size=3),
    st.integers(1, 20), st.sampled_from([None, 0, 2, 255]),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_by_a_loop(seed: int, classes: int, shape: list[int], bins: int, ignore: int | None) -> None:
    p = softmax(seed, classes, tuple(shape))
    label = np.random.default_rng(seed + 1).integers(0, classes, shape)
    if ignore == 255:
        label[np.random.default_rng(seed).random(shape) < 0.3] = 255
    pixels = [(p[:, *place], label[place]) for place in np.ndindex(*shape) if label[place] != ignore]
    if not pixels:
        with pytest.raises(UserError, match="which is ignored"):
            expected_calibration_error(p, label, bins=bins, ignore_index=ignore)
        return
    total = 0.0
    for b in range(bins):
        members = [(max(q), np.argmax(q) == t) for q, t in pixels if b / bins < max(q) <= (b + 1) / bins]
        if members:
            confidence, hits = np.mean(members, axis=0)
            total += len(members) / len(pixels) * abs(hits - confidence)
    assert expected_calibration_error(p, label, bins=bins, ignore_index=ignore) == pytest.approx(total)


def test_labels_drawn_from_the_probabilities_are_calibrated_and_sharper_ones_are_not() -> None:
    p = softmax(0, 3, (200, 150))
    label = (np.random.default_rng(1).random((200, 150)) > p.cumsum(0)).sum(0)
    sharp = p**3 / (p**3).sum(0)
    assert expected_calibration_error(p, label) < 0.01
    assert expected_calibration_error(sharp, label) > 0.1


def test_sure_and_right_or_sure_and_wrong() -> None:
    label = np.array([[0, 1, 1], [1, 0, 0]])
    sure = np.stack([label == 0, label == 1]).astype(float)
    assert expected_calibration_error(sure, label) == 0
    assert expected_calibration_error(sure[::-1], label) == 1
    assert expected_calibration_error(np.full((2, 2, 3), 0.5), label) == pytest.approx(0)  # the first class, half right


def test_a_bin_holds_its_upper_end_and_not_its_lower() -> None:
    confidence, label = (
        np.array([0.5, 0.6, 0.75]),
        np.array([0, 0, 1]),
    )  # bins of a quarter: (.25, .5] and twice (.5, .75]
    expected = (abs(1 - 0.5) + abs((1 - 0.6) + (0 - 0.75))) / 3
    assert expected_calibration_error([confidence, 1 - confidence], label, bins=4) == pytest.approx(expected)


def test_tensors_of_any_precision() -> None:
    p, label = torch.from_numpy(softmax(3, 4, (9, 7))), torch.randint(0, 4, (9, 7))
    expected = expected_calibration_error(p.numpy(), label.numpy())
    assert expected_calibration_error(p.float(), label) == pytest.approx(expected, abs=1e-3)
    assert 0 <= expected_calibration_error(p.bfloat16(), label) <= 1


def test_wrong_inputs_are_named() -> None:
    p, label = softmax(0, 3, (4, 5)), np.zeros((4, 5), dtype=int)
    with pytest.raises(UserError, match=r"\(3, 4, 5\) and the label \(5, 4\)"):
        expected_calibration_error(p, label.T)
    with pytest.raises(UserError, match=r"no probabilities .* give logits.softmax\(0\)"):
        expected_calibration_error(np.log(p), label)
    with pytest.raises(UserError, match="no probabilities"):
        expected_calibration_error(p / 2, label)
    with pytest.raises(UserError, match="label runs from 3 to 3, but there are 3 classes"):
        expected_calibration_error(p, label + 3)
    with pytest.raises(UserError, match="bins is 0"):
        expected_calibration_error(p, label, bins=0)
