"""The API server as the commands see it: resources by kind and name, and errors that say what to do next."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from stigmer_api.client import DRY_RUN, DRY_RUN_AFTER, FORCE, Client
from stigmer_api.errors import (
    ApiError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
)
from stigmer_api.kinds import KINDS, Kind, kind_by_alias, kind_of_id
from stigmer_api.messages import message_class
from stigmer_api.methods import RESOURCE_SERVICE, SERVER_SERVICE, Method, method
from stigmer_cli.errors import CliError, NotAuthorisedError, NotRunningError, RequestFailedError, UsageError
from stigmer_cli.settings import Settings
from stigmer_cli.suggestions import did_you_mean

PAGE_SIZE = 500
INFO_SECONDS = 5.0

T = TypeVar("T")


class InvalidRequestError(RequestFailedError):
    """The server found the request itself wrong: bad usage, or a manifest that only the server could judge."""

    exit_code = 2
    code = "invalid"


class MissingError(RequestFailedError):
    """What a command names does not exist."""

    code = "not_found"


class ServerClient:
    """One connection to one server. Every method raises CliError and nothing of gRPC."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self.settings = settings

    # -- any method

    def call(
        self,
        target: Kind | str,
        verb: str,
        request: Any,
        *,
        timeout: float = 30.0,
        options: Mapping[str, str] | None = None,
    ) -> Any:
        """Call a method and return its response."""
        return self._translated(lambda: self._client.call(target, verb, request, timeout=timeout, options=options))

    def raw(self) -> Client:
        """The client beneath, for those who handle ApiError themselves (streams that resume)."""
        return self._client

    def _translated(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except ApiError as error:
            raise translate(error, self.settings) from error

    # -- resources

    def get(self, kind: Kind, name: str) -> Any:
        """Return a resource by id or name; MissingError with near matches when there is none."""
        if is_id(name) or not has_method(kind, "getByReference"):
            return self._get_without_reference(kind, name)
        request = message_class("ai.stigmer.commons.apiresource.ApiResourceReference")(
            org=self.settings["org"], kind=kind.number, slug=slug_of(name)
        )
        return self.call(kind, "getByReference", request)

    def find(self, kind: Kind, name: str) -> Any | None:
        """Return a resource by id or name, or None when there is none."""
        try:
            return self.get(kind, name)
        except MissingError:
            return None

    def _get_without_reference(self, kind: Kind, name: str) -> Any:
        """By id; executions and sessions have no reference, so a name is looked for in their list."""
        if is_id(name):
            return self.call(kind, "get", request_for_id(method(kind, "get"), name))
        names = []
        for item in self.list(kind):
            if name in {item.metadata.name, item.metadata.slug}:
                return item
            names.append(item.metadata.name)
        raise MissingError(f"{kind.name} {name!r} does not exist.{did_you_mean(name, names)}")

    def list(self, kind: Kind, labels: str = "", fields: str = "", org: str | None = None) -> Iterator[Any]:
        """Yield every resource of a kind that two selectors select, newest first.

        org: the configured one by default, "" for every one.
        """
        request: Any = message_class("stigmer.runtime.v1.ListResourcesRequest")(
            kinds=[kind.number],
            org=self.settings["org"] if org is None else org,
            label_selector=labels,
            field_selector=fields,
            page_size=PAGE_SIZE,
            newest_first=True,
        )
        while True:
            page = self.call(RESOURCE_SERVICE, "List", request)
            for item in page.items:
                found = kind.message()
                if item.Unpack(found):
                    yield found
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def apply(self, kind: Kind, message: Any, *, dry_run: bool = False, after: Sequence[str] = ()) -> Any:
        """Store a resource: apply where the kind has it, else create.

        A dry run only tells what would be stored, `after` these: kind/org/slug of what may be named by then.
        """
        verb = "apply" if has_method(kind, "apply") else "create"
        options = {DRY_RUN: "true"} if dry_run else {}
        if dry_run and after:
            options[DRY_RUN_AFTER] = ",".join(after)
        return self.call(kind, verb, message, options=options or None)

    def delete(self, kind: Kind, resource_id: str, *, force: bool = False, dry_run: bool = False) -> Any:
        """Delete a resource by id and return its last state; by force with what runs and depends on it."""
        options = {name: "true" for name, given in ((FORCE, force), (DRY_RUN, dry_run)) if given}
        return self.call(kind, "delete", request_for_id(method(kind, "delete"), resource_id), options=options)

    def server_info(self) -> Any:
        """What the server tells of itself: a stigmer.runtime.v1.GetInfoResponse."""
        request = message_class("stigmer.runtime.v1.GetInfoRequest")()
        return self.call(SERVER_SERVICE, "GetInfo", request, timeout=INFO_SECONDS)

    def server_version(self) -> str:
        """Version of the server."""
        return str(self.server_info().version)


@contextlib.contextmanager
def connect(settings: Settings) -> Iterator[ServerClient]:
    """Return a client of the configured server for the block; connecting itself cannot fail."""
    with Client(settings.server_address, settings.token) as client:
        yield ServerClient(client, settings)


def translate(error: ApiError, settings: Settings) -> CliError:
    """Turn what the server or the connection said into an error with an exit code and a next step."""
    if isinstance(error, Unavailable):
        return NotRunningError(
            f"stigmer is not running at {settings.server_address}",
            hint="start it with `stigmer-ctl up`",
            details=[error.message] if error.reason != Unavailable.default_reason else [],
        )
    if isinstance(error, Unauthenticated | PermissionDenied):
        where = "STIGMER_TOKEN" if settings["token"] else str(settings.home.token)
        return NotAuthorisedError(
            f"the server at {settings.server_address} refused: {error.message}", hint=f"the token came from {where}"
        )
    suggestions = error.metadata.get("suggestions", "")
    known = not suggestions or all(item in error.message for item in suggestions.split(","))
    hint = "" if known else f"Did you mean {suggestions.replace(',', ', ')}?"
    details = [f"{item.field}: {item.description}" if item.field else item.description for item in error.violations]
    if isinstance(error, NotFound):
        return MissingError(error.message, hint=hint, details=details)
    refused = InvalidRequestError if isinstance(error, InvalidArgument) else RequestFailedError
    return refused(error.message, hint=hint, details=details)


def has_method(kind: Kind, verb: str) -> bool:
    """Return whether the contract has this method for a kind."""
    try:
        method(kind, verb)
    except LookupError:
        return False
    return True


def request_for_id(found: Method, resource_id: str) -> Any:
    """Return the request of a method that takes one id; the contract names that field in three ways."""
    fields = found.request.DESCRIPTOR.fields_by_name
    name = next(item for item in ("value", "resource_id", "execution_id", "id") if item in fields)
    return found.request(**{name: resource_id})


def is_id(text: str) -> bool:
    """Return whether a text is the id of a resource: a known prefix and a ULID."""
    return kind_of_id(text) is not None and re.fullmatch(r"[a-z]+-[0-9a-z]{26}", text) is not None


def slug_of(name: str) -> str:
    """Return the slug that a resource of this name has."""
    text = re.sub(r"[^a-z0-9-]", "", re.sub(r"\s+", "-", name.strip().lower()))
    return re.sub(r"-{2,}", "-", text).strip("-") or name


def parse_kind(word: str) -> Kind:
    """Return the kind that a command line names; UsageError with near matches when there is none."""
    try:
        return kind_by_alias(word)
    except KeyError:
        names = sorted({name for kind in KINDS for name in kind.names})
        listed = ", ".join(kind.plural for kind in KINDS)
        raise UsageError(f"there is no kind {word!r}.{did_you_mean(word, names)}", hint=f"kinds: {listed}") from None


def name_of(kind: Kind, message: Any) -> str:
    """Return the name to show and to type: executions go by id, everything else by slug."""
    if kind.key.endswith("_execution"):
        return str(message.metadata.id)
    return str(message.metadata.slug or message.metadata.name or message.metadata.id)


def full_name(kind: Kind, message: Any) -> str:
    """Return KIND/NAME, as -o name prints it."""
    return f"{kind.name.lower()}/{name_of(kind, message)}"
