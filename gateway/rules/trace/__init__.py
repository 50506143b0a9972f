"""The path of a contact through time: how each clock came to its sum, what set off what, and which rules were tried.

`tracing.trace` makes it from a history, by the code that judges; `path` has its values, `tried` asks the rules. Pure.
"""
