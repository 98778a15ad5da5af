"""Each knob turns what it names, and its usual place is the default."""

import pytest
import torch

from medsegedu.data import virtual_patients
from medsegedu.data.difficulty import KNOBS, Knob, knob, setting
from medsegedu.errors import UserError

SMALL = {"slices": 2, "contrasts": ("FLAIR",)}


@pytest.mark.parametrize("turned", KNOBS, ids=lambda turned: turned.name)
def test_levels_differ_and_the_usual_one_is_the_default(turned: Knob) -> None:
    images = [virtual_patients(1, 3, **SMALL, **setting(turned.name, level))[0].image for level in turned.levels]  # type: ignore[arg-type]
    assert torch.equal(images[turned.usual], virtual_patients(1, 3, **SMALL)[0].image)  # type: ignore[arg-type]
    assert len({float(image.std()) for image in images}) == len(images)
    assert "{}" in turned.form


def test_an_unknown_knob_is_named() -> None:
    with pytest.raises(UserError, match="There is no knob 'fog'; choose from lesion diameter, "):
        knob("fog")
    with pytest.raises(UserError, match="no knob 'fog'"):
        setting("fog", 1)
