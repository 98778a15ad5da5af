"""Wrong answers to exercise 8.1 with two mistakes at once, as first tries have them."""

from torch import Tensor

from medsegedu.exercises.lesson_08.scales import normalise


@normalise.mistake(
    "Two things. First the air: mean and deviation are those of the whole image; `image[:, mask]` has the pixels of the head, "
    "one row a contrast. Then take them for each row by itself, not one for all contrasts. (And outside the mask 0 is wanted.)"
)
def whole_image_at_once(image: Tensor, mask: Tensor) -> Tensor:
    return (image - image.mean()) / image.std()


@normalise.mistake(
    "Two things. First the air: the outside is 0 in the end, but it took part in mean and deviation; `image[:, mask]` has the "
    "pixels of the head, one row a contrast. Then take both for each row by itself, not one for all contrasts."
)
def whole_image_at_once_then_masked(image: Tensor, mask: Tensor) -> Tensor:
    return (image - image.mean()) / image.std() * mask


@normalise.mistake(
    "Each contrast has its own mean and deviation: good. But the mask is never used. Take them over `image[:, mask]`, the pixels "
    "of the head, and multiply by the mask at the end, so that the outside is 0."
)
def mask_not_used(image: Tensor, mask: Tensor) -> Tensor:
    flat = image.flatten(1)
    return ((flat - flat.mean(1, keepdim=True)) / flat.std(1, keepdim=True)).view_as(image)


@normalise.mistake(
    "The right pixels, but two things are missing. First: each contrast needs a mean and a deviation of its own, "
    "`image[:, mask].mean(1)`, as T1 and T2 have units of their own. Then set the outside to 0: multiply by the mask."
)
def contrasts_together_outside_kept(image: Tensor, mask: Tensor) -> Tensor:
    return (image - image[:, mask].mean()) / image[:, mask].std()


@normalise.mistake(
    "Two things. First: multiplied by the mask, the outside is 0, and these zeros count in mean and deviation. Take only the "
    "pixels of the mask, `image[:, mask]`. Then do it for each contrast by itself, not once for all."
)
def zeros_counted_contrasts_together(image: Tensor, mask: Tensor) -> Tensor:
    rest = image * mask
    return (rest - rest.mean()) / rest.std() * mask


@normalise.mistake(
    "Two things. First: the outside that you set to 0 counts in mean and deviation, and the contrasts share them. Take "
    "`image[:, mask]`, and of each row its own. Then: the zeros outside have moved away from 0; multiply by the mask at the end."
)
def masked_first_contrasts_together(image: Tensor, mask: Tensor) -> Tensor:
    rest = image * mask
    return (rest - rest.mean()) / rest.std()


@normalise.mistake(
    "Two things. First: the outside that you set to 0 counts in mean and deviation; take only the pixels of the mask, "
    "`image[:, mask]`. Then: subtracting the mean has moved the outside away from 0; multiply by the mask at the end, not before."
)
def masked_first_only(image: Tensor, mask: Tensor) -> Tensor:
    rest = (image * mask).flatten(1)
    return ((rest - rest.mean(1, keepdim=True)) / rest.std(1, keepdim=True)).view_as(image)


@normalise.mistake(
    "Two things. First NumPy's deviation: it divides by n, torch's `std` by n - 1, and torch's is wanted. Then the outside: "
    "multiply by the mask at the end, so that it is 0."
)
def divided_by_n_outside_kept(image: Tensor, mask: Tensor) -> Tensor:
    each, inside = (-1, *[1] * mask.ndim), image[:, mask]
    return (image - inside.mean(1).view(each)) / inside.std(1, correction=0).view(each)
