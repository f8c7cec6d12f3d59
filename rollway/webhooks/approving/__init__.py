"""The page on which a person who was sent a signed link answers a stage that asks."""
