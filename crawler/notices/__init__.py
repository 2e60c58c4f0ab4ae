"""Notices: how people and programs are told, by webhook, mail or command; and what they are told of."""
