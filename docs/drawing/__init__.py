"""The pictures of docs/explanation/how-sla-clocks-count.md, drawn from the code's own tables and judgements.

Laws. Nothing is drawn by hand: a place on a picture and a figure in its words come from a judgement, never from a
number in this package. The same code draws the same bytes. `python -m docs.drawing` writes them; a test compares.
"""
