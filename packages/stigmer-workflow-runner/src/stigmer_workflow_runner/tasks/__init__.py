"""One file per task type: how to read it and how to run it. This table is the list of what the runner can do.

A task type must not do I/O: it asks the `Runtime` of its step.
"""

from __future__ import annotations

from stigmer_workflow_runner.document.reader import TaskTypes
from stigmer_workflow_runner.tasks.call import CallType
from stigmer_workflow_runner.tasks.do import DoType
from stigmer_workflow_runner.tasks.for_ import ForType
from stigmer_workflow_runner.tasks.raise_ import RaiseType
from stigmer_workflow_runner.tasks.run import RunType
from stigmer_workflow_runner.tasks.set_ import SetType
from stigmer_workflow_runner.tasks.switch import SwitchType
from stigmer_workflow_runner.tasks.try_ import TryType
from stigmer_workflow_runner.tasks.wait import WaitType

# By the key that names the type in a task object. What is absent here (emit, fork, listen) is refused by name.
TASK_TYPES: TaskTypes = {
    "call": CallType(),
    "do": DoType(),
    "for": ForType(),
    "raise": RaiseType(),
    "run": RunType(),
    "set": SetType(),
    "switch": SwitchType(),
    "try": TryType(),
    "wait": WaitType(),
}
