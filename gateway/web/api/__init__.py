"""The API for programs, and what monitors ask."""
