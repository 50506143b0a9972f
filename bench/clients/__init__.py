"""Clients that others wrote read the simulated Zendesk account: what they find must be what is there."""
