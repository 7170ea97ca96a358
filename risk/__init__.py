"""How exposed a stretch of shore is in a shift, and why."""
