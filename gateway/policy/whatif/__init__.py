"""What would have been: contacts' histories judged by what was in force and by another policy, and what differs. Pure.

`outcome` judges one contact, `differing` compares two outcomes, `sums` counts, `compared` does all of it for a batch.
"""
