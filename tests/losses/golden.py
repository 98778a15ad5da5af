"""What other libraries compute on inputs that are made again here (`tests/golden/make_losses.py` wrote it)."""

import json
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from .cases import random_case

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "losses.json").read_text(encoding="utf-8"))
IGNORE = GOLDEN["ignore"]
each_case = pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"seed {case['seed']}")


def inputs(case: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, label, and the label with its last rows ignored."""
    logits, label = random_case(tuple(case["shape"]), case["classes"], case["seed"])
    partly = label.clone()
    partly[:, -1] = IGNORE
    return logits, label, partly
