"""Shoreline, chainage, segments, tides and water: the coast itself."""
