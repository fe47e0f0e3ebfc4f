"""The tools that agents may use: one implementation for every engine.

Whatever a model asks for stays inside the session's workspace. A tool never raises anything but ToolError for what a
model can cause, and its text tells the model what to do instead.
"""
