"""The engine `graphton`: agents as LangGraph deep agents, against any endpoint that speaks the OpenAI chat API.

The only part of the runner that may import LangChain, LangGraph, deepagents or openai. Of deepagents it uses
create_deep_agent, middleware hooks and the backend protocol, and nothing private: its 0.x API moves.
"""
