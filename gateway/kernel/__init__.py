"""What stands next to the outside: the five ports, and the few tools that the floors above share.

Time, chance, threads, sockets and storage come in through `ports` and stand nowhere else, so that a simulation can
run the real engine under a seed.
"""
