"""iCalendar files (RFC 5545), read as far as the days of their events go: liberal in all else, and within limits."""
