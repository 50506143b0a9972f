"""The redirect server: answers a proxy's INVITE with where the rules send the call, and then is out of its way.

It speaks UDP only, keeps no dialogs, and never forwards anything.
"""
