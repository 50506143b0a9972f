"""`gateway plugin try`: a connector on real settings, without effects."""
