"""Train with few labelled patients and many that nobody has labelled: four methods, and two that leave the latter out.

Each step draws a batch of labelled patches and one of unlabelled patches, and adds up

    dice_ce_loss(labelled) + weight * (what the method asks on the unlabelled)

The methods differ in who teaches on the unlabelled patches:

- "supervised": nobody, they are not looked at. "averaged": the same, but the running mean of the weights answers in the end;
- "mean teacher": this running mean, by its probabilities (A. Tarvainen, H. Valpola, NeurIPS 2017);
- "pseudo-labels": the network itself, by those of its answers that it is sure of (D.-H. Lee, ICML workshop 2013);
- "fixmatch": the same, but it looks at the patch as scanned and learns on the patch as changed (K. Sohn et al., NeurIPS 2020);
- "cps": a second network, by all its answers, and the other way round (X. Chen et al., CVPR 2021).

*Deviations*: the weight rises over the run for every method (FixMatch's is constant). The strong change is of appearance alone,
so that a pixel stays where it is; it is also what the labelled patches get, so no method has an augmentation of its own.
"""

import time
from contextlib import nullcontext
from dataclasses import replace
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from medsegedu.data import Augment, Dataset, PatchSampler
from medsegedu.device import autocast_dtype, best_device
from medsegedu.errors import UserError
from medsegedu.losses import consistency_loss, cross_entropy, cross_pseudo_loss, dice_ce_loss, pseudo_label
from medsegedu.training.fit import History
from medsegedu.training.ramp import consistency_weight
from medsegedu.training.teacher import Teacher

USUAL = Augment()
Method = Literal["supervised", "averaged", "mean teacher", "pseudo-labels", "fixmatch", "cps"]


def fit_few_labels(
    model: nn.Module,
    labelled: Dataset,
    unlabelled: Dataset,
    *,
    method: Method,
    second: nn.Module | None = None,
    steps: int,
    batch: int = 8,
    patch: int | tuple[int, ...] = 32,
    rate: float = 6e-3,
    weight: float = 1.0,
    threshold: float = 0.95,
    decay: float = 0.99,
    augment: Augment = USUAL,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train `model` in place, and leave it with the weights that should answer: the teacher's, where there is one.

    Args:
        labelled: patients whose labels are learnt from.
        unlabelled: patients whose images alone are used; their labels may be None and are never read.
        method: see the head of this file.
        second: the other network of "cps", of the same kind with other first weights; only there.
        batch: labelled patches in a step, and as many unlabelled ones.
        weight: of the unlabelled patches at the end; it rises from 0.7 % of that (`consistency_weight`).
        threshold: how sure an answer must be to become a label ("pseudo-labels" and "fixmatch").
        decay: of the teacher's running mean.
        augment: changes labelled patches; its changes of appearance disturb the unlabelled ones for the student.

    Raises:
        UserError: an unknown method, a second network missing or in vain, or a loss that is no longer finite.
    """
    if method not in get_args(Method):
        raise UserError(f"method is {method!r}; choose {', '.join(map(repr, get_args(Method)))}.")
    if (second is not None) != (method == "cps"):
        raise UserError(f'method is {method!r}; a second network belongs to "cps", and to nothing else.')
    torch.manual_seed(seed)  # for networks that drop out
    device = best_device()
    spacing, appearance = labelled[0].spacing, replace(augment, flips=(), moved=0)
    known, unknown = PatchSampler(labelled, patch, batch, seed=seed), _images_alone(unlabelled, patch, batch, seed + 1)
    networks = nn.ModuleList([model] if second is None else [model, second]).to(device).train()
    teacher = Teacher(model, decay=decay) if method in ("averaged", "mean teacher") else None
    optimizer = torch.optim.AdamW(networks.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.25)
    history, start, dtype = History(best_step=steps), time.perf_counter(), autocast_dtype(device)

    for step in tqdm(range(steps), desc=method, disable=not progress):
        image, label = augment(*known.draw(), known.random, spacing=spacing)
        scanned, nothing = unknown.draw()
        changed, _ = appearance(scanned.clone(), nothing, unknown.random)
        image, label, scanned, changed = (part.to(device) for part in (image, label, scanned, changed))
        with torch.autocast(device.type, dtype) if dtype else nullcontext():
            taught, untaught = _losses(method, networks, teacher, image, label, scanned, changed, threshold)
        loss = taught + consistency_weight(step, steps, highest=weight) * untaught
        if not torch.isfinite(loss):
            raise UserError(f"The loss is {loss.item()} at step {step + 1}; try a lower rate than {rate}.")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if teacher is not None:
            teacher.update(model)
        history.loss.append(loss.item())
    if teacher is not None:
        model.load_state_dict(teacher.network.state_dict())
    history.seconds = time.perf_counter() - start
    return history


def _losses(
    method: str, networks: nn.ModuleList, teacher: Teacher | None, image: Tensor, label: Tensor, scanned: Tensor,
    changed: Tensor, threshold: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(on the labelled patches, on the unlabelled ones) of one step.

    Labelled and unlabelled patches go through a network as one batch: its normalisation then knows both, and what it remembers
    for later fits both.
    """
    model = networks[0]
    if method == "mean teacher" and teacher is not None:
        known, student = _together(model, image, changed)
        return dice_ce_loss(known, label), consistency_loss(student, teacher(scanned).float())
    if method == "pseudo-labels":
        known, own = _together(model, image, scanned)
        return dice_ce_loss(known, label), cross_entropy(own, pseudo_label(own, threshold), ignore_index=-1)
    if method == "fixmatch":
        known, sure, student = _together(model, image, scanned, changed)
        return dice_ce_loss(known, label), cross_entropy(student, pseudo_label(sure, threshold), ignore_index=-1)
    if method == "cps":
        (known_a, a), (known_b, b) = (_together(network, image, scanned) for network in networks)
        return dice_ce_loss(known_a, label) + dice_ce_loss(known_b, label), cross_pseudo_loss(a, b)
    (known,) = _together(model, image)
    return dice_ce_loss(known, label), torch.zeros_like(known.sum())


def _together(model: nn.Module, *parts: Tensor) -> list[Tensor]:
    """The logits of several batches of one size that go through the network as one."""
    return list(model(torch.cat(parts)).float().chunk(len(parts)))


def _images_alone(dataset: Dataset, patch: int | tuple[int, ...], batch: int, seed: int) -> PatchSampler:
    """A sampler of patches from anywhere: what it gives for labels are zeros, whatever the cases may hold."""
    cases = [replace(case, label=torch.zeros(case.image.shape[1:], dtype=torch.int64)) for case in dataset]
    return PatchSampler(replace(dataset, cases=cases), patch, batch, seed=seed)
