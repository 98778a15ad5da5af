"""Deep supervision: the same loss on several outputs of one network, so that its inner layers hear from the truth directly.

C.-Y. Lee et al., "Deeply-Supervised Nets", AISTATS 2015; in UNet++ (Z. Zhou et al., 2018) the four heads have equal weights.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from medsegedu.errors import UserError


class DeepSupervision:
    """A loss of a list of logits, as `model.heads(image)` gives: the weighted mean of `loss` over the heads.

    `training.fit` knows it: `fit(model, ..., loss=DeepSupervision(dice_ce_loss))` trains every head.

    Args:
        loss: takes (logits, label), returns a scalar.
        weights: one per head, in their order. They are divided by their sum, so that the loss, and with it the learning rate,
            keeps its scale. None: all the same.
    """

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor], weights: Sequence[float] | None = None) -> None:
        if weights is not None and not (sum(weights) > 0 and min(weights) >= 0):
            raise UserError(f"weights are {list(weights)}; give one number of at least 0 per head, not all of them 0.")
        self.loss = loss
        self.weights = weights

    def __call__(self, heads: Sequence[Tensor], label: Tensor) -> Tensor:
        """The loss of heads, each (N, C, *spatial), and label (N, *spatial)."""
        if isinstance(heads, Tensor):
            raise UserError(
                "DeepSupervision got one tensor of logits; give it the list that model.heads(image) returns."
            )
        weights = [1.0] * len(heads) if self.weights is None else self.weights
        if len(weights) != len(heads) or not heads:
            raise UserError(f"There are {len(heads)} heads and {len(weights)} weights; give one weight per head.")
        for number, logits in enumerate(heads):
            if logits.shape[2:] != label.shape[1:]:
                raise UserError(
                    f"Head {number} has the size {tuple(logits.shape[2:])}, the label {tuple(label.shape[1:])}; let the "
                    "model's heads resize their logits to the image, so that the label need not be resampled."
                )
        parts = [weight * self.loss(logits, label) for weight, logits in zip(weights, heads, strict=True)]
        return sum(parts[1:], start=parts[0]) / sum(weights)
