"""Every tutorial runs from its first cell to its last."""

import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from workspace import demo

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
TUTORIALS = sorted(FOLDER.glob("*.ipynb"))
ROOT = FOLDER.parent


def _read(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    return notebook


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs(path: Path, request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [cell.source for cell in _read(path).cells if cell.cell_type == "code"]
    if any("build_demo(" in cell for cell in cells):
        monkeypatch.setattr(demo, "build_demo", request.getfixturevalue("example").build)
    monkeypatch.chdir(ROOT)
    # The shell puts a module of its own in this one's place.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    shell = InteractiveShell()
    try:
        for cell in cells:
            shell.run_cell(cell).raise_error()
    finally:
        shell.reset()


@pytest.mark.filterwarnings("ignore")
def test_a_tutorial_runs_in_a_kernel_of_its_own() -> None:
    path = FOLDER / "5_ais_in_bulk.ipynb"
    NotebookClient(_read(path), timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()
