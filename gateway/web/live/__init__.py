"""What is told while it happens: one look a second for all who listen, and one rendering for all who ask the same."""
