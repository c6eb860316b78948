"""Packed files: what they are packed with, their content piece by piece, and its bounds."""
