"""`gateway simulate`: a plugin's simulator by itself, for its author and for trying the gateway by hand."""
