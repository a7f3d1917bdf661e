"""Fineline: practise serving customers with simulated people, and see with evidence how it went."""

__version__ = "0.1.0"
