"""Side-by-side measurements. One command each; see README.md."""
