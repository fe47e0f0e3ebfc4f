"""What stands between a model's wish to call a tool and the call: approvals and the ledger of calls.

Engine-neutral: an engine asks the gate before each call and tells it the result. Nothing here runs a tool, and no
absence of an answer is ever taken for a yes.
"""
