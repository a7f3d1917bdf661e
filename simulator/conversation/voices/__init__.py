"""Voices: the built-in one, from the persona's authored lines, and one that asks a language model."""
