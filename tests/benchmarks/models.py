"""Seconds of one forward and backward pass: our U-Net, UNet++ and Attention U-Net beside MONAI's and SMP's, in one run.

Run: python tests/benchmarks/models.py [--width 16 32] [--repeats 15] [--threads 2] [--dims 2 3] [--only UNet]
The networks take turns, in another order at each repeat, so that what else the machine does hits all alike; the table has medians
of the times and of the ratios within a round. Widths match MONAI's (w to 16 w, batch normalisation, ReLU), but MONAI's Attention
U-Net has one convolution in each decoder stage where ours and the public form have two: see GFLOP, for one image forward. Without
segmentation-models-pytorch its rows are left out; an environment that has it, and MONAI for the rest:

    python3 -m venv bench && bench/bin/pip install -e . monai segmentation-models-pytorch
    bench/bin/python tests/benchmarks/models.py

SMP's Unet and UnetPlusPlus have a ResNet-18 as encoder and cannot be matched in width: compare their parameters and GFLOP too.
"""

import argparse
import importlib.util
import random
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from medsegedu.device import autocast_dtype, channels_last
from medsegedu.models import AttentionUNet, UNet, UNetPlusPlus
from medsegedu.table import text_table
from medsegedu.training.ledger import count_flops

SHAPES = {2: (4, 1, 128, 128), 3: (2, 1, 48, 48, 48)}
OURS: dict[str, type[nn.Module]] = {"UNet": UNet, "UNet++": UNetPlusPlus, "Attention U-Net": AttentionUNet}


@dataclass
class Arm:
    """A network, how it is run, and the seconds that it took."""

    label: str
    model: nn.Module
    half: bool
    image: Tensor
    seconds: list[float] = field(default_factory=list)

    def step(self) -> None:
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            logits = self.model(self.image)
        logits = logits[0] if isinstance(logits, list) else logits  # MONAI's UNet++
        logits.float().square().mean().backward()
        self.seconds.append(time.perf_counter() - start)
        self.model.zero_grad(set_to_none=True)


def arms(kind: str, width: int, dims: int) -> list[Arm]:
    """Ours in float32 and, where the processor has it, in bfloat16 with channels last; then the peers, as they come."""
    image = torch.rand(*SHAPES[dims])

    def arm(label: str, build: Callable[[], nn.Module], half: bool = False) -> Arm:
        torch.manual_seed(0)
        if not half:
            return Arm(label, build(), half, image)
        layout = channels_last(dims)
        return Arm(label, build().to(memory_format=layout), half, image.contiguous(memory_format=layout))  # type: ignore[call-overload]

    def ours() -> nn.Module:
        return OURS[kind](1, 2, width=width, dims=dims)  # type: ignore[call-arg]

    found = [arm("ours", ours)]
    if autocast_dtype(torch.device("cpu")):
        found.append(arm("ours, bfloat16 + channels last", ours, half=True))
    if importlib.util.find_spec("monai"):
        found.append(arm("MONAI", lambda: monai_peer(kind, width, dims)))
    if dims == 2 and kind != "Attention U-Net" and importlib.util.find_spec("segmentation_models_pytorch"):
        found.append(arm("SMP (ResNet-18)", lambda: smp_peer(kind, width)))
    return found


def monai_peer(kind: str, width: int, dims: int) -> nn.Module:
    from monai.networks.nets import AttentionUnet, BasicUNet, BasicUNetPlusPlus

    widths = [width * 2**level for level in range(5)]
    if kind == "Attention U-Net":
        return AttentionUnet(dims, 1, 2, channels=widths, strides=(2, 2, 2, 2))
    peer = BasicUNet if kind == "UNet" else BasicUNetPlusPlus
    return peer(dims, 1, 2, features=(*widths, width), norm="batch", act=("relu", {"inplace": True}))


def smp_peer(kind: str, width: int) -> nn.Module:
    import segmentation_models_pytorch as smp

    peer = smp.Unet if kind == "UNet" else smp.UnetPlusPlus
    widths = tuple(width * 2**level for level in range(4, -1, -1))
    return peer("resnet18", encoder_weights=None, decoder_channels=widths, in_channels=1, classes=2)


def measure(kind: str, width: int, dims: int, repeats: int) -> list[list[str]]:
    """The rows of one kind: time, ratio to each peer, parameters, GFLOP."""
    runs = arms(kind, width, dims)
    for run in runs:  # what is set up once
        run.step()
        run.step()
        run.seconds.clear()
    for _ in range(repeats):
        for run in random.sample(runs, len(runs)):
            run.step()
    rows = []
    for run in runs:
        parameters = sum(p.numel() for p in run.model.parameters())
        against = {
            other.label: f"{statistics.median(a / b for a, b in zip(run.seconds, other.seconds, strict=True)):.2f}"
            for other in runs
        }
        rows.append(
            [f"{dims}D", kind, str(width), run.label, f"{1000 * statistics.median(run.seconds):.1f}",
             against.get("MONAI", "-"), against.get("SMP (ResNet-18)", "-"), f"{parameters:,}",
             f"{gflop(run, dims):.2f}"]
        )  # fmt: skip
    return rows


def gflop(run: Arm, dims: int) -> float:
    """Of one forward pass for one image."""
    training = run.model.training
    count = count_flops(run.model, torch.rand(SHAPES[dims])[:1]) / 1e9
    run.model.train(training)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description="Time our networks against their peers.")
    parser.add_argument("--width", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--dims", type=int, nargs="+", choices=(2, 3), default=[2, 3])
    parser.add_argument("--only", nargs="+", choices=OURS, default=list(OURS))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore")
    table = [["", "network", "width", "whose", "ms", "/ MONAI", "/ SMP", "parameters", "GFLOP"]]
    for dims in options.dims:
        for width in options.width if dims == 2 else options.width[:1]:
            for kind in options.only:
                table += measure(kind, width, dims, options.repeats)
    sizes = ", ".join(f"{dims}D {' x '.join(map(str, SHAPES[dims]))}" for dims in options.dims)
    print(
        f"forward + backward, {sizes}; {options.threads} threads, torch {torch.__version__}, {options.repeats} rounds"
    )
    print(text_table(table))


if __name__ == "__main__":
    main()
