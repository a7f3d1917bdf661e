"""Judges: the built-in one, which hears behaviours, and the one that asks a language model."""
