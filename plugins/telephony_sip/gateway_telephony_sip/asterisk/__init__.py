"""Asterisk's own logs, queue_log and CDR as CSV: read, pulled, and turned into what they know of calls.

Formats: docs.asterisk.org, "Queue Logs", "CDR Specification" and the samples cdr.conf and cdr_custom.conf.
"""
