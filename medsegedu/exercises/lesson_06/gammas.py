"""Exercise 6.5: what goes wrong about gamma and about the sum at the end."""

from torch import Tensor, nn

from medsegedu.exercises.lesson_06.crosses import criss_cross, gather, reference, scores, weigh


@criss_cross.mistake(
    "`gamma` is missing. It starts at 0 and lets the layer come in slowly, so that a network in training is not disturbed by "
    "a layer that knows nothing yet: x + gamma * gathered."
)
def gamma_forgotten(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return x + gather(*weigh(*scores(x, query, key)), value(x))


@criss_cross.mistake(
    "You return what was gathered without `x`. While gamma is 0 your layer would wipe out everything: add it to `x`."
)
def input_not_added(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return gamma * gather(*weigh(*scores(x, query, key)), value(x))


@criss_cross.mistake(
    "`gamma` stands at the wrong place: gamma * x + gathered. At the start, with gamma at 0, the input would be gone and only "
    "what was gathered left. It should be the other way round."
)
def gamma_on_the_input(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return gamma * x + gather(*weigh(*scores(x, query, key)), value(x))


@criss_cross.mistake(
    "You multiplied `x` by `gamma` too: gamma * (x + gathered). At the start, with gamma at 0, nothing would be left of the "
    "input. Only what was gathered is multiplied: x + gamma * gathered."
)
def gamma_on_both(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return gamma * (x + gather(*weigh(*scores(x, query, key)), value(x)))


@criss_cross.mistake(
    "While `gamma` is 0 you return `x` at once. The numbers are right, but then no gradient reaches gamma, which starts at 0: "
    "it would stay there for ever. Compute the product even if it is 0."
)
def early_exit(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return x if gamma == 0 else reference(x, query, key, value, gamma)


@criss_cross.mistake(
    "You took gamma without its sign. It is an ordinary weight and may become negative, if the network wants to subtract what "
    "was gathered: multiply by `gamma` as it is."
)
def gamma_without_sign(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return reference(x, query, key, value, gamma.abs())


@criss_cross.mistake(
    "You squashed gamma with a sigmoid. Then it starts at 0.5, not at 0, and the new layer disturbs the network at once: "
    "multiply by `gamma` as it is."
)
def gamma_squashed(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return reference(x, query, key, value, gamma.sigmoid())


@criss_cross.mistake(
    "Your function changes `x` in place (`x += ...`). The map is still needed for the backward pass and as a skip: return a "
    "new one, `x + ...`."
)
def added_in_place(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    gathered = gather(*weigh(*scores(x, query, key)), value(x))
    x += gamma * gathered
    return x


@criss_cross.mistake(
    "You multiplied `x` by what was gathered. SE and the gates work so; this layer brings in something from elsewhere, and "
    "adds it: x + gamma * gathered."
)
def multiplied(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return x * gamma * gather(*weigh(*scores(x, query, key)), value(x))
