"""Payments for the gateway: what a provider says of a charge becomes one contact, whichever provider it is.

`matter` is what is known, `telling` and `failures` what follows from it, `money` how amounts read; a folder for each
provider reads its words, proves its webhooks and asks its API.
"""
