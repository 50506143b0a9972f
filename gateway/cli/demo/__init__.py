"""`gateway demo`: simulated accounts, the preset's real deadlines, a breach and a verified escalation in a minute."""
