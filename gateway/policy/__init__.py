"""The policy: a file that people write, loaded, checked, compiled and frozen into what the rules judge by.

`load_policy` is the way in. The file's shape is `document`, its time words are `durations` and `calendars`, its
conditions are `expressions` and `matcher`; `presets` are whole policies to start from.
"""
