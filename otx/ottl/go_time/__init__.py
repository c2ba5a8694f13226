"""Time as Go has it: layouts, zones and calendar, for any year that an int64 of seconds reaches."""
