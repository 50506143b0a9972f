"""The heart: what events and time imply, as pure functions of their arguments, `now` among them.

A datum's way through it: `fold` puts an event into the contact, `obligations`, `verdicts`, `escalation` and `requests`
say what that implies, `advance` keeps the order of an instant, `announce` compares with what was said before. `replay`
is `advance` over a history. `policy` is what they judge by, `timeline` which one when, `succession` how one follows
another; `calendar` and `clocks` are the arithmetic of time.
"""
