"""What a check can come to, and the strict mode that turns it into an exception."""

import os
from dataclasses import dataclass

from medsegedu.errors import UserError

NOT_STARTED, WRONG, ERROR, RIGHT = "not started", "wrong", "error", "right"


@dataclass(frozen=True)
class Outcome:
    """One grading.

    Attributes:
        status: "not started", "wrong", "error" (the code raised or did not end) or "right".
        mistake: the name of the mistake that was recognised, or None.
        message: the sentence for the student.
        printed: what the attempt wrote to stdout and stderr, shortened.
    """

    status: str
    mistake: str | None
    message: str
    printed: str = ""


class NotRight(Exception):
    """Raised in strict mode, where a notebook must stop at an outcome that is not the wanted one."""


def strict_mode() -> str | None:
    """The status that `MEDSEGEDU_STRICT` demands: "right" (also "1"), "not started", or None.

    Raises:
        UserError: the variable holds something else.
    """
    value = os.environ.get("MEDSEGEDU_STRICT", "")
    if value in ("", "1", RIGHT, NOT_STARTED):
        return RIGHT if value == "1" else value or None
    raise UserError(f"MEDSEGEDU_STRICT is '{value}'; set it to '1', 'right' or 'not started', or unset it.")
