"""More that goes wrong in exercise 10.4: other measures of disagreement."""

import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_10 import answers
from medsegedu.exercises.lesson_10.agreement import consistency


@consistency.mistake(
    "You took the Kullback-Leibler divergence (`F.kl_div`). It compares by logarithms, so one pixel of which the student is "
    "hopelessly sure can outweigh all others. The mean of the squared differences is asked for."
)
def kullback_leibler(student: Tensor, teacher: Tensor) -> Tensor:
    return F.kl_div(student.log_softmax(1), teacher.detach().softmax(1), reduction="none").mean()


@consistency.mistake(
    "You took the Kullback-Leibler divergence (`F.kl_div`), added up over classes and pixels and divided by the images. Asked "
    "for is the mean of the squared differences of the probabilities, over images, classes and pixels."
)
def kullback_leibler_an_image(student: Tensor, teacher: Tensor) -> Tensor:
    return F.kl_div(student.log_softmax(1), teacher.detach().softmax(1), reduction="batchmean")


@consistency.mistake(
    "You took the Kullback-Leibler divergence of each pixel and its mean. It compares by logarithms; asked for is the mean of "
    "the squared differences of the probabilities, which no single pixel can outweigh."
)
def kullback_leibler_a_pixel(student: Tensor, teacher: Tensor) -> Tensor:
    return F.kl_div(student.log_softmax(1), teacher.detach().softmax(1), reduction="none").sum(1).mean()


@consistency.mistake(
    "You took the Kullback-Leibler divergence of probabilities: `F.kl_div` expects the *logarithm* of the student's. But a "
    "divergence is not asked for at all: take the mean of the squared differences."
)
def kullback_leibler_without_logarithm(student: Tensor, teacher: Tensor) -> Tensor:
    return F.kl_div(student.softmax(1), teacher.detach().softmax(1), reduction="none").mean()


@consistency.mistake(
    "You made the teacher's answer a hard label (argmax) and took the cross-entropy: that is a pseudo-label, and its doubts are "
    "gone. Compare the probabilities of both, by the mean of the squared differences."
)
def cross_entropy_of_the_likeliest(student: Tensor, teacher: Tensor) -> Tensor:
    return F.cross_entropy(student, teacher.argmax(1))


@consistency.mistake(
    "You returned a plain number (`.item()`, `float()`). The value is right, but `backward()` needs the tensor: leave it out."
)
def item(student: Tensor, teacher: Tensor) -> float:
    return answers.consistency(student, teacher).item()


@consistency.mistake(
    "Two things. The teacher gets a gradient as well: detach it. And you compared the logits, where probabilities are asked for: "
    "`softmax(1)` for both."
)
def logits_and_gradient_to_both(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student, teacher)


@consistency.mistake(
    "Two things. The teacher gets a gradient as well: detach it. And your softmax runs over dimension 0, the images; the classes "
    "are dimension 1."
)
def images_compete_and_gradient_to_both(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.softmax(0), teacher.softmax(0))


@consistency.mistake(
    "Two things. The teacher gets a gradient as well: detach it. And the squares are added up; take their mean, or the loss "
    "depends on how large the images are."
)
def summed_and_gradient_to_both(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.softmax(1), teacher.softmax(1), reduction="sum")


@consistency.mistake(
    "Two things. The teacher gets a gradient as well: detach it. And these are absolute differences; the *squared* ones are "
    "asked for."
)
def absolute_and_gradient_to_both(student: Tensor, teacher: Tensor) -> Tensor:
    return F.l1_loss(student.softmax(1), teacher.softmax(1))
