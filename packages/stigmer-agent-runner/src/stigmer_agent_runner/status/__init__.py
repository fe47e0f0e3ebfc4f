"""From an engine's events to the status that users see: a pure reducer, and a sink that sends what changed.

Nothing here knows engines or Temporal, and the reducer knows neither clocks nor networks.
"""
