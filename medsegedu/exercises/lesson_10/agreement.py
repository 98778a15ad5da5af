"""Exercise 10.4: student and teacher should say the same."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_10 import answers

consistency = Exercise(
    "10.consistency",
    reference=answers.consistency,
    title="Consistency",
    minutes=8,
    difficulty=2,
    hints=(
        "Turn both into probabilities, subtract, square, and take the mean over everything: images, classes and pixels.",
        "Who should move, the student or the teacher? `.detach()` cuts a tensor off from the gradients.",
        "`F.mse_loss(a, b)` is the mean of the squares; `a` is the student's `softmax(1)`, `b` the teacher's, detached.",
    ),
    after="The student learns, the teacher does not. The next cells train with it.",
    gradients=True,
)


@consistency.case
def two_slices(random: Random) -> tuple[Any, ...]:
    return 2 * random.tensor(2, 5, 4, 7), 2 * random.tensor(2, 5, 4, 7)


@consistency.case
def one_image_of_three_classes(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 3, 6, 5), 3 * random.tensor(1, 3, 6, 5)


@consistency.case
def shifted_logits(random: Random) -> tuple[Any, ...]:
    student = random.integers(-20, 20, 3, 2, 5, 3) / 8  # exact: the probabilities are the same to the last bit
    return student, student + random.integers(-20, 20, 3, 1, 5, 3) / 8


@consistency.case
def volumes_in_double_precision(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 4, 3, 5, 2).double(), random.tensor(2, 4, 3, 5, 2).double()


@consistency.mistake(
    "The number is right, but the teacher gets a gradient too. Then both move towards each other, and the easiest agreement is "
    "to say nothing: detach the teacher."
)
def gradient_to_both(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.softmax(1), teacher.softmax(1))


@consistency.mistake(
    "You detached the student. Now the teacher learns, which should be a mean of the student, and the student never hears of it."
)
def student_detached(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.detach().softmax(1), teacher.softmax(1))


@consistency.mistake(
    "No gradient reaches anyone (`.item()`, `torch.no_grad()`). The student must learn; cut off the teacher alone."
)
def both_detached(student: Tensor, teacher: Tensor) -> Tensor:
    return answers.consistency(student, teacher).detach()


@consistency.mistake(
    "You compared the logits. Adding 5 to all classes of a pixel changes nothing that the network says, but here it costs 25. "
    "Compare probabilities: `softmax(1)`."
)
def logits_compared(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student, teacher.detach())


@consistency.mistake("Your softmax runs over dimension 0, the images of the batch. The classes are dimension 1.")
def images_compete(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.softmax(0), teacher.detach().softmax(0))


@consistency.mistake("Your softmax runs over the last dimension, the pixels of a row. The classes are dimension 1.")
def pixels_compete(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.softmax(-1), teacher.detach().softmax(-1))


@consistency.mistake(
    "You added the squares up over the classes, and took the mean over the pixels alone. With five classes the loss is five "
    "times as large; take the mean over the classes too."
)
def summed_over_classes(student: Tensor, teacher: Tensor) -> Tensor:
    return answers.consistency(student, teacher) * student.shape[1]


@consistency.mistake("You added up all squares. The loss then depends on how large the images are; take the mean.")
def summed(student: Tensor, teacher: Tensor) -> Tensor:
    return answers.consistency(student, teacher) * student.numel()


@consistency.mistake(
    "You made the teacher's answer a hard label (argmax). That is a pseudo-label; here its doubts should be learnt as well, so "
    "compare with its probabilities."
)
def hard_teacher(student: Tensor, teacher: Tensor) -> Tensor:
    hard = F.one_hot(teacher.argmax(1), teacher.shape[1]).movedim(-1, 1).to(student)
    return F.mse_loss(student.softmax(1), hard)


@consistency.mistake(
    "You took absolute differences. The squared difference is asked for: small disagreements then count for little."
)
def absolute(student: Tensor, teacher: Tensor) -> Tensor:
    return F.l1_loss(student.softmax(1), teacher.detach().softmax(1))


@consistency.mistake(
    "You took the root of the mean. Where both agree its slope is infinite, and the gradient NaN; leave the mean of the squares "
    "as it is."
)
def rooted(student: Tensor, teacher: Tensor) -> Tensor:
    return answers.consistency(student, teacher).sqrt()


@consistency.mistake(
    "You compared probabilities of the one with logits of the other. Their scales differ, so they never agree: softmax for both."
)
def teacher_without_softmax(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.softmax(1), teacher.detach())


@consistency.mistake(
    "You forgot the square: positive and negative differences cancel out, and probabilities always add up to the same, so this "
    "is zero whatever the two say."
)
def not_squared(student: Tensor, teacher: Tensor) -> Tensor:
    return (student.softmax(1) - teacher.detach().softmax(1)).mean()


@consistency.mistake(
    "You used a sigmoid. One class of each pixel is right, so the probabilities come from a softmax over the classes."
)
def sigmoid(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.sigmoid(), teacher.detach().sigmoid())


@consistency.mistake(
    "You took the cross-entropy with the teacher's probabilities. It is a good loss too, but even a student that agrees "
    "perfectly pays for the teacher's doubts. The mean squared difference is asked for."
)
def cross_entropy(student: Tensor, teacher: Tensor) -> Tensor:
    return F.cross_entropy(student, teacher.detach().softmax(1))


@consistency.mistake(
    "You gave one number for each image or pixel. The mean over everything is one number, which `backward()` needs."
)
def not_averaged(student: Tensor, teacher: Tensor) -> Tensor:
    return (student.softmax(1) - teacher.detach().softmax(1)).square().mean(1)


@consistency.mistake(
    "You took the softmax twice. The second one makes all classes nearly equal, and the difference nearly nothing."
)
def softmax_twice(student: Tensor, teacher: Tensor) -> Tensor:
    return answers.consistency(student.softmax(1), torch.softmax(teacher, 1))
