"""Drawings as plain geometry: what stands where, in shares of the width, and the same in words. Pure; templates draw.

A drawing has no width of its own: places across are percent, so that it fits a phone and a wall, and its letters keep
their size.
"""
