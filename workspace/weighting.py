"""Which weight set is in force."""

from risk.weights import WeightSet, load
from workspace.shipped import shipped_file


def weight_set() -> WeightSet:
    """Return the weight set in force: the shipped one."""
    path = shipped_file("weights/default.toml")
    return load(path.read_text(encoding="utf-8"), where=str(path))
