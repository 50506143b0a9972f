"""The composition root: reads what people wrote, and puts store, connectors, policy, engine and web together.

No other floor knows which store there is.
"""
