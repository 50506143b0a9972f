"""Salesforce Service Cloud for the gateway: keyset pages of cases and what hangs on them, look-ups, a simulator."""
