"""Positions, tracks and what vessels do."""
