"""The runs that tie the rooms together."""

from workspace.building import build_coast
from workspace.detection import Way, detect
from workspace.landing import set_landing
from workspace.planning import ensure_scored, plan
from workspace.scoring import score

__all__ = ["Way", "build_coast", "detect", "ensure_scored", "plan", "score", "set_landing"]
