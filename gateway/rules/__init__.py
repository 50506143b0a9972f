"""The heart: what events and time imply, as pure functions of their arguments, `now` among them.

A datum's way through it: `fold` puts an event into the contact, `obligations`, `verdicts` and `escalation` say what
that implies, `advance` keeps the order of an instant, `announce` compares with what was said before. `replay` is
`advance` over a whole history. `policy` is what they judge by, `calendar` and `clocks` are the arithmetic of time.
"""
