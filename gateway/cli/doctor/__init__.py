"""`gateway doctor`: what is well and what is not, each finding with what to do about it."""
