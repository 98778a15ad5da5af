"""The ledger keeps one row a method, counts exactly, and survives what happens to files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from medsegedu.data import Case, ruler
from medsegedu.errors import UserError
from medsegedu.models import UNet
from medsegedu.training import Ledger, count_flops


def truth(case: Case) -> torch.Tensor:
    assert case.label is not None
    return case.label


def test_rows_are_added_replaced_and_sorted(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "ledger.json")
    ledger.measure("03", "the truth", truth, seconds=1.23)
    ledger.measure("00", "nothing", lambda case: torch.zeros_like(truth(case)))
    ledger.measure("03", "the truth", truth, seconds=4.56)
    rows = Ledger(tmp_path / "deep" / "ledger.json").rows
    assert [(row["lesson"], row["model"]) for row in rows] == [("00", "nothing"), ("03", "the truth")]
    assert rows[1]["seconds"] == 4.6
    assert rows[1]["tissue_dice"] == "1.000 [1.000, 1.000]"
    assert rows[1]["hd95_mm"] == "0.00"
    assert rows[0]["lesion_f1"].startswith("0.000")
    assert "the truth" in str(ledger)
    assert ">nothing</td>" in ledger._repr_html_()


def test_a_network_is_counted_also_behind_a_function(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.json")
    flat, solid = UNet(3, 5, width=4, depth=1), UNet(3, 5, width=4, depth=1, dims=3)
    ledger.measure("03", "flat", flat)
    ledger.measure("07", "solid", truth, model=solid)
    counts = [(row["parameters"], row["gflops"]) for row in ledger.rows]
    assert counts[0] == (
        sum(p.numel() for p in flat.parameters()),
        round(count_flops(flat, ruler()[0].image[None]) / 1e9, 3),
    )
    assert counts[1] == (sum(p.numel() for p in solid.parameters()), None)


def test_a_broken_ledger_is_named(tmp_path: Path) -> None:
    for content in ("{", "[1]", json.dumps([{"model": "x"}])):
        (tmp_path / "ledger.json").write_text(content)
        with pytest.raises(UserError, match=r"ledger\.json can't be read"):
            _ = Ledger(tmp_path / "ledger.json").rows


def test_flops_of_a_convolution_are_counted_by_hand() -> None:
    assert count_flops(nn.Conv2d(3, 7, 3, padding=1), torch.rand(1, 3, 10, 12)) == 2 * 10 * 12 * 7 * 3 * 9


def test_the_peak_is_what_was_held_and_never_falls() -> None:
    code = (
        "import torch; from medsegedu.training import peak_memory_mb as peak\n"
        "before = peak(); block = torch.ones(60_000_000); during = peak(); del block; print(before, during, peak())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if "None" in done.stdout:
        pytest.skip("this system does not tell how much memory a process has held")
    before, during, after = map(int, done.stdout.split())
    assert 230 <= during - before <= 260  # 240 MB
    assert after >= during
