"""Losses without a label: pseudo-labels, two networks that teach each other, student and teacher; and deep supervision."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegedu.errors import UserError
from medsegedu.losses import (
    DeepSupervision,
    consistency_loss,
    cross_entropy,
    cross_pseudo_loss,
    dice_loss,
    pseudo_label,
)

from .cases import random_case


@given(
    shape=st.lists(st.integers(1, 5), min_size=3, max_size=4).map(tuple),
    classes=st.integers(2, 4),
    threshold=st.floats(0, 1),
    ignore_index=st.sampled_from([-1, 255]),
)
@settings(max_examples=50, deadline=None)
def test_pseudo_label_pixel_by_pixel(shape: tuple[int, ...], classes: int, threshold: float, ignore_index: int) -> None:
    logits = 3 * random_case((shape[0], *shape[1:-1], shape[-1] + 4), classes)[0]
    label = pseudo_label(logits, threshold, ignore_index=ignore_index)
    p = logits.softmax(1).movedim(1, -1).reshape(-1, classes).tolist()
    expected = [row.index(max(row)) if max(row) >= threshold else ignore_index for row in p]
    assert label.flatten().tolist() == expected
    assert label.dtype == torch.int64


def test_an_unsure_pixel_teaches_nothing() -> None:
    """Neither its class nor the background."""
    teacher, student = random_case((2, 6, 5), 3)[0].requires_grad_(), random_case((2, 6, 5), 3, seed=1)[0]
    label = pseudo_label(teacher, 0.6)
    unsure = label == -1
    assert unsure.any()
    assert not unsure.all()
    assert set(label[~unsure].tolist()) == {0, 1, 2}
    assert not label.requires_grad
    student.requires_grad_()
    for loss in (cross_entropy, dice_loss):
        gradient = torch.autograd.grad(loss(student, label, ignore_index=-1), student)[0]
        assert not gradient.movedim(1, -1)[unsure].any()
        assert gradient.movedim(1, -1)[~unsure].any()


def test_pseudo_label_thresholds() -> None:
    logits = torch.zeros(1, 2, 3, 3)
    assert pseudo_label(logits, 0.5).eq(0).all()  # 0.5 is not below 0.5
    assert pseudo_label(logits, 0.51).eq(-1).all()
    assert pseudo_label(logits.half() + 1e4, 0.5).eq(0).all()
    assert pseudo_label(logits.to("meta"), 0.9).shape == (1, 3, 3)
    with pytest.raises(UserError, match="ignore_index is 1, which is one of the 2 classes"):
        pseudo_label(logits, 0.5, ignore_index=1)
    with pytest.raises(UserError, match=r"threshold is 1\.5; give a number from 0 to 1"):
        pseudo_label(logits, 1.5)
    with pytest.raises(UserError, match="logits are int64"):
        pseudo_label(logits.long(), 0.5)


@pytest.mark.parametrize("shape", [(2, 5, 4), (1, 3, 4, 2)])
def test_cross_pseudo_supervision(shape: tuple[int, ...]) -> None:
    """Cross-entropy with the other's argmax, whose gradient reaches the pupil of each term only."""
    a, b = random_case(shape, 3)[0].requires_grad_(), random_case(shape, 3, seed=1)[0].requires_grad_()
    loss = cross_pseudo_loss(a, b)
    from_b, from_a = F.cross_entropy(a, b.argmax(1)), F.cross_entropy(b, a.argmax(1))
    assert torch.isclose(loss, from_a + from_b, atol=1e-12)
    assert torch.isclose(loss, cross_pseudo_loss(b, a), atol=1e-12)
    of_a, of_b = torch.autograd.grad(loss, (a, b))
    assert torch.allclose(of_a, torch.autograd.grad(from_b, a)[0], atol=1e-15)
    assert torch.allclose(of_b, torch.autograd.grad(from_a, b)[0], atol=1e-15)
    assert torch.autograd.gradcheck(cross_pseudo_loss, (a, b))


@pytest.mark.parametrize("shape", [(2, 5, 4), (1, 3, 4, 2)])
def test_consistency(shape: tuple[int, ...]) -> None:
    student, teacher = random_case(shape, 3)[0].requires_grad_(), random_case(shape, 3, seed=1)[0].requires_grad_()
    loss = consistency_loss(student, teacher)
    difference = student.detach().softmax(1) - teacher.detach().softmax(1)
    assert float(loss.detach()) == pytest.approx(float((difference**2).sum()) / difference.numel(), abs=1e-12)
    of_student, of_teacher = torch.autograd.grad(loss, (student, teacher), allow_unused=True)
    assert of_student.any()
    assert of_teacher is None
    assert torch.autograd.gradcheck(lambda x: consistency_loss(x, teacher.detach()), student)
    assert float(consistency_loss(student, student).detach()) == 0


@pytest.mark.parametrize("loss", [consistency_loss, cross_pseudo_loss])
def test_pairs_of_logits(loss) -> None:  # type: ignore[no-untyped-def]
    a, b = (random_case((2, 5, 4), 3, seed)[0] for seed in (0, 1))
    assert loss(a.to("meta"), b.to("meta")).is_meta
    assert loss(a.bfloat16(), b.bfloat16()).dtype == torch.float32
    assert loss((1e4 * a).half(), (-1e4 * b).half()).isfinite()
    with pytest.raises(UserError, match=r"shape \(2, 3, 5, 4\), the other's \(2, 3, 5, 3\)"):
        loss(a, b[..., :3])
    with pytest.raises(UserError, match="logits are int64"):
        loss(a, b.long())


def test_deep_supervision_is_the_weighted_mean() -> None:
    heads = [random_case((2, 5, 4), 3, seed)[0].requires_grad_() for seed in range(3)]
    label = random_case((2, 5, 4), 3)[1]
    parts = [dice_loss(head, label) for head in heads]
    assert torch.isclose(DeepSupervision(dice_loss)(heads, label), sum(parts) / 3, atol=1e-12)  # type: ignore[arg-type]
    weighted = DeepSupervision(dice_loss, [1, 0, 3])(heads, label)
    assert torch.isclose(weighted, (parts[0] + 3 * parts[2]) / 4, atol=1e-12)
    assert torch.isclose(DeepSupervision(dice_loss, [10, 0, 30])(heads, label), weighted, atol=1e-12)
    assert torch.isclose(DeepSupervision(dice_loss)(heads[:1], label), parts[0], atol=1e-12)
    gradients = torch.autograd.grad(DeepSupervision(dice_loss)(heads, label), heads)
    assert all(gradient.any() for gradient in gradients)
    assert torch.autograd.gradcheck(lambda *x: DeepSupervision(dice_loss, [1, 2, 3])(x, label), tuple(heads))
