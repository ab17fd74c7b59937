"""Speck 2e."""
from .speck import module

globals().update(module("speck2e"))
