"""Calls over SIP for the gateway: what proxies and exchanges show of them becomes contacts; a redirect server."""
