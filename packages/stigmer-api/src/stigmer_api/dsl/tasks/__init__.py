"""One file per task type: how to read it, and the checked body it gives. This table is the list of what runs.

How a body runs is the workflow runner's part; a type must not be here before it runs there.
"""

from __future__ import annotations

from stigmer_api.dsl.reader import TaskTypes
from stigmer_api.dsl.tasks.call import CallType
from stigmer_api.dsl.tasks.do import DoType
from stigmer_api.dsl.tasks.emit import EmitType
from stigmer_api.dsl.tasks.for_ import ForType
from stigmer_api.dsl.tasks.fork import ForkType
from stigmer_api.dsl.tasks.listen import ListenType
from stigmer_api.dsl.tasks.raise_ import RaiseType
from stigmer_api.dsl.tasks.run import RunType
from stigmer_api.dsl.tasks.set_ import SetType
from stigmer_api.dsl.tasks.switch import SwitchType
from stigmer_api.dsl.tasks.try_ import TryType
from stigmer_api.dsl.tasks.wait import WaitType

# By the key that names the type in a task object. What is absent here is refused by name.
TASK_TYPES: TaskTypes = {
    "call": CallType(),
    "do": DoType(),
    "emit": EmitType(),
    "for": ForType(),
    "fork": ForkType(),
    "listen": ListenType(),
    "raise": RaiseType(),
    "run": RunType(),
    "set": SetType(),
    "switch": SwitchType(),
    "try": TryType(),
    "wait": WaitType(),
}
