"""Where the files that the product ships are found."""

from pathlib import Path

from geo.errors import InputError


def shipped() -> Path:
    """Return the folder of shipped data: inside the installed package, else the checkout's."""
    here = Path(__file__).resolve().parent
    for folder in (here / "_shipped", here.parent / "data"):
        if folder.is_dir():
            return folder
    raise InputError(
        "the shipped data is missing",
        where=str(here / "_shipped"),
        mend="Install shoregrid again, or run it from a whole checkout.",
    )


def shipped_file(name: str) -> Path:
    """Return one shipped file by its path inside the folder, or raise InputError."""
    path = shipped() / name
    if not path.is_file():
        raise InputError(
            "a shipped file is missing", where=str(path), mend="Install shoregrid again."
        )
    return path
