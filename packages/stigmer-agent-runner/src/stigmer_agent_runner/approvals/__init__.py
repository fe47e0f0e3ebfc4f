"""Who is asked about a tool call and what was answered, as data: read from the execution, acted upon by engine/gate.py.

Nothing here runs a tool, and no absence of an answer is ever taken for a yes.
"""
