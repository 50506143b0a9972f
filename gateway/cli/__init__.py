"""What people type: one file a family of commands, and `app.main`, the console's way in.

Laws: data goes to standard output, words for people to standard error; the exit code says how it went; nothing heavy is
imported before a command needs it, so that `gateway --help` answers at once.
"""
