"""Working time: calendars as tables of open intervals in UTC, and the two questions asked of them.

    elapsed(calendar, a, b)          the open time in [a, b)
    due(calendar, start, target)     the earliest instant t >= start with elapsed(start, t) >= target

Laws. Local wall time plus a zone is only ever looked up, per date, never added to. Intervals are half-open. A wall time
that doesn't exist moves forward by the gap; of one that occurs twice a start is the first and an end is the second. An
interval that ends at or before its start runs into the next date and belongs to the date on which it starts; a
holiday or an exception replaces the intervals that start on its date.
"""
