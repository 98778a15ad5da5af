"""`python -m medsegedu` is `medsegedu`, for when the script's folder is not on the PATH."""

import os
import sys

from medsegedu.cli import main

if __name__ == "__main__":
    code = main()
    if os.environ.get("WORLD_SIZE", "1") != "1":  # torch's threads may abort a process of torchrun's while Python ends
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
