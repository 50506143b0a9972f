"""The client of one vendor account: authentication, retries of reads, and redaction are in it."""
