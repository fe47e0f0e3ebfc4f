"""What stands before a checkpoint saver: nothing is left half written, and what is saved is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, ChannelVersions, Checkpoint, CheckpointMetadata

from stigmer_agent_runner.checkpoints.protocol import to_its_end
from stigmer_agent_runner.failpoints import failpoint

__all__ = ["OnSaved", "Telling"]

OnSaved = Callable[[ToolMessage], None]


class Telling(BaseCheckpointSaver[str]):
    """Stands before a saver: leaves no write half done, and calls `on_saved` with every result that is committed."""

    on_saved: OnSaved

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint."""
        return await to_its_end(super().aput(config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save a task's writes, then tell."""
        failpoint("before-checkpoint")
        await to_its_end(super().aput_writes(config, writes, task_id, task_path))
        failpoint("after-checkpoint")
        for channel, value in writes:
            if channel == "messages":
                for message in value if isinstance(value, list | tuple) else (value,):
                    if isinstance(message, ToolMessage):
                        self.on_saved(message)
