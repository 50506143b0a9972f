"""The shell around the rules. One verb a file: each loads, calls one pure function, and saves.

    receive   a vendor's request  -> inbox (T1)          pull     pages        -> inbox, with their cursor
    process   inbox               -> contacts (T2)       fetch    look-ups     -> inbox
    tick      what is due         -> contacts (T2)       perform  deliveries   -> the outside (T3)
    rejudge   a policy has come   -> contacts (T2)

`judge` is what `process`, `tick` and `rejudge` share, `policies` what they judge by; `gateway` runs them all in loops,
which `supervise` keeps going and stops in order.
"""
