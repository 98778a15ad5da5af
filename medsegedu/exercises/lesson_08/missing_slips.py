"""Wrong answers to exercise 8.4: what becomes of the channels, and two mistakes at once, as first tries have them."""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_08.missing import kept, modality_dropout, times


@modality_dropout.mistake(
    "You scaled what stays by 1 / (1 - share), as ordinary dropout does with hidden features. Here the channels are "
    "scans: a T1 image does not become brighter because nobody took a FLAIR."
)
def scaled_up(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, kept(numbers, share)) / (1 - share)


@modality_dropout.mistake(
    "You scaled what stays so that the channels' sum is kept. These are scans, normalised one by one: a T1 image does "
    "not become brighter because nobody took a FLAIR."
)
def sum_preserved(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = kept(numbers, share).to(image.dtype)
    return times(image, keep * keep.shape[1] / keep.sum(1, keepdim=True))


@modality_dropout.mistake(
    "You dropped single pixels (`F.dropout`). A hospital does not lack every third pixel, it lacks a whole scan: all "
    "pixels of a channel go together."
)
def pixels_dropped(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return F.dropout(image, share)


@modality_dropout.mistake(
    "You drew numbers of your own. Use the `numbers` that you are given: then the one who calls decides, with a seed, "
    "and the same run gives the same network."
)
def own_numbers(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, kept(torch.rand(numbers.shape), share))


@modality_dropout.mistake(
    "You made one decision for the whole batch, from the first patient's numbers. Each row of `numbers` belongs to "
    "one patient; the more combinations a batch shows, the better."
)
def one_decision_a_batch(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, kept(numbers[:1], share))


@modality_dropout.mistake(
    "However many numbers are below `share`, you drop one channel at most. Then two missing scans at once come as a "
    "surprise: drop every channel whose number is below it, except the last one left."
)
def one_at_most(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = torch.ones_like(numbers, dtype=torch.bool)
    rows = torch.arange(len(keep))
    keep[rows, numbers.argmin(1)] = numbers.amin(1) >= share
    return times(image, keep)


@modality_dropout.mistake(
    "You put each channel's mean in the place of what it showed. In a normalised scan 0 is the mean already, and the "
    "air's value too; and at test time it is zeros that the network will meet."
)
def mean_for_the_dropped(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    means = image.flatten(2).mean(2).view(*image.shape[:2], *[1] * (image.ndim - 2))
    return torch.where(times(torch.ones_like(image), kept(numbers, share)) > 0, image, means)


@modality_dropout.mistake(
    "You changed the images that you were given. They may be the training set itself, and then a dropped scan is lost "
    "for good: multiply, which makes a new tensor."
)
def in_place(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    image *= times(torch.ones_like(image), kept(numbers, share))
    return image


@modality_dropout.mistake(
    "That works for slices only: `[:, :, None, None]` fits (N, C, H, W), and a volume has one axis more. Append as "
    "many as the image has: `.view(*keep.shape, *[1] * (image.ndim - 2))`."
)
def slices_only(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return image * kept(numbers, share)[:, :, None, None]


@modality_dropout.mistake(
    "You used `F.dropout2d` or `nn.Dropout2d`. It draws numbers of its own, scales up what stays, and may take all channels of a "
    "patient: three things that are not wanted here. Start with `keep = numbers >= share`."
)
def torch_dropped_channels(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return F.dropout2d(image, share)


@modality_dropout.mistake(
    "You spare one channel if the whole *batch* would be empty. It is each patient that needs a scan: look at every row of "
    "`numbers` by itself, `numbers.argmax(1)`."
)
def one_is_spared_in_the_batch(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = numbers >= share
    if not keep.any():
        keep.view(-1)[numbers.argmax()] = True
    return times(image, keep)


@modality_dropout.mistake(
    "Two things. First: a channel goes where its number is *below* `share`, so keep where `numbers >= share`; you have it the "
    "other way round. Then: where all channels of a patient would go, the one with the largest number stays."
)
def exchanged_and_all_may_go(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, numbers < share)


@modality_dropout.mistake(
    "Two things. First: use the `numbers` that you are given instead of drawing your own; then the one who calls decides, with a "
    "seed. Then: where all channels of a patient would go, the one with the largest number stays."
)
def own_numbers_and_all_may_go(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, torch.rand(numbers.shape) >= share)


@modality_dropout.mistake(
    "Two things. First: do not scale by 1 / (1 - share); the channels are scans, and a T1 does not become brighter because "
    "nobody took a FLAIR. Then: where all channels of a patient would go, the one with the largest number stays."
)
def scaled_up_and_all_may_go(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, numbers >= share) / (1 - share)
