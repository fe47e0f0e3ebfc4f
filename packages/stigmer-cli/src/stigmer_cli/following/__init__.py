"""Follows executions live: streams that survive a restart of the server, and what people see of each step.

Nothing here decides when an execution ends: the server's streams do.
"""
