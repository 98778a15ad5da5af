"""Which lessons there are and where: in a checkout of the project, else inside the installed package."""

from pathlib import Path

from medsegedu.course.front_matter import NAME, LessonInfo, read_info
from medsegedu.errors import UserError

PACKAGED = Path(__file__).parent / "_solutions"


def find_root() -> Path:
    """The checkout of the course: the folder above the current one that is it, else the one that the package runs from.

    Raises:
        UserError: neither exists, as where medsegedu was installed as a package.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if _is_checkout(folder):
            return folder
    raise UserError(f"{here} is not inside a checkout of medsegedu; clone the project and change into its folder.")


def source_paths(root: Path | None = None) -> list[Path]:
    """The lessons' sources in order: of the checkout at `root` (default: `find_root`), else the package's own copies.

    Raises:
        UserError: a file in solutions/ is not named like a lesson, two have one number, or there are none.
    """
    folder = (root / "solutions") if root else _default_folder()
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("."))
    numbers: dict[str, Path] = {}
    for path in paths:
        number = NAME.fullmatch(path.stem)
        if not number:
            raise UserError(
                f"{folder.name}/{path.name}:1: a lesson is named like 03_unet.py; rename or move this file."
            )
        if number[1] in numbers:
            raise UserError(
                f"{folder.name}/{path.name}:1: {numbers[number[1]].name} has this number too; renumber one."
            )
        numbers[number[1]] = path
    if not paths:
        raise UserError(f"No lessons in {folder}; a lesson is a file like 03_unet.py.")
    return paths


def lessons(root: Path | None = None) -> list[LessonInfo]:
    """The front matter of every lesson, in order; where the sources are looked for: `source_paths`."""
    return [read_info(path) for path in source_paths(root)]


def find_lessons(wanted: str, root: Path | None = None) -> list[Path]:
    """The sources that `wanted` names: "3", "03", "03_unet", "unet", or "all".

    Raises:
        UserError: there is no such lesson; the message lists those that exist.
    """
    paths = source_paths(root)
    if wanted == "all":
        return paths
    for path in paths:
        number, name = path.stem.split("_", 1)
        if wanted in (path.stem, name, number) or (wanted.isdecimal() and wanted.zfill(2) == number):
            return [path]
    raise UserError(f"No lesson '{wanted}'; there are {', '.join(path.stem for path in paths)}, and all.")


def _is_checkout(folder: Path) -> bool:
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return 'name = "medsegedu"' in text and (folder / "solutions").is_dir()


def _default_folder() -> Path:
    try:
        return find_root() / "solutions"
    except UserError:
        if PACKAGED.is_dir():
            return PACKAGED
        raise
