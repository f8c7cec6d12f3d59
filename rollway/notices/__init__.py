"""Sending notices: once each, however many processes a rollout has, and without ever holding one up.

What is told and in which words is decided in ``policies.notices``. Here it is remembered in the journal, sent by Apprise, and tried again.
"""
