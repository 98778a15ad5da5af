"""A toy exercise that uses every part of the engine."""

import pytest
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise


def centre_crop(image: Tensor, rows: int) -> Tensor:
    """The reference of the toy: the `rows` rows in the middle."""
    top = (image.shape[-2] - rows) // 2
    return image[..., top : top + rows, :]


@pytest.fixture
def toy() -> Exercise:
    """A fresh toy exercise with a time limit that tests can afford."""
    exercise = Exercise(
        "99.centre_crop",
        reference=centre_crop,
        title="Cut the <middle>",
        minutes=2,
        difficulty=1,
        hints=("How many rows are left over?", "Half of them are above.", "`image[..., top : top + rows, :]`"),
        after="Next: columns & rows.",
        gradients=True,
        seconds=20,
    )

    @exercise.case
    def odd(random: Random) -> tuple[Tensor, int]:
        return random.tensor(2, 9, 5), 4

    @exercise.case
    def exact(random: Random) -> tuple[Tensor, int]:
        return random.tensor(1, 7, 3), 7

    @exercise.behaviour
    def one_row(attempt, random):  # type: ignore[no-untyped-def]
        rows = attempt(random.tensor(1, 8, 2), 1).shape[-2]
        return None if rows == 1 else f"Asked for one row, you gave {rows}."

    @exercise.mistake("You kept the first rows; keep the ones in the middle.")
    def first_rows(image: Tensor, rows: int) -> Tensor:
        return image[..., :rows, :]

    @exercise.mistake("You kept two rows where one was asked for.")
    def two_rows(image: Tensor, rows: int) -> Tensor:
        return centre_crop(image, max(rows, 2))

    @exercise.mistake("You cut after halving the wrong way round.")
    def raises(image: Tensor, rows: int) -> Tensor:
        raise ValueError(f"no {rows} rows")

    return exercise
