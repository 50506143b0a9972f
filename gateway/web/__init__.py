"""The HTTP side: what vendors post to, the pages and the API for people and programs, and the built-in receiver.

Handlers read and show; whatever is decided is decided below.
"""
