"""All exercises: answers whose numbers are right while no gradient flows, or the input was changed."""

import torch
from torch import Tensor, nn

from medsegedu.exercises.lesson_06 import channels, crosses, gates, pairs, places
from medsegedu.exercises.lesson_06.channels import squeeze_excite
from medsegedu.exercises.lesson_06.crosses import criss_cross
from medsegedu.exercises.lesson_06.gates import attention_gate
from medsegedu.exercises.lesson_06.pairs import non_local
from medsegedu.exercises.lesson_06.places import spatial_attention


@squeeze_excite.mistake(
    "The numbers are right, but the factors were cut off (`.detach()`, `.data`, `no_grad` or `.item()`): the two layers "
    "would never learn what to turn down. Multiply by the factors as they are."
)
def factors_detached(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * channels.spread(channels.factors(x, squeeze, excite).detach())


@squeeze_excite.mistake(
    "The numbers are right, but the averages were cut off (`.detach()` or `.data`): what came before would not learn how it "
    "changes the factors. Squeeze `x` as it is."
)
def averages_detached(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * channels.spread(channels.factors(x.detach(), squeeze, excite))


@spatial_attention.mistake(
    "The numbers are right, but the pooled maps were cut off (`.detach()` or `.data`): the network before would not learn "
    "how it changes the attention. Pool `x` as it is."
)
def pools_detached(x: Tensor, window: nn.Module) -> Tensor:
    return places.reference(x.detach(), window)


@spatial_attention.mistake(
    "The numbers are right, but the map was cut off (`.detach()`, `.data` or `no_grad`): the window would never learn where "
    "to look. Return the map as it is."
)
def map_detached(x: Tensor, window: nn.Module) -> Tensor:
    return places.reference(x, window).detach()


@attention_gate.mistake(
    "The numbers are right, but what comes up was cut off (`.detach()` or `.data`): the decoder would not learn to steer. Use "
    "`gate` as it comes."
)
def gate_detached(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return gates.reference(skip, gate.detach(), theta, phi, psi)


@attention_gate.mistake(
    "The numbers are right, but the factor was cut off (`.detach()`, `.data` or `no_grad`): none of the three layers would "
    "learn anything. Multiply by the factor as it is."
)
def factor_detached(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * gates.decision(skip, gate, theta, phi, psi).detach()


@attention_gate.mistake(
    "Your function changes `skip` in place (`skip *= ...`). It belongs to the encoder, which needs it for the backward "
    "pass: return a new map, `skip * ...`."
)
def in_place(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    skip *= gates.decision(skip, gate, theta, phi, psi)
    return skip


@non_local.mistake(
    "The numbers are right, but the weights were cut off (`.detach()`, `.data` or `no_grad`): `theta` and `phi` would never "
    "learn who should listen to whom. Use the weights as they are."
)
def weights_detached(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = pairs.lists(x, theta, phi, g)
    weights = (queries @ keys.transpose(1, 2)).softmax(2).detach()
    return x + out(pairs.picture(weights @ values, x))


@non_local.mistake(
    "Your function changes `x` in place (`x += ...`). The map is still needed for the backward pass and as a skip: return a "
    "new one, `x + ...`."
)
def added_in_place(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    gathered = pairs.reference(x, theta, phi, g, out) - x
    x += gathered
    return x


@criss_cross.mistake(
    "The numbers are right, but the weights were cut off (`.detach()`, `.data` or `no_grad`): `query` and `key` would never "
    "learn who should listen to whom. Use the weights as they are."
)
def cross_weights_detached(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = (weights.detach() for weights in crosses.weigh(*crosses.scores(x, query, key)))
    return x + gamma * crosses.gather(column, row, value(x))


@criss_cross.mistake(
    "You turned `gamma` into a plain number (`.item()`, `float(gamma)`) or cut it off: it would stay at 0 for ever, and "
    "with it your layer would never come in. Use the tensor."
)
def gamma_as_a_number(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return crosses.reference(x, query, key, value, torch.tensor(gamma.item()))
