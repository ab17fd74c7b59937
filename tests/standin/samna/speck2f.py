"""Speck 2f."""
from .speck import module

globals().update(module("speck2f"))
