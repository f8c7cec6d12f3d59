"""What people read: timelines, reports and sentences, made from journals and decisions. Pure text; no effects."""
