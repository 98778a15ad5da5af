"""What TensorBoard shows while a run trains: `tensorboard --logdir RUN`."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from medsegedu.runs.run import is_first_process
from medsegedu.training import History


class Events:
    """Writes the loss of each step and the Dice of each look into a run's folder; without TensorBoard it does nothing."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._writer: Any = None
        self._written = 0

    def __enter__(self) -> Self:
        if not is_first_process():
            return self
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:  # an optional package: history.json and report.html hold the same numbers
            return self
        self._writer = SummaryWriter(str(self._place / "events"))
        return self

    def add(self, history: History) -> None:
        """Write what is new since the last call."""
        if self._writer is None:
            return
        for step in range(self._written, len(history.loss)):
            self._writer.add_scalar("loss", history.loss[step], step + 1)
        for step, score in history.validation:
            if step > self._written:
                self._writer.add_scalar("validation Dice", score, step)
        self._written = len(history.loss)
        self._writer.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
