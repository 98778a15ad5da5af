"""Exercise 9.3, what goes wrong with mean and deviation."""

from torch import Tensor

from medsegedu.exercises.lesson_09.norms import looked_up, plain, small, spade_norm


@spade_norm.mistake(
    "Your variance divides by n - 1, torch's default. BatchNorm normalises with the plain mean of squares: `correction=0`."
)
def divided_by_n_less_one(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return plain(x, correction=1) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "You divided by the variance. It is the square of the deviation: take its root, with the 1e-5 inside."
)
def variance(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    over, here = (0, *range(2, x.ndim)), small(x, label)
    even = (x - x.mean(over, keepdim=True)) / (x.var(over, keepdim=True, correction=0) + 1e-5)
    return even * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "You normalised each sample by itself (instance norm). There a picture that is one class throughout becomes zero. SPADE's "
    "paper takes the statistics of the whole batch, for each channel: over dimension 0 too."
)
def each_sample_alone(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return plain(x, tuple(range(2, x.ndim))) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "You took one mean and one deviation for all channels together. Each channel is a feature with a scale of its own: keep "
    "dimension 1."
)
def channels_together(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return plain(x, tuple(range(x.ndim))) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "The numbers are right, but mean and deviation are detached: the network would learn as if normalising were free. Let "
    "the gradient through them."
)
def statistics_detached(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    over, here = (0, *range(2, x.ndim)), small(x, label)
    mean, spread = x.mean(over, keepdim=True).detach(), x.var(over, keepdim=True, correction=0).detach()
    return (x - mean) / (spread + 1e-5).sqrt() * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "The 1e-5 is missing, or you took a smaller number. A channel that is the same everywhere has the variance 0, and "
    "dividing by its root gives NaN: add 1e-5 to the variance, under the root, as BatchNorm does."
)
def no_epsilon(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    over, here = (0, *range(2, x.ndim)), small(x, label)
    even = (x - x.mean(over, keepdim=True)) / x.var(over, keepdim=True, correction=0).sqrt()
    return even * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "You add 1e-6 to the variance. The exercise (and BatchNorm) adds 1e-5; it matters where a channel hardly varies."
)
def a_smaller_epsilon(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    over, here = (0, *range(2, x.ndim)), small(x, label)
    even = (x - x.mean(over, keepdim=True)) / (x.var(over, keepdim=True, correction=0) + 1e-6).sqrt()
    return even * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "You add the 1e-5 to the deviation, outside of the root. It belongs to the variance, under the root: `(variance + "
    "1e-5).sqrt()`. The two differ where a channel hardly varies."
)
def epsilon_outside(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    over, here = (0, *range(2, x.ndim)), small(x, label)
    even = (x - x.mean(over, keepdim=True)) / (x.std(over, keepdim=True, correction=0) + 1e-5)
    return even * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "Two things about your deviation. First: torch's `std` divides by n - 1 unless told otherwise, and BatchNorm by n: "
    "`correction=0`. Then the 1e-5: it is added to the variance, under the root, so take `var` and the root yourself."
)
def default_deviation(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    over, here = (0, *range(2, x.ndim)), small(x, label)
    even = (x - x.mean(over, keepdim=True)) / (x.std(over, keepdim=True) + 1e-5)
    return even * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "Two things about your deviation. First: torch's `std` divides by n - 1 unless told otherwise, and BatchNorm by n: "
    "`correction=0`. Then 1e-5 is missing under the root: take `var`, add it, and take the root yourself."
)
def default_deviation_alone(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    over, here = (0, *range(2, x.ndim)), small(x, label)
    even = (x - x.mean(over, keepdim=True)) / x.std(over, keepdim=True)
    return even * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "Right for slices (N, C, rows, columns). The layer must also take volumes (N, C, planes, rows, columns): write the "
    "axes such that their number does not matter, `(0, *range(2, x.ndim))` and `.movedim(-1, 1)`."
)
def slices_only(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    even, here = plain(x), small(x, label)
    return even * (1 + gamma[here].permute(0, 3, 1, 2)) + beta[here].permute(0, 3, 1, 2)


@spade_norm.mistake(
    "Two things. First: torch's `var` divides by n - 1 unless told otherwise, and BatchNorm by n: `correction=0`. Then "
    "volumes: they have one axis more than `(0, 2, 3)` and `permute(0, 3, 1, 2)` know of; `(0, *range(2, x.ndim))` and "
    "`.movedim(-1, 1)` fit both."
)
def slices_only_and_n_less_one(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    even, here = plain(x, correction=1), small(x, label)
    return even * (1 + gamma[here].permute(0, 3, 1, 2)) + beta[here].permute(0, 3, 1, 2)


@spade_norm.mistake(
    "Right for slices. A volume has a fifth axis, and mean and variance over `(0, 2, 3)` leave it out: each column of "
    "pixels is normalised by itself. Over all axes but the channels: `(0, *range(2, x.ndim))`."
)
def statistics_of_planes(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return plain(x, (0, 2, 3)) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "Two things. First: torch's `var` divides by n - 1 unless told otherwise, and BatchNorm by n: `correction=0`. Then "
    "volumes: mean and variance over `(0, 2, 3)` leave their last axis out; `(0, *range(2, x.ndim))` fits both."
)
def statistics_of_planes_n_less_one(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return plain(x, (0, 2, 3), 1) * (1 + looked_up(gamma, here)) + looked_up(beta, here)
