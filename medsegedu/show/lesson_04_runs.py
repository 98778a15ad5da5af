"""Three runs of lesson 04's competition, committed so that a reader sees what is the loss and what is luck.

Each is the lesson's own: its patients, its U-Net of width 16, 200 steps, the same patches in the same order. Only the first
weights differ, `torch.manual_seed` of 0, 1 and 2. No run was left out.
"""

RUNS: dict[str, tuple[tuple[float, float], ...]] = {
    "cross-entropy": ((0.89, 0.95), (0.88, 0.94), (0.93, 0.95)),
    "focal": ((0.86, 0.94), (0.87, 0.95), (0.92, 0.94)),
    "Dice, as it stands": ((0.91, 0.90), (0.00, 0.00), (0.00, 0.00)),
    "Dice": ((0.93, 0.95), (0.06, 0.03), (0.94, 0.95)),
    "Dice + cross-entropy": ((0.93, 0.93), (0.93, 0.94), (0.94, 0.94)),
    "Tversky": ((0.93, 0.93), (0.94, 0.94), (0.94, 0.93)),
    "focal Tversky": ((0.93, 0.90), (0.94, 0.93), (0.94, 0.94)),
    "generalized Dice": ((0.92, 0.95), (0.93, 0.96), (0.22, 0.13)),
}
"""Loss -> (Dice, precision) of all test pixels, for each run."""
