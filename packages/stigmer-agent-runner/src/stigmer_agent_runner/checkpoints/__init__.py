"""Where sessions keep what they remember: a file for each, or one Postgres for the runners of many machines.

Graph checkpoints, the transcript of scripted agents, the ledger of tool calls, what was spent, and a few marks. Whoever
writes here has no secrets left in it: they were taken out of what tools say before a model read it.
"""
