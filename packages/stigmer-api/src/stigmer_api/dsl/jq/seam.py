"""The only place that knows purejq's inside. The package pins its exact version; the tests hold this seam."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import purejq.builtins
import purejq.compiler
import purejq.encoder
import purejq.errors
import purejq.ops
import purejq.parser
import purejq.prelude

Node = Any
"""An AST node: a tuple with its tag first."""
Filter = Callable[..., Iterator[Any]]

builtins: Any = purejq.builtins
compiler: Any = purejq.compiler
ops: Any = purejq.ops
parse: Callable[[str], Node] = purejq.parser.parse
encode: Callable[[Any], str] = purejq.encoder.encode
jq_error: Callable[[Any], Exception] = purejq.errors.JqError
PRELUDE: str = purejq.prelude.PRELUDE
