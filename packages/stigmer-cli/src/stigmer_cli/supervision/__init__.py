"""Starts, watches and stops the local stack under supervisord.

The command line talks to supervisord over its unix socket only. Modules that run inside the stack (`launch`, `guard`,
`temporal_process`) are programs of their own and never import the rest of the command line's commands.
"""
