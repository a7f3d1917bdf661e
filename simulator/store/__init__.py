"""Saved sessions, turns, self-ratings and grades, on this machine and readable by its owner alone."""
