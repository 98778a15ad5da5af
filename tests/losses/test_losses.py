"""Losses against MONAI and torch, on random odd shapes in float64, and the cases in which libraries go astray."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.losses import DiceLoss
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.losses import cross_entropy, dice_ce_loss, dice_loss

LOSSES: list[Callable[..., Tensor]] = [cross_entropy, dice_loss, dice_ce_loss]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)


def random_case(shape: tuple[int, ...], classes: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Logits, and a label in which every sample holds every class."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape[0], classes, *shape[1:], generator=generator, dtype=torch.float64)
    label = torch.randint(classes, shape, generator=generator)
    label.flatten(1)[:, :classes] = torch.arange(classes)
    return logits, label


def certain(label: Tensor, classes: int) -> Tensor:
    """Logits of a network that is sure of this label map."""
    return 100.0 * F.one_hot(label, classes).movedim(-1, 1).double()


@given(
    shape=st.lists(st.integers(2, 7), min_size=3, max_size=4).map(tuple),
    classes=st.integers(2, 4),
    background=st.booleans(),
    over=st.sampled_from(["sample", "batch"]),
    empty=st.sampled_from(["smooth", "false positives"]),
)
@settings(max_examples=60, deadline=None)
def test_dice_is_monai_s(shape: tuple[int, ...], classes: int, background: bool, over: str, empty: str) -> None:
    logits, label = random_case(shape, classes)
    monai = DiceLoss(
        include_background=background,
        to_onehot_y=True,
        softmax=True,
        smooth_nr=1e-5,
        smooth_dr=1e-5,
        batch=over == "batch",
    )
    ours = dice_loss(logits, label, include_background=background, over=over, empty=empty)  # type: ignore[arg-type]
    assert float(ours) == pytest.approx(float(monai(logits, label[:, None])), abs=1e-12)


@pytest.mark.parametrize("over", ["sample", "batch"])
def test_smooth_is_monai_s_with_absent_classes_too(over: str) -> None:
    logits, label = random_case((3, 5, 7), 4)
    label[label == 2] = 0  # absent everywhere
    label[0] = 0  # nothing in one sample
    monai = DiceLoss(
        include_background=False, to_onehot_y=True, softmax=True, smooth_nr=1e-5, smooth_dr=1e-5, batch=over == "batch"
    )
    ours = dice_loss(logits, label, over=over, empty="smooth")  # type: ignore[arg-type]
    assert float(ours) == pytest.approx(float(monai(logits, label[:, None])), abs=1e-12)


@pytest.mark.parametrize("ignore_index", [255, 1])
@pytest.mark.parametrize("loss", [*LOSSES, partial(dice_loss, empty="smooth"), partial(dice_loss, over="batch")])
def test_ignored_pixels_are_as_if_cut_out(loss: Callable[..., Tensor], ignore_index: int) -> None:
    logits, label = random_case((1, 9, 4), 3)
    label[:, :4] = ignore_index
    counts = label[0] != ignore_index  # a class of its own may be ignored too, wherever it is
    value = float(loss(logits, label, ignore_index=ignore_index))
    assert value == pytest.approx(float(loss(logits[:, :, counts], label[:, counts])), abs=1e-12)
    changed = torch.where(counts, logits, torch.randn_like(logits)).requires_grad_()
    again = loss(changed, label, ignore_index=ignore_index)
    assert float(again.detach()) == pytest.approx(value, abs=1e-12)
    assert not torch.autograd.grad(again, changed)[0][:, :, ~counts].any()


@each_loss
def test_nothing_left_to_count_is_zero_and_not_nan(loss: Callable[..., Tensor]) -> None:
    logits = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    value = loss(logits, torch.full((2, 4, 5), 255), ignore_index=255)
    value.backward()
    assert float(value.detach()) == 0
    assert not logits.grad.any()  # type: ignore[union-attr]


def test_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[[[0.0, 2.0]], [[0.0, 0.0]]]], dtype=torch.float64)  # (1, 2, 1, 2)
    expected = (torch.tensor(2.0).log() + (1 + torch.tensor(2.0).exp()).log()) / 2
    assert float(cross_entropy(logits, torch.tensor([[[0, 1]]]))) == pytest.approx(float(expected), abs=1e-6)
    logits, label = random_case((2, 5, 3, 4), 3)
    expected = -logits.log_softmax(1).gather(1, label[:, None]).mean()
    assert float(cross_entropy(logits, label)) == pytest.approx(float(expected), abs=1e-12)


def test_dice_ce_is_the_sum_and_passes_its_options_on() -> None:
    logits, label = random_case((3, 6, 5), 4)
    label[0] = 0
    label[:, 2] = 255
    for options in ({"include_background": True}, {"over": "batch"}, {"empty": "smooth"}, {}):
        dice = dice_loss(logits, label, ignore_index=255, **options)  # type: ignore[arg-type]
        entropy = cross_entropy(logits, label, ignore_index=255)
        assert torch.equal(dice_ce_loss(logits, label, ignore_index=255, **options), dice + entropy)  # type: ignore[arg-type]


def test_a_perfect_answer_costs_nothing_and_the_opposite_all() -> None:
    _, label = random_case((2, 6, 5), 2)
    for loss in LOSSES:
        assert float(loss(certain(label, 2), label)) == pytest.approx(0, abs=1e-6)
    assert float(dice_loss(certain(1 - label, 2), label)) == pytest.approx(1, abs=1e-6)


def test_false_positives_of_an_absent_class_are_never_free() -> None:
    """The cost is the part of the image that is claimed; it falls to 0 steadily, where "smooth" stays at 1."""
    label = torch.zeros(1, 10, 10, dtype=torch.int64)
    for claimed in (0, 1, 30, 100):
        guess = torch.zeros(100, dtype=torch.int64)
        guess[:claimed] = 1
        logits = certain(guess.view(1, 10, 10), 2).requires_grad_()
        assert float(dice_loss(logits, label).detach()) == pytest.approx(claimed / 100, abs=1e-6)
        assert float(dice_loss(logits, label, empty="smooth").detach()) == pytest.approx(float(claimed > 0), abs=1e-4)
    unsure = torch.zeros(1, 2, 10, 10, dtype=torch.float64, requires_grad=True)
    push = {
        empty: float(torch.autograd.grad(dice_loss(unsure, label, empty=empty), unsure)[0][:, 1].sum())  # type: ignore[arg-type]
        for empty in ("false positives", "smooth")
    }
    assert push["false positives"] == pytest.approx(0.25)
    assert 0 < push["smooth"] < 1e-5


def test_an_absent_class_does_not_hide_behind_the_others() -> None:
    label = torch.zeros(2, 4, 4, dtype=torch.int64)
    label[1, :2] = 1
    guess = label.clone()
    guess[0, 0] = 1  # a quarter of the sample that has none
    assert float(dice_loss(certain(guess, 2), label)) == pytest.approx((0.25 + 0) / 2, abs=1e-6)
    batch = 1 - 2 * 8 / (12 + 8)  # present in the batch: the ordinary formula
    assert float(dice_loss(certain(guess, 2), label, over="batch")) == pytest.approx(batch, abs=1e-6)


def test_per_sample_and_over_the_batch_differ_as_published() -> None:
    """One large hit and three tiny misses: .75 per sample, .015 over the batch."""
    label, guess = torch.zeros(4, 20, 20, dtype=torch.int64), torch.zeros(4, 20, 20, dtype=torch.int64)
    label[0] = guess[0] = 1
    label[1:, 0, :4] = 1
    assert float(dice_loss(certain(guess, 2), label)) == pytest.approx(0.75, abs=1e-3)
    assert float(dice_loss(certain(guess, 2), label, over="batch")) == pytest.approx(0.015, abs=1e-3)


def test_background_hides_a_missed_lesion() -> None:
    label = torch.zeros(1, 30, 30, dtype=torch.int64)
    label[0, 0, :4] = 1
    missed = certain(torch.zeros_like(label), 2)
    assert float(dice_loss(missed, label)) == pytest.approx(1, abs=1e-4)
    assert float(dice_loss(missed, label, include_background=True)) == pytest.approx(0.5, abs=2e-3)


@each_loss
def test_gradcheck(loss: Callable[..., Tensor]) -> None:
    logits, label = random_case((2, 3, 4), 3)
    label[0] = 0  # absent classes take the other branch
    label[1, 0] = 255
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, label, ignore_index=255), logits)
    assert torch.autograd.gradcheck(lambda x: loss(x, label.clamp(max=2)), logits)


@each_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_sums_in_float32(loss: Callable[..., Tensor], dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    label = torch.randint(3, (1, 300, 300), generator=generator)  # 90,000 ones added up in float16 overflow at 65,504
    logits = torch.randn(1, 3, 300, 300, generator=generator).to(dtype).requires_grad_()
    value = loss(logits, label)
    assert value.dtype == torch.float32
    assert float(value.detach()) == pytest.approx(float(loss(logits.detach().double(), label)), abs=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        assert float(loss(logits.detach(), label)) == pytest.approx(float(value.detach()), abs=1e-5)
    value.backward()
    assert logits.grad is not None
    assert logits.grad.dtype == dtype


@each_loss
def test_extreme_logits_stay_finite(loss: Callable[..., Tensor]) -> None:
    _, label = random_case((2, 4, 5), 3)
    logits = (certain(2 - label, 3) * 100).requires_grad_()
    value = loss(logits, label)
    value.backward()
    assert value.isfinite()
    assert logits.grad.isfinite().all()  # type: ignore[union-attr]


@each_loss
def test_the_meta_device_and_any_integer(loss: Callable[..., Tensor]) -> None:
    assert loss(torch.empty(2, 3, 4, 5, device="meta"), torch.empty(2, 4, 5, device="meta", dtype=torch.int64)).is_meta
    logits, label = random_case((2, 4, 5), 3)
    for dtype in (torch.uint8, torch.int16, torch.int32):
        assert float(loss(logits, label.to(dtype))) == pytest.approx(float(loss(logits, label)), abs=1e-12)


@each_loss
def test_wrong_inputs_are_named(loss: Callable[..., Tensor]) -> None:
    logits, label = random_case((2, 4, 5), 3)
    with pytest.raises(UserError, match=r"label is int64 of shape \(2, 1, 4, 5\).*give label\[:, 0\]"):
        loss(logits, label[:, None])
    with pytest.raises(UserError, match=r"need shape \(2, 4, 5\): give a label on the grid"):
        loss(logits, label[:, :3])
    with pytest.raises(UserError, match=r"convert it with label\.long\(\)"):
        loss(logits, label.float())
    with pytest.raises(UserError, match=r"logits are int64 .*floating point"):
        loss(label[:, None], label)
    with pytest.raises(UserError, match="logits have 1 channel"):
        loss(logits[:, :1], label)
    with pytest.raises(UserError, match="values from 0 to 3, but logits of 3 classes allow 0 to 2"):
        loss(logits, label + (label == 2))
    with pytest.raises(UserError, match="values from -1 to 1"):
        loss(logits, label - 1)
    with pytest.raises(UserError, match="values from 0 to 255"):
        loss(logits, torch.where(label == 1, 255, label))
    loss(logits, torch.where(label == 1, 255, label), ignore_index=255)


def test_dice_names_its_choices() -> None:
    logits, label = random_case((2, 4, 5), 3)
    for option in ({"over": "image"}, {"empty": "skip"}):
        with pytest.raises(UserError, match="over is 'sample' or 'batch', empty 'false positives' or 'smooth'"):
            dice_loss(logits, label, **option)  # type: ignore[arg-type]
