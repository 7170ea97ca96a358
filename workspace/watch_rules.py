"""The rules of detection that a workspace's settings make."""

from ais.loitering import PRESETS
from ais.rendezvous import PRESETS as MEETINGS
from ais.watch import Rules
from workspace.config import Config


def rules_of(config: Config) -> Rules:
    """Return the thresholds of all behaviours in this workspace."""
    return Rules(
        loitering=PRESETS[config.loitering_preset], meeting=MEETINGS[config.rendezvous_preset]
    )
