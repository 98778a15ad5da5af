"""What every loss promises: gradients, ignored pixels, half precision, extremes, devices, dimensions, errors, empty truths."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from medsegedu import losses

from .cases import blobs, certain, random_case

Loss = Callable[..., Tensor]
LOSSES: dict[str, Loss] = {
    "boundary": partial(losses.boundary_loss, spacing=0.7),
    "cldice": losses.cldice_loss,
    "cross_entropy": losses.cross_entropy,
    "dice": losses.dice_loss,
    "dice smooth batch": partial(losses.dice_loss, empty="smooth", over="batch"),
    "dice_ce": losses.dice_ce_loss,
    "focal": losses.focal_loss,
    "focal weighted": partial(losses.focal_loss, gamma=0.5, alpha=0.3),
    "focal_tversky": losses.focal_tversky_loss,
    "generalized_dice": losses.generalized_dice_loss,
    "generalized_dice smooth": partial(losses.generalized_dice_loss, empty="smooth"),
    "hybrid": partial(losses.hybrid_loss, scales=1),
    "iou": losses.iou_loss,
    "lovasz_softmax": losses.lovasz_softmax_loss,
    "lovasz_softmax sample": partial(losses.lovasz_softmax_loss, over="sample", include_background=False),
    "ms_ssim": partial(losses.ms_ssim_loss, scales=1),
    "tversky": partial(losses.tversky_loss, over="batch"),
}
NEIGHBOURS = ("boundary", "cldice", "ms_ssim", "hybrid")  # where the surroundings of a pixel matter
NO_BACKGROUND_OPTION = ("cross_entropy", "focal", "focal weighted")
# with tests of their own
OTHER_INPUTS = {"DeepSupervision", "consistency_loss", "cross_pseudo_loss", "pseudo_label", "soft_ncut_loss"}
SIZE = {2: (11, 12), 3: (11, 12, 11)}


@pytest.fixture(params=LOSSES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def loss(name: str) -> Loss:
    return LOSSES[name]


def test_every_public_loss_is_here() -> None:
    here = {getattr(loss, "func", loss).__name__ for loss in LOSSES.values()}
    public = {name for name in losses.__all__ if name.endswith("_loss") or name in ("cross_entropy", *OTHER_INPUTS)}
    assert here | OTHER_INPUTS == public


def small(name: str) -> tuple[int, ...]:
    return SIZE[2] if name in ("ms_ssim", "hybrid") else (5, 4)


def test_gradcheck(name: str, loss: Loss) -> None:
    """With every class, with absent ones, and with ignored pixels."""
    logits, label = random_case((2, *small(name)), 3)
    fast = name in ("ms_ssim", "hybrid")
    absent = label.clone()
    absent[0] = 0
    absent[1, 0] = 255
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, label), logits, fast_mode=fast)
    assert torch.autograd.gradcheck(lambda x: loss(x, absent, ignore_index=255), logits, fast_mode=fast)


def test_gradcheck_of_volumes(name: str, loss: Loss) -> None:
    size = SIZE[3] if name in ("ms_ssim", "hybrid") else (4, 3, 5)
    logits, label = random_case((1, *size), 3)
    assert torch.autograd.gradcheck(lambda x: loss(x, label), logits.requires_grad_(), fast_mode=True)


@given(
    seed=st.integers(0, 99),
    ignored=st.lists(st.integers(0, 131), min_size=1, max_size=60),
    there=st.sampled_from([-1e4, 0.0, 3.0, float("inf"), float("-inf"), float("nan")]),
    ignore_index=st.sampled_from([255, -1, 1]),
)
@settings(max_examples=12, deadline=None)
@pytest.mark.parametrize("name", LOSSES)
def test_nothing_at_an_ignored_pixel_matters(
    name: str, seed: int, ignored: list[int], there: float, ignore_index: int
) -> None:
    logits, label = random_case((2, *SIZE[2]), 3, seed)
    label[0].flatten()[ignored] = ignore_index
    left_out = (label == ignore_index)[:, None].expand_as(logits)
    value = LOSSES[name](logits, label, ignore_index=ignore_index)
    changed = logits.masked_fill(left_out, 0).clone()
    changed[:, 0] = changed[:, 0].masked_fill(label == ignore_index, there)
    again = LOSSES[name](changed.requires_grad_(), label, ignore_index=ignore_index)
    assert float(again.detach()) == pytest.approx(float(value), abs=1e-12)
    gradient = torch.autograd.grad(again, changed)[0]
    assert not gradient[left_out].any()
    assert gradient[~left_out].any() or name == "ms_ssim"  # 0 where the contrast is negative, and it says so
    assert gradient.isfinite().all()


@pytest.mark.parametrize("ignore_index", [255, 1])
@pytest.mark.parametrize("name", [name for name in LOSSES if name not in NEIGHBOURS])
def test_ignored_pixels_are_as_if_cut_out(name: str, ignore_index: int) -> None:
    logits, label = random_case((1, 9, 4), 3)
    label[:, :4] = ignore_index
    counts = label[0] != ignore_index  # a class of its own may be ignored too, wherever it is
    cut_out = LOSSES[name](logits[:, :, counts], label[:, counts])
    assert float(LOSSES[name](logits, label, ignore_index=ignore_index)) == pytest.approx(float(cut_out), abs=1e-12)


def test_nothing_left_to_count_is_zero_and_not_nan(loss: Loss) -> None:
    logits = torch.randn(2, 3, *SIZE[2], dtype=torch.float64, requires_grad=True)
    value = loss(logits, torch.full((2, *SIZE[2]), 255), ignore_index=255)
    value.backward()
    assert float(value.detach()) == 0
    assert not logits.grad.any()  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_sums_in_float32(loss: Loss, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    label = torch.randint(3, (1, 300, 300), generator=generator)  # 90,000 ones added up in float16 overflow at 65,504
    logits = torch.randn(1, 3, 300, 300, generator=generator).to(dtype).requires_grad_()
    value = loss(logits, label)
    assert value.dtype == torch.float32
    assert float(value.detach()) == pytest.approx(float(loss(logits.detach().double(), label)), abs=1e-5)
    few, known = logits.detach()[..., :11, :12], label[..., :11, :12]  # so that a rounded softmax does not average out
    assert float(loss(few, known)) == pytest.approx(float(loss(few.double(), known)), abs=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        assert float(loss(logits.detach(), label)) == pytest.approx(float(value.detach()), abs=1e-5)
    value.backward()
    assert logits.grad is not None
    assert logits.grad.dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
@pytest.mark.parametrize("right", [True, False])
def test_extreme_logits_stay_finite(loss: Loss, dtype: torch.dtype, right: bool) -> None:
    _, label = random_case((2, *SIZE[2]), 3)
    guess = label if right else (label + 1) % 3
    logits = (certain(guess, 3) * 200 - 1e4).to(dtype).requires_grad_()  # -1e4 and 1e4
    value = loss(logits, label)
    value.backward()
    assert value.isfinite()
    assert logits.grad.isfinite().all()  # type: ignore[union-attr]


def test_the_meta_device_and_any_integer(loss: Loss) -> None:
    for dims in (2, 3):
        logits = torch.empty(2, 3, *SIZE[dims], device="meta")
        value = loss(logits, torch.empty(2, *SIZE[dims], device="meta", dtype=torch.int64), ignore_index=255)
        assert value.is_meta
        assert value.shape == ()
    logits, label = random_case((2, *SIZE[2]), 3)
    for dtype in (torch.uint8, torch.int16, torch.int32):
        assert float(loss(logits, label.to(dtype))) == pytest.approx(float(loss(logits, label)), abs=1e-12)


@pytest.mark.parametrize("dims", [2, 3])
def test_axes_and_samples_have_no_order(loss: Loss, dims: int) -> None:
    logits, label = random_case((3, *SIZE[dims]), 3)
    label[0, :4] = 0
    value = float(loss(logits, label))
    assert float(loss(logits.movedim(2, -1), label.movedim(1, -1))) == pytest.approx(value, abs=1e-12)
    assert float(loss(logits.flip(2), label.flip(1))) == pytest.approx(value, abs=1e-12)
    assert float(loss(logits.flip(0), label.flip(0))) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "focal weighted"])  # whose background is apart
def test_classes_have_no_order(name: str) -> None:
    options = {} if name in NO_BACKGROUND_OPTION else {"include_background": True}
    logits, label = random_case((2, *SIZE[2]), 4)
    label[0][label[0] == 2] = 3
    order = torch.tensor([2, 0, 3, 1])  # the class that comes to each place
    renamed = order.argsort()[label]
    value = LOSSES[name](logits, label, **options)
    assert float(LOSSES[name](logits[:, order], renamed, **options)) == pytest.approx(float(value), abs=1e-12)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_truth_is_the_best_answer(name: str, loss: Loss, dims: int) -> None:
    label = blobs((2, *SIZE[dims]), 3, seed=dims)
    best = float(loss(certain(label, 3), label))
    if name != "boundary":  # negative by design
        assert best == pytest.approx(0, abs=1e-6)
    for guess in (label * 0, label.roll(4, -1), blobs(tuple(label.shape), 3, seed=9), label.clamp(max=1)):
        assert float(loss(certain(guess, 3), label)) > best + 1e-4


@pytest.mark.parametrize("others", [0, 1])
def test_false_positives_of_an_absent_class_are_never_free(name: str, loss: Loss, others: int) -> None:
    """The fewer the cheaper, in number and in confidence; and there is a gradient that takes them away."""
    label = torch.zeros(1, *SIZE[2], dtype=torch.int64)
    label[0, 0] = others  # a row of another class, or nothing at all; the last class is absent
    counted, faint = [], []
    for claimed in (120, 60, 20, 2, 0):
        guess = label.clone()
        guess.view(-1)[12 : 12 + claimed] = 1 + others
        counted.append(float(loss(certain(guess, 2 + others), label)))
    for logit in (13, 10, 7, 1):  # against 10 of the true class
        logits = certain(label, 2 + others) / 10
        logits[:, -1, 1:] = logit
        faint.append(float(loss(logits.requires_grad_(), label).detach()))
        if logit == 10:
            push = float(torch.autograd.grad(loss(logits, label), logits)[0][:, -1].sum())
    assert counted[-1] < min(counted[:-1])
    assert faint[-1] < min(faint[:-1])
    if "smooth" in name:
        return  # near 1 until next to nothing is claimed, and it says so
    assert all(more > less for more, less in pairwise(faint))
    if name != "ms_ssim":  # which compares neighbourhoods, not pixels
        assert all(more > less + 1e-4 for more, less in pairwise(counted))
        assert push > 0.02
