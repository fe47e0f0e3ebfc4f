"""`stigmer-ctl chat`: a session with an agent in the terminal, or line by line from a pipe.

What the agent does is shown by the same views as `run` and `watch`. No silence is ever taken for an approval, and
leaving never ends what a user did not ask to end.
"""
