"""A SKILL.md: its front matter, and what of the skills of an agent goes into its instructions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stigmer_agent_runner.abilities import SKILLS_ROOT, Skill

__all__ = ["SkillText", "instructions_for", "read_skill_text"]

FULL_TEXT_BYTES = 6 * 1024
"""When all texts together are no longer than this, an agent reads them without having to ask."""

_FENCE = "---"


@dataclass(frozen=True, slots=True)
class SkillText:
    """description and always: of the front matter. body: what is behind it."""

    description: str
    always: bool
    body: str


def read_skill_text(text: str) -> SkillText:
    """Read a SKILL.md. The server refused what is not valid when it was pushed: here that counts as plain text."""
    lines = text.splitlines()
    ends = [number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE]
    if not lines or lines[0].rstrip() != _FENCE or not ends:
        return SkillText("", False, text.strip())
    try:
        matter = YAML(typ="safe").load("\n".join(lines[1 : ends[0]]))
    except YAMLError:
        matter = None
    if not isinstance(matter, dict):
        return SkillText("", False, text.strip())
    body = "\n".join(lines[ends[0] + 1 :]).strip()
    return SkillText(str(matter.get("description") or ""), matter.get("always") is True, body)


def instructions_for(skills: Sequence[Skill]) -> str:
    """Return what an agent is told of its skills; empty when it has none.

    Short texts stand there in full. Of longer ones only name and description do, and how to read the rest.
    """
    if not skills:
        return ""
    small = sum(len(skill.text.encode()) for skill in skills) <= FULL_TEXT_BYTES
    parts = [_one(skill, full=small or skill.always) for skill in skills]
    head = (
        "## Available skills\n\n"
        "Skills are instructions and files that others wrote for tasks of a kind. When a task fits one, follow it."
        f" Their files lie below {SKILLS_ROOT}; they can be read and not changed."
    )
    return "\n\n".join([head, *parts])


def _one(skill: Skill, *, full: bool) -> str:
    location = f"{SKILLS_ROOT}/{skill.name}/"
    title = f"### SKILL: {skill.name}\nLOCATION: {location}"
    if full:
        return f"{title}\n\n{skill.text}"
    return f"{title}\n{skill.description}\nBefore you use it, read {location}SKILL.md with read_file."
