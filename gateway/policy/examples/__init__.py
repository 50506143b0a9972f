"""Tests of a policy as people write them: what may stand in one, which events it gives, which names it may use."""
