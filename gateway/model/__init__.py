"""Frozen values in the words of the field; no behaviour beyond what a value knows of itself.

Nothing here touches the world: no I/O, no clock, no chance, no logging.
"""
