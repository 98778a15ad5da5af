"""Exercise 0.2: a window on the intensities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsegedu.data import window as reference
from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_00 import answers

Image = NDArray[Any]

window = Exercise(
    "00.window",
    reference=reference,
    shown=answers.window,
    title="A window on the intensities",
    minutes=6,
    difficulty=1,
    hints=(
        "Which intensity becomes black (0), and which white (1)? Write both down with `center` and `width`.",
        "Black is `low = center - width / 2`. A pixel at `low` must give 0 and a pixel at `low + width` must give 1: "
        "subtract, then divide.",
        "What lies below black or above white is cut off with `np.clip(..., 0, 1)`, as the last step.",
    ),
    after="Right, for CT and MRI alike. Run the next cell, and move the window over a whole brain.",
)


@window.case
def a_ct_in_hounsfield_units(random: Random) -> tuple[Any, ...]:
    return random.integers(-1000, 1500, 9, 7).numpy().astype(np.int16), 40.0, 400.0


@window.case
def an_mri_slice(random: Random) -> tuple[Any, ...]:
    return (0.6 + 0.5 * random.tensor(6, 11)).numpy(), 0.7, 0.9


@window.case
def a_narrow_window_in_a_volume(random: Random) -> tuple[Any, ...]:
    return (100 * random.tensor(4, 5, 3)).numpy(), -12.5, 45.0


@window.case
def a_scan_that_lies_within_the_window(random: Random) -> tuple[Any, ...]:
    return random.integers(-30, 110, 5, 8).numpy().astype(np.float64), 40.0, 400.0


@window.case
def a_scan_darker_than_most_of_the_window(random: Random) -> tuple[Any, ...]:
    return random.integers(-900, 20, 7, 6).numpy().astype(np.float32), 50.0, 350.0


@window.mistake(
    "You cut off well, but then you stretched between the darkest and the brightest pixel that is *there*. Only if the scan "
    "reaches both ends of the window these are black and white. A scan of 0 to 100 in a window from -160 to 240 must stay "
    "grey: black is `center - width / 2`, and you divide by `width`."
)
def clipped_then_stretched(image: Image, center: float, width: float) -> Image:
    inside = np.clip(image.astype(float), center - width / 2, center + width / 2)
    return (inside - inside.min()) / (inside.max() - inside.min())


@window.mistake(
    "You divide by `width`, as you should, but you subtract the darkest pixel that is *there*. Where a scan does not reach "
    "down to black, it gets too dark: subtract `center - width / 2`, whatever the image holds."
)
def black_is_the_darkest_pixel(image: Image, center: float, width: float) -> Image:
    inside = np.clip(image.astype(float), center - width / 2, center + width / 2)
    return (inside - inside.min()) / width


@window.mistake(
    "You divided by the brightest value of the image, so something is always white. White is `center + width / 2`, whether a "
    "pixel is that bright or not: divide by `width`."
)
def brightest_pixel_is_white(image: Image, center: float, width: float) -> Image:
    inside = np.clip(image.astype(float) - (center - width / 2), 0, width)
    return inside / inside.max()


@window.mistake(
    "Black and white are exchanged: your low intensities are bright. Subtract black from the image, `image - low`, not the "
    "image from white."
)
def inverted(image: Image, center: float, width: float) -> Image:
    return np.clip((center + width / 2 - image) / width, 0, 1)


@window.mistake(
    "`if`, `min` and `max` ask about *one* number, and `image` holds many: NumPy cannot know which pixel you mean, and says "
    "that the truth value is ambiguous. Compute with the whole array at once; `np.clip` or `np.where` decide for each pixel."
)
def one_question_for_all_pixels(image: Image, center: float, width: float) -> Image:
    pixel: Any = (image - (center - width / 2)) / width
    return max(0, min(1, pixel))  # raises


@window.mistake(
    "Some of your values lie outside 0 to 1: what is darker than black or brighter than white must be cut off. End with "
    "`np.clip(..., 0, 1)`."
)
def not_clipped(image: Image, center: float, width: float) -> Image:
    return (image - (center - width / 2)) / width


@window.mistake(
    "Your black is at `center`, so half of the window is lost. `center` must become 0.5, the middle grey: black begins half "
    "a width below it."
)
def black_at_the_center(image: Image, center: float, width: float) -> Image:
    return np.clip((image - center) / width, 0, 1)


@window.mistake(
    "Your white comes too early: you divided by half the width, so the brighter half of the window is all white. `width` is "
    "the whole way from black to white."
)
def divided_by_half_the_width(image: Image, center: float, width: float) -> Image:
    return np.clip((image - (center - width / 2)) / (width / 2), 0, 1)


@window.mistake(
    "Your window is twice too wide: it reaches a whole `width` to both sides of the center. It should reach half a width to "
    "each side."
)
def twice_as_wide(image: Image, center: float, width: float) -> Image:
    return np.clip((image - (center - width)) / (2 * width), 0, 1)


@window.mistake(
    "Black is where it should be for a window twice as wide: you subtracted `center - width`. Black lies half a width below "
    "the center, `center - width / 2`."
)
def black_a_whole_width_below(image: Image, center: float, width: float) -> Image:
    return np.clip((image - (center - width)) / width, 0, 1)


@window.mistake(
    "You stretched the image between its own darkest and brightest pixel; `center` and `width` changed nothing. One bright "
    "vessel would then darken all the rest, which is what a window is there to prevent."
)
def its_own_minimum_and_maximum(image: Image, center: float, width: float) -> Image:
    return (image - image.min()) / float(image.max() - image.min())


@window.mistake(
    "You cut the intensities off at both ends, but they are still in the scan's own unit. A screen wants 0 for black and 1 "
    "for white: subtract black and divide by the width."
)
def clipped_but_not_scaled(image: Image, center: float, width: float) -> Image:
    return np.clip(image.astype(float), center - width / 2, center + width / 2)


@window.mistake(
    "You clipped to 0..1 before scaling, so all that a scan holds outside 0..1 is gone before the window is applied. Scale "
    "first, and clip what comes out."
)
def clipped_first(image: Image, center: float, width: float) -> Image:
    return (np.clip(image, 0, 1) - (center - width / 2)) / width


@window.mistake(
    "The shape of the window is right, but your white is 255. Here images run from 0 to 1; 255 is what a screen makes of "
    "it at the very end."
)
def white_is_255(image: Image, center: float, width: float) -> Image:
    return 255 * np.clip((image - (center - width / 2)) / width, 0, 1)


@window.mistake(
    "Everything outside your window turned black, the bright side too. A pixel brighter than white stays white: clip, "
    "instead of setting it to 0."
)
def bright_pixels_turn_black(image: Image, center: float, width: float) -> Image:
    scaled = (image - (center - width / 2)) / width
    return np.where((scaled < 0) | (scaled > 1), 0, scaled)


@window.mistake(
    "The result is right, but you wrote the cut-off values into `image` itself: whoever uses the scan after you gets the "
    "window, not the scan. `np.clip` returns a new array and leaves the old one alone."
)
def writes_into_the_scan(image: Image, center: float, width: float) -> Image:
    low, high = center - width / 2, center + width / 2
    image[image < low] = low
    image[image > high] = high
    return (image - low) / width


@window.mistake(
    "You set what is darker than black to 0 and what is brighter than white to 1, but left all between as it was. That part "
    "is the window: scale it with `(image - low) / width`."
)
def inside_not_scaled(image: Image, center: float, width: float) -> Image:
    low, high = center - width / 2, center + width / 2
    return np.where(image < low, 0.0, np.where(image > high, 1.0, image))
