"""Reads manifests: YAML files to typed messages, and every mistake in them with its file and line.

It decides nothing about resources: what is right is written in the contract's descriptors and field rules.
"""
