"""Freshdesk for the gateway: windows of changed tickets, conversations, thin webhooks, a simulator."""
