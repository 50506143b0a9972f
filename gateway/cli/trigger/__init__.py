"""`gateway trigger`: a signed sample notice of any type, for authors of receivers."""
