"""Who answers for which shore, and what is due there."""
