"""The state machine: random commands against a real server, each compared with a dictionary of what must be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from model_watch import WatchedChanges
from server_testing import AGENT_SPEC, SOURCE, request, resource

from stigmer_api.kinds import kind_by_key, kind_by_name
from stigmer_api.methods import RESOURCE_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model_driver import Driver

NAMES = {"Alpha": "alpha", "Beta Two": "beta-two", "gamma": "gamma", "Delta-4": "delta-4", "echo": "echo"}
KINDS = ("agent", "environment", "agent_instance", "mcp_server")
names = st.sampled_from(sorted(NAMES))
kinds = st.sampled_from(KINDS)
labels = st.dictionaries(st.sampled_from(["team", "tier"]), st.sampled_from(["a", "b"]))
contents = st.sampled_from(["first words", "other words", "third words"])
picks = st.integers(0, 1000)


class ResourceMachine(RuleBasedStateMachine):
    """Every example works in an org of its own, so that one server serves them all. Set `driver` in a subclass."""

    driver: Driver

    def __init__(self) -> None:
        super().__init__()
        self.org = next(self.driver.orgs)
        self.stored: dict[str, Any] = {}  # id -> message, in order of creation
        self.deleted: list[tuple[str, str]] = []
        self.old_revisions: dict[str, list[int]] = {}
        self.requests: dict[tuple[str, str], Any] = {}
        self.newest = 0
        self._calls = self.driver.calls
        self.changes = WatchedChanges()

    @invariant()
    def counted(self) -> None:
        """A step counts when it asked the server something."""
        self.driver.steps += self.driver.calls != self._calls
        self._calls = self.driver.calls

    # -- the model

    def of(self, *keys: str) -> list[Any]:
        """What is stored of these kinds, in order of creation."""
        wanted = {kind_by_key(key).name for key in keys}
        return [item for item in self.stored.values() if item.kind in wanted]

    def by_slug(self, key: str, slug: str) -> Any:
        """The stored resource with this slug, or None."""
        return next((item for item in self.of(key) if item.metadata.slug == slug), None)

    def chosen(self, pick: int, *keys: str) -> Any:
        """Any of the stored resources that the test may change: no default instance."""
        found = [item for item in self.of(*keys) if not item.metadata.slug.endswith("-default")]
        return found[pick % len(found)] if found else None

    def keep(self, answers: Iterable[Any]) -> None:
        """Note what one transaction wrote."""
        answers = list(answers)
        revision = answers[0].metadata.revision
        assert revision > self.newest, "a revision is used again"
        self.newest = revision
        for item in answers:
            assert item.metadata.revision == revision, "one transaction has one revision"
            known = self.stored.get(item.metadata.id)
            if known is not None:
                self.old_revisions.setdefault(item.metadata.id, []).append(known.metadata.revision)
            self.stored[item.metadata.id] = self.driver.expected[item.metadata.id] = item
        self.changes.wrote(revision, answers)

    def forget(self, items: Iterable[Any], revision: int) -> None:
        """Note a deletion. A deleted resource no longer says its revision, so the caller finds it."""
        self.newest = max(self.newest, revision)
        for item in items:
            del self.stored[item.metadata.id], self.driver.expected[item.metadata.id]
            self.deleted.append((kind_by_name(item.kind).key, item.metadata.id))
        self.changes.deleted(revision, items)

    def revision(self) -> int:
        """The server's newest revision."""
        return int(self.driver.call(RESOURCE_SERVICE, "List", org=self.org, page_size=1).revision)

    def wanted(self, key: str, name: str, content: str, labelled: dict[str, str]) -> Any:
        """A manifest."""
        spec: dict[str, Any] = {"description": content}
        if key == "agent":
            spec = {**AGENT_SPEC, "description": content}
        elif key == "environment":
            spec["data"] = {"PLAIN": {"value": content}, "SECRET": {"value": content, "is_secret": True}}
        elif key == "mcp_server":
            spec["stdio"] = {"command": "server"}
        elif key == "agent_instance":
            agents = self.of("agent")
            spec["agent_id"] = agents[0].metadata.id if agents else "nothing"
        return resource(key, name, spec, org=self.org, labels=labelled)

    # -- commands

    @initialize()
    def something(self) -> None:
        """A workflow, because executions need one, and an agent, because instances do."""
        workflow = self.driver.send(
            "workflow", "create", resource("workflow", "flow", {"source": SOURCE}, org=self.org)
        )
        instance = self.driver.call("workflow_instance", "get", value=workflow.status.default_instance_id)
        self.keep([workflow, instance])
        self.create("agent", "Alpha", "first words", {"team": "a"}, "")

    @rule(key=kinds, name=names, content=contents, labelled=labels, request_id=st.sampled_from(["", "", "one", "two"]))
    def create(self, key: str, name: str, content: str, labelled: dict[str, str], request_id: str) -> None:
        manifest = self.wanted(key, name, content, labelled)
        manifest.metadata.request_id = request_id
        holder = self.requests.get((key, request_id))
        if request_id and holder is not None and holder.metadata.id in self.stored:
            assert self.driver.send(key, "create", manifest) == self.stored[holder.metadata.id]
            return
        expected = "ALREADY_EXISTS" if self.by_slug(key, NAMES[name]) else "OK"
        if key == "agent_instance" and not self.of("agent"):
            expected = "NOT_FOUND" if expected == "OK" else "ALREADY_EXISTS"
        if expected != "OK":
            assert self.driver.code(key, "create", manifest) == expected
            return
        answer = self.driver.send(key, "create", manifest)
        self.keep_created(key, answer, manifest)
        if request_id:
            self.requests[key, request_id] = answer

    def keep_created(self, key: str, answer: Any, manifest: Any) -> None:
        assert answer.metadata.slug == NAMES[manifest.metadata.name]
        assert answer.metadata.org == self.org
        assert answer.metadata.id not in self.stored
        self.assert_said(key, answer, manifest)
        written = [answer]
        if key == "agent":
            written.append(self.driver.call("agent_instance", "get", value=answer.status.default_instance_id))
            assert written[1].spec.agent_id == answer.metadata.id
        self.keep(written)

    def assert_said(self, key: str, answer: Any, manifest: Any) -> None:
        """Whether a resource says what a manifest said, apart from secrets."""
        assert answer.metadata.name == manifest.metadata.name
        assert answer.metadata.labels == manifest.metadata.labels
        spec = type(manifest.spec)()
        spec.CopyFrom(manifest.spec)
        if key == "environment":
            secret = self.driver.call(key, "getSecretValue", environment_id=answer.metadata.id, key="SECRET")
            assert secret.value == spec.data["SECRET"].value
            spec.data["SECRET"].value = ""
        assert answer.spec == spec

    @rule(key=kinds, name=names, content=contents, labelled=labels)
    def apply(self, key: str, name: str, content: str, labelled: dict[str, str]) -> None:
        manifest = self.wanted(key, name, content, labelled)
        known = self.by_slug(key, NAMES[name])
        if known is None:
            self.create(key, name, content, labelled, "")
            return
        if key == "agent_instance":
            manifest.spec.agent_id = known.spec.agent_id
        before = self.secret_of(known)
        answer = self.driver.send(key, "apply", manifest)
        self.assert_said(key, answer, manifest)
        same = known.metadata.name == name and known.metadata.labels == manifest.metadata.labels
        if same and known.spec == answer.spec and before == self.secret_of(answer):
            assert answer == known, "applying what is there writes nothing"
        else:
            self.assert_follows(known, answer)
            self.keep([answer])

    def secret_of(self, item: Any) -> str:
        if item.kind != "Environment":
            return ""
        return str(
            self.driver.call("environment", "getSecretValue", environment_id=item.metadata.id, key="SECRET").value
        )

    def assert_follows(self, known: Any, answer: Any) -> None:
        """What no update changes."""
        assert (answer.metadata.id, answer.metadata.slug) == (known.metadata.id, known.metadata.slug)
        assert answer.metadata.request_id == known.metadata.request_id
        assert answer.status.audit.spec_audit.created_at == known.status.audit.spec_audit.created_at

    @rule(key=kinds, pick=picks, name=names, content=contents, guarded=st.booleans())
    def update(self, key: str, pick: int, name: str, content: str, guarded: bool) -> None:
        known = self.chosen(pick, key)
        if known is None:
            return
        manifest = self.wanted(key, name, content, {})
        manifest.metadata.id = known.metadata.id
        manifest.metadata.revision = known.metadata.revision if guarded else 0
        if key == "agent_instance":
            manifest.spec.agent_id = known.spec.agent_id
        answer = self.driver.send(key, "update", manifest)
        self.assert_follows(known, answer)
        self.assert_said(key, answer, manifest)
        self.keep([answer])

    @rule(key=kinds, pick=picks, name=names, content=contents)
    def update_stale(self, key: str, pick: int, name: str, content: str) -> None:
        known = self.chosen(pick, key)
        old = self.old_revisions.get(known.metadata.id) if known is not None else None
        if not old:
            return
        manifest = self.wanted(key, name, content, {})
        manifest.metadata.id, manifest.metadata.revision = known.metadata.id, old[pick % len(old)]
        assert self.driver.code(key, "update", manifest) == "ABORTED"
        assert self.driver.code(key, "apply", manifest) == "ABORTED"

    @rule(key=st.sampled_from([key for key in KINDS if key != "agent"]), pick=picks)
    def delete(self, key: str, pick: int) -> None:
        known = self.chosen(pick, key)
        if known is not None:
            assert self.driver.send(key, "delete", self.id_request(key, "delete", known.metadata.id)) == known
            self.forget([known], self.revision())

    @rule(pick=picks)
    def delete_agent(self, pick: int) -> None:
        """Its default instance goes with it; one that others were made of is left alone."""
        known = self.chosen(pick, "agent")
        if known is None:
            return
        instances = [item for item in self.of("agent_instance") if item.spec.agent_id == known.metadata.id]
        if len(instances) == 1:
            assert self.driver.send("agent", "delete", request("agent", "delete", value=known.metadata.id)) == known
            self.forget([*instances, known], self.revision())

    @rule(pick=picks)
    def touch_deleted(self, pick: int) -> None:
        if self.deleted:
            key, gone = self.deleted[pick % len(self.deleted)]
            for verb in ("get", "delete"):
                assert self.driver.code(key, verb, self.id_request(key, verb, gone)) == "NOT_FOUND"
            manifest = self.wanted(key, "Alpha", "first words", {}) if key in KINDS else None
            if manifest is not None:
                manifest.metadata.id = gone
                assert self.driver.code(key, "update", manifest) == "NOT_FOUND"

    def id_request(self, key: str, verb: str, value: str) -> Any:
        message = request(key, verb)
        field = "value" if "value" in message.DESCRIPTOR.fields_by_name else "resource_id"
        setattr(message, field, value)
        return message

    @rule(key=kinds, pick=picks, visibility=st.sampled_from([1, 2]))
    def update_visibility(self, key: str, pick: int, visibility: int) -> None:
        known = self.chosen(pick, key)
        if known is None:
            return
        answer = self.driver.call(key, "updateVisibility", resource_id=known.metadata.id, visibility=visibility)
        assert answer.metadata.visibility == visibility
        if known.metadata.visibility == visibility:
            assert answer == known
        else:
            self.keep([answer])
