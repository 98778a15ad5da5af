"""Wrong answers to exercise 8.3: who is present, alone and with another mistake beside it, as in first tries."""

from torch import Tensor

from medsegedu.exercises.lesson_08.votes import late_fusion, mean_of, shaped


@late_fusion.mistake(
    "You averaged over all networks and never looked at `present`. What a network says of a scan that does not exist "
    "is noise: count only those that are present, patient by patient."
)
def absent_vote_too(logits: Tensor, present: Tensor) -> Tensor:
    return logits.softmax(2).mean(0)


@late_fusion.mistake(
    "You silenced the absent networks, but still divided by the number of all. Where one of three is missing, the "
    "probabilities add up to two thirds. Divide by `present.sum(0)`, the voters of each patient."
)
def divided_by_all(logits: Tensor, present: Tensor) -> Tensor:
    return (logits.softmax(2) * shaped(present, logits)).mean(0)


@late_fusion.mistake(
    "You added the probabilities up and did not divide: with three networks they come to 3 at each pixel. Divide by "
    "the number of those that are present for the patient."
)
def summed(logits: Tensor, present: Tensor) -> Tensor:
    return (logits.softmax(2) * shaped(present, logits)).sum(0)


@late_fusion.mistake(
    "You set the absent networks' *scores* to zero before the softmax. Equal scores become equal probabilities, so "
    "each absent network still votes, for every class alike. Take away its weight, not its scores."
)
def absent_scores_zeroed(logits: Tensor, present: Tensor) -> Tensor:
    return (logits * shaped(present, logits)).softmax(2).mean(0)


@late_fusion.mistake(
    "You used what the first patient has for all patients. In a batch each patient lacks something else: keep the "
    "axis N of `present` in the weights."
)
def first_patient_for_all(logits: Tensor, present: Tensor) -> Tensor:
    return mean_of(logits.softmax(2), present[:, :1].expand_as(present))


@late_fusion.mistake(
    "You counted a network as present if *any* patient has its contrast. Presence belongs to the patient: keep the "
    "axis N of `present` in the weights."
)
def present_for_anyone(logits: Tensor, present: Tensor) -> Tensor:
    return mean_of(logits.softmax(2), present.any(1, keepdim=True).expand_as(present))


@late_fusion.mistake(
    "You set the absent networks' *scores* to zero before the softmax, and then divided by the number of those present. Equal "
    "scores become equal probabilities: the absent ones still vote, and the sum exceeds 1. Softmax first, then multiply by "
    "`present`, then divide."
)
def absent_scores_zeroed_present_counted(logits: Tensor, present: Tensor) -> Tensor:
    total = (logits * shaped(present, logits)).softmax(2).sum(0)
    return total / shaped(present.sum(0)[None], logits)[0]


@late_fusion.mistake(
    "You left out every network that lacks the scan of any patient. One hole then silences it for the whole batch, and often "
    "nobody is left: a mean over nothing is NaN. Presence belongs to the patient: weights of shape (M, N)."
)
def present_for_everyone(logits: Tensor, present: Tensor) -> Tensor:
    return logits.softmax(2)[present.all(1)].mean(0)


@late_fusion.mistake(
    "Two things. First: you averaged the scores and took the softmax afterwards, so the loudest network decides; the softmax "
    "comes first (dimension 2). Then: `present` is never used; only those that are present count, patient by patient."
)
def scores_averaged_absent_too(logits: Tensor, present: Tensor) -> Tensor:
    return logits.mean(0).softmax(1)


@late_fusion.mistake(
    "Two things. First: these are scores, not probabilities; take the softmax over the classes, `logits.softmax(2)`. Then: "
    "`present` is never used; only those that are present count, patient by patient."
)
def no_softmax_absent_too(logits: Tensor, present: Tensor) -> Tensor:
    return logits.mean(0)


@late_fusion.mistake(
    "Two things. First: your softmax runs over dimension 1, the patients; the classes of (M, N, classes, ...) are dimension 2, "
    "because the networks stand in front. Then: `present` is never used; only those that are present count."
)
def patients_compete_absent_too(logits: Tensor, present: Tensor) -> Tensor:
    return logits.softmax(1).mean(0)


@late_fusion.mistake(
    "Two things. First: your softmax runs over dimension 0, the networks, and the classes of a pixel no longer add up to 1; the "
    "classes are dimension 2. Then: `present` is never used; only those that are present count."
)
def networks_compete_absent_too(logits: Tensor, present: Tensor) -> Tensor:
    return logits.softmax(0).mean(0)


@late_fusion.mistake(
    "Two things. First: your softmax runs over the last dimension, the pixels of a row; the classes are dimension 2, whatever "
    "comes behind them. Then: `present` is never used; only those that are present count."
)
def pixels_compete_absent_too(logits: Tensor, present: Tensor) -> Tensor:
    return logits.softmax(-1).mean(0)


@late_fusion.mistake(
    "Two things. First: a sigmoid asks about each class by itself, but exactly one is right: softmax over dimension 2. Then: "
    "`present` is never used; only those that are present count."
)
def sigmoid_absent_too(logits: Tensor, present: Tensor) -> Tensor:
    return logits.sigmoid().mean(0)


@late_fusion.mistake(
    "Two things. First: your softmax runs over dimension 1, the patients; the classes of (M, N, classes, ...) are dimension 2. "
    "Then: you divide by the number of all networks; divide by `present.sum(0)`, the voters of each patient."
)
def patients_compete_divided_by_all(logits: Tensor, present: Tensor) -> Tensor:
    return (logits.softmax(1) * shaped(present, logits)).mean(0)


@late_fusion.mistake(
    "Two things. First: you added up the scores; take the softmax over the classes before, `logits.softmax(2)`. Then: you divide "
    "by the number of all networks; divide by `present.sum(0)`, the voters of each patient."
)
def scores_divided_by_all(logits: Tensor, present: Tensor) -> Tensor:
    return (logits * shaped(present, logits)).mean(0).softmax(1)


@late_fusion.mistake(
    "That works for slices only: `[:, :, None, None, None]` fits (M, N, classes, H, W), and a volume has one axis "
    "more. Append as many as `logits` has: `.view(*weight.shape, *[1] * (logits.ndim - 2))`."
)
def slices_only(logits: Tensor, present: Tensor) -> Tensor:
    return (logits.softmax(2) * (present / present.sum(0))[:, :, None, None, None]).sum(0)


@late_fusion.mistake(
    "You wrote *three* networks into your code (`a, b, c = ...`), and with two it stumbles. M may be any number: multiply all of "
    "`logits` by their weights at once, and sum over dimension 0."
)
def three_by_name(logits: Tensor, present: Tensor) -> Tensor:
    first, second, third = logits.softmax(2) * shaped(present / present.sum(0), logits)
    return first + second + third


@late_fusion.mistake(
    "You added up the networks number 0, 1 and 2 (`range(3)`). There may be two, or five: go through `range(len(logits))`, or "
    "sum over dimension 0."
)
def three_by_number(logits: Tensor, present: Tensor) -> Tensor:
    votes = logits.softmax(2) * shaped(present / present.sum(0), logits)
    return votes[0] + votes[1] + votes[2]
