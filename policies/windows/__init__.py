"""When shifts may happen: days, hours, a time zone, freezes and holidays; and what holds while they may not."""
