"""Reading the tickets of an account, beside readers that others wrote: a folder for each vendor's shape of account."""
