"""What of a rollout is worth telling people who are not watching: which events, how urgent, in which words, and to whom.

Pure like the rest of the core: what is told follows from the journal and the decisions alone, so any process comes to the same messages.
"""
