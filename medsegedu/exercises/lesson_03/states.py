"""Exercise 3.1: what equality of one output cannot see (evaluation mode, sharing, a dead start), and smaller slips."""

import copy
import functools
from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_03.blocks import conv_block, half
from medsegedu.exercises.lesson_03.filled import alike, filled, shared
from medsegedu.layers import ConvBlock


@conv_block.behaviour
def evaluation_uses_what_training_saw(attempt: Any, random: Random) -> str | None:
    seen, new = 2 + 3 * random.tensor(6, 3, 8, 8), random.tensor(4, 3, 8, 8)
    block, right = filled(attempt(3, 4), seen), filled(ConvBlock(3, 4))
    fresh = copy.deepcopy(right).eval()
    block.train()  # a block that comes in evaluation mode is told by the cases
    with torch.no_grad():
        block(seen), right(seen)
        in_training = copy.deepcopy(block)(new)
        block.eval(), right.eval()
        mine, wanted, untaught = block(new), right(new), fresh(new)
    if alike(mine, wanted):
        return None
    if alike(mine, in_training):
        return "After `block.eval()` your block still normalises by the batch that it is given."
    if alike(mine, untaught):
        return "After training and `block.eval()` your block has remembered nothing of the means that it saw."
    return (
        "After training and `block.eval()` your block gives other values: leave `momentum` of the normalisation alone."
    )


@conv_block.behaviour
def each_call_makes_a_new_block(attempt: Any, random: Random) -> str | None:
    first, second = attempt(3, 4), attempt(3, 4)
    return shared(first, second) if isinstance(first, nn.Module) and isinstance(second, nn.Module) else None


@conv_block.behaviour
def channels_differ_from_the_start(attempt: Any, random: Random) -> str | None:
    with torch.no_grad():
        output = attempt(3, 4)(random.tensor(2, 3, 8, 8))  # (2, 4, 8, 8), with the weights that it was born with
    if (output == output[:, :1]).all():
        return "Before any training all channels of your block are equal: do not set its weights to one number."
    return None


class Retraining(nn.Sequential):
    """Puts itself into training mode whenever it is used."""

    def forward(self, x: Tensor) -> Tensor:
        self.train()
        return super().forward(x)


def _normalised(kind: type[nn.Sequential], in_channels: int, out_channels: int, **options: Any) -> nn.Module:
    layers = [*half(in_channels, out_channels), *half(out_channels, out_channels)]
    return kind(*(nn.BatchNorm2d(out_channels, **options) if k % 3 == 1 else layer for k, layer in enumerate(layers)))


@conv_block.mistake(
    "After `eval()` your block still normalises by the batch, so a patient's result would depend on who else is in the "
    "batch. Leave `track_running_stats` as it is, and do not call `self.train()` yourself: `fit` and `predict` do."
)
def always_by_the_batch(in_channels: int, out_channels: int) -> nn.Module:
    return _normalised(nn.Sequential, in_channels, out_channels, track_running_stats=False)


@conv_block.mistake(
    "With `momentum=0` the normalisation never updates its running mean and variance: right in training, wrong after `eval()`, "
    "where it uses them. Leave `momentum` alone."
)
def nothing_remembered(in_channels: int, out_channels: int) -> nn.Module:
    return _normalised(nn.Sequential, in_channels, out_channels, momentum=0.0)


@conv_block.mistake(
    "You changed `momentum`. In torch it is the weight of the newest batch: with 0.9 the running mean is little more than the "
    "last batch, and results after `eval()` flicker. Leave it at 0.1."
)
def other_momentum(in_channels: int, out_channels: int) -> nn.Module:
    return _normalised(nn.Sequential, in_channels, out_channels, momentum=0.9)


@conv_block.mistake(
    "Your block was put into evaluation mode (`.eval()`), so it normalises by means it never measured. Return it as it was "
    "made, in training mode; `fit` and `predict` switch."
)
def returned_in_evaluation_mode(in_channels: int, out_channels: int) -> nn.Module:
    return ConvBlock(in_channels, out_channels).eval()


_once = functools.cache(ConvBlock)


@conv_block.mistake(
    "Your function hands out the same block again when it is called with the same channels. Two places in a network, and two "
    "networks, would then train one set of weights. Make new layers in each call."
)
def one_block_for_all(in_channels: int, out_channels: int) -> nn.Module:
    return _once(in_channels, out_channels)


@conv_block.mistake(
    "You set the weights to one number, such as 0. Then all channels compute the same, get the same gradient and stay the same. "
    "Leave the random weights that torch gives."
)
def equal_weights(in_channels: int, out_channels: int) -> nn.Module:
    block = ConvBlock(in_channels, out_channels)
    for weight in block.parameters():
        nn.init.zeros_(weight)
    return block


@conv_block.mistake(
    "Your block's weights are frozen (`requires_grad_(False)`): it computes the right map, but training would never change it. "
    "Return the layers as torch makes them."
)
def frozen(in_channels: int, out_channels: int) -> nn.Module:
    return ConvBlock(in_channels, out_channels).requires_grad_(False)


@conv_block.mistake(
    "One of your two convolutions still has a bias. A normalisation stands behind each of them and subtracts constants, so both "
    "get `bias=False`."
)
def one_bias_kept(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, out_channels, bias=True), *half(out_channels, out_channels))


@conv_block.mistake(
    "Your second half has no normalisation. Both convolutions are followed by one: (convolution, normalisation, ReLU) twice."
)
def second_norm_missing(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, out_channels), *half(out_channels, out_channels)[::2])


@conv_block.mistake(
    "Your kernels are 5x5. The block's are 3x3, padded by 1: two of them see as far as one 5x5, with fewer weights and a ReLU "
    "in between."
)
def kernels_of_five(in_channels: int, out_channels: int) -> nn.Module:
    layers = [*half(in_channels, out_channels), *half(out_channels, out_channels)]
    layers[0] = nn.Conv2d(in_channels, out_channels, 5, padding=2, bias=False)
    layers[3] = nn.Conv2d(out_channels, out_channels, 5, padding=2, bias=False)
    return nn.Sequential(*layers)


@conv_block.mistake(
    "Your first convolution keeps `in_channels`, and only the second changes their number. Here it is the other way round: the "
    "first one widens, so that both filters of the level have all its channels to work with."
)
def second_changes_channels(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, in_channels), *half(in_channels, out_channels))


@conv_block.mistake(
    "Only the border differs: you pad with something else than zeros (`padding_mode`). That is a fair choice in a network of "
    "your own; this block pads with zeros, torch's default."
)
def reflected_border(in_channels: int, out_channels: int) -> nn.Module:
    layers = [*half(in_channels, out_channels), *half(out_channels, out_channels)]
    layers[0] = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False, padding_mode="reflect")
    layers[3] = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False, padding_mode="reflect")
    return nn.Sequential(*layers)


@conv_block.mistake(
    "You used `nn.LeakyReLU`, which lets a little of the negative values through. Many later networks do; the block here has "
    "the plain `nn.ReLU`, whose output is never negative."
)
def leaky(in_channels: int, out_channels: int) -> nn.Module:
    layers = [*half(in_channels, out_channels), *half(out_channels, out_channels)]
    return nn.Sequential(*(nn.LeakyReLU() if k % 3 == 2 else layer for k, layer in enumerate(layers)))
