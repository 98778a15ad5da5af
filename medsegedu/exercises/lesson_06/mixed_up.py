"""Exercise 6.4: blocks that mix up pixels, channels and images."""

from torch import Tensor, nn

from medsegedu.exercises.lesson_06.pairs import lists, non_local, picture


@non_local.mistake(
    "You turned the list of pixels back into a picture with columns and rows exchanged (W, H). The size fits again only "
    "where the map is square. `flatten` went row by row; unflatten to (H, W)."
)
def transposed_picture(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    answers = ((queries @ keys.transpose(1, 2)).softmax(2) @ values).transpose(1, 2)
    return x + out(answers.unflatten(2, (x.shape[3], x.shape[2])).transpose(2, 3))


@non_local.mistake(
    "You reshaped (N, P, E) straight to (N, E, H, W). `reshape` only counts through the numbers, so pixels and channels are "
    "stirred together. Transpose first, then unflatten."
)
def stirred(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    answers = (queries @ keys.transpose(1, 2)).softmax(2) @ values  # (N, P, E)
    return x + out(answers.reshape(len(x), values.shape[2], *x.shape[2:]))


@non_local.mistake(
    "You used the keys as values. What a pixel is found by and what it has to say are two things, with two layers: the "
    "values are `g(x)`."
)
def keys_as_values(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, _ = lists(x, theta, phi, g)
    return x + out(picture((queries @ keys.transpose(1, 2)).softmax(2) @ keys, x))


@non_local.mistake(
    "You compared channels with channels: your weights are (N, E, E), not one for each pair of pixels. The sum of the product "
    "runs over the channels; the pixels stay, (N, P, P)."
)
def channels_compared(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x + out(picture(values @ (queries.transpose(1, 2) @ keys).softmax(2).transpose(1, 2), x))


@non_local.mistake(
    "You compared all pixels of all images of the batch with each other, so one patient's result depends on another's. Keep "
    "the batch as a dimension of its own: `@` multiplies each image's matrices by themselves."
)
def across_the_batch(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = (part.flatten(0, 1) for part in lists(x, theta, phi, g))  # (N * P, E)
    answers = (queries @ keys.T).softmax(1) @ values
    return x + out(picture(answers.unflatten(0, (len(x), -1)), x))
