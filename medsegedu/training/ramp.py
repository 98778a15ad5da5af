"""How much the unlabelled images count, from almost nothing to all: a teacher that knows nothing yet should not be followed.

S. Laine, T. Aila, "Temporal Ensembling for Semi-Supervised Learning", ICLR 2017; with the highest weight of 0.1 in
L. Yu et al., MICCAI 2019.
"""

import math

from medsegedu.errors import UserError


def consistency_weight(step: int, steps: int, *, highest: float = 0.1) -> float:
    """highest * exp(-5 (1 - step / steps)^2): 0.7 % of `highest` at step 0, all of it from `steps` on.

    Args:
        step: from 0.
        steps: how long the weight rises; often the whole training.

    Raises:
        UserError: a negative step, or a ramp without a length.
    """
    if step < 0 or steps < 1:
        raise UserError(f"step is {step} and steps {steps}; count from 0 up a ramp of at least 1 step.")
    return highest * math.exp(-5 * (1 - min(step / steps, 1)) ** 2)
