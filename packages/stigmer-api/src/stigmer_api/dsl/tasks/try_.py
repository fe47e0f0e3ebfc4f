"""`try`: catches errors of its tasks, retries them, or handles them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template
from stigmer_api.dsl.model import TaskList
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.tasks.retry import Retry, read_retry

_FILTER_KEYS: Final = ("type", "status", "instance", "title", "detail", "details")
_CATCH_KEYS: Final = ("errors", "as", "when", "exceptWhen", "retry", "do", "then")


@dataclass(frozen=True, slots=True)
class Catch:
    """What is caught, and what happens then. `name` is the error's variable."""

    filters: Template
    name: str = "error"
    when: Expression | None = None
    except_when: Expression | None = None
    retry: Retry | None = None
    tasks: TaskList | None = None
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """The tasks and their catch."""

    tasks: TaskList
    catch: Catch


class TryType:
    """Reads `try` and `catch`."""

    keys = ("try", "catch")

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Try]:
        """Compile both lists; the error is a variable in `catch`."""
        tasks = reader.tasks(fields["try"], child(pointer, "try"))
        place = child(pointer, "catch")
        if "catch" not in fields:
            reader.problem(pointer, "a try task needs 'catch'")
            return "try", Try(tasks, Catch(Template({})))
        found = reader.fields(fields["catch"], place, _CATCH_KEYS)
        name = reader.optional(found, "as", place, reader.text) or "error"
        inner = reader.with_variables(name)
        return "try", Try(
            tasks,
            Catch(
                filters=_read_filters(reader, found, place),
                name=name,
                when=inner.optional(found, "when", place, inner.expression),
                except_when=inner.optional(found, "exceptWhen", place, inner.expression),
                retry=read_retry(inner, found, place),
                tasks=inner.optional(found, "do", place, inner.tasks),
                then=reader.optional(found, "then", place, reader.target),
            ),
        )


def _read_filters(reader: Reader, catch: Mapping[str, Json], pointer: str) -> Template:
    if "errors" not in catch:
        return Template({})
    place = child(pointer, "errors")
    found = reader.fields(catch["errors"], place, ("with",))
    filters = reader.fields(found.get("with", {}), child(place, "with"), _FILTER_KEYS)
    reader.texts(filters, child(place, "with"), ("type", "instance", "title", "detail", "details"))
    status = filters.get("status", 0)
    if not isinstance(status, int | str) or isinstance(status, bool):
        reader.problem(child(place, "with", "status"), "must be a whole number")
    return reader.template(filters, child(place, "with"))
