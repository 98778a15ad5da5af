"""The one exception that is meant for the person at the keyboard."""


class UserError(ValueError):
    """Something that the user can mend: one sentence that names the file or the value, and the fix.

    The command line prints the sentence without a traceback and exits with 1.
    """
