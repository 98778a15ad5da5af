"""`python -m medsegedu` is `medsegedu`, for when the script's folder is not on the PATH."""

import sys

from medsegedu.cli import main

if __name__ == "__main__":
    sys.exit(main())
