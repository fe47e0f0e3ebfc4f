"""Runs the commands of agents where they can do no harm: bubblewrap, else Landlock, else not at all.

A command gets the declared variables and nothing of the runner's environment, the session's workspace and no other
file that is not the system's own, no network unless its agent declares it, and limits in time, memory, processes and
output. When it ends, is cancelled or runs out of anything, everything that it started ends with it. Never may a command
run with less than what `stigmer_api.sandbox.choose` decided.
"""
