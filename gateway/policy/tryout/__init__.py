"""Try a policy out on one contact that somebody imagines: what it would match, and what time alone would bring.

`asked` reads the question, `outcome` judges it, `view` tells the answer. Pure.
"""
