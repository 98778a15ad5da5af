"""What every attention layer has in common: a map of where it looks, which can be shown.

An attention layer multiplies its input by numbers that it computed from that input. `Attention.attention(*inputs)` gives
those numbers and `forward(*inputs)` uses them, so that what is drawn is what the network did. `attention_maps` collects the
maps of a whole model.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn


class Attention(nn.Module, ABC):
    """A layer that weights its input. A subclass states the shape and the meaning of its map in `attention`."""

    @abstractmethod
    def attention(self, *inputs: Any, **options: Any) -> Tensor:  # a subclass names its own inputs
        """The map, from the same inputs as `forward`."""


@torch.no_grad()
def attention_maps(model: nn.Module, image: Tensor) -> dict[str, Tensor]:
    """Run the model once, as at inference, and return each attention layer's map under the layer's name.

    Args:
        model: any network; one without an `Attention` layer gives an empty dictionary. Its mode stays as it was.
        image: (N, C, *spatial), whatever the model takes.

    Returns:
        {qualified name, such as "down.1.attention": map}, in the order in which the layers ran. A layer that runs several
        times gives its last map.
    """
    maps: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(layer: Attention, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
            maps[name] = layer.attention(*inputs)

        return hook

    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, Attention)]
    handles = [layer.register_forward_hook(keep(name)) for name, layer in layers]
    was_training = [(module, module.training) for module in model.modules()]
    try:
        model.eval()(image)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in was_training:
            module.training = mode
    return maps
