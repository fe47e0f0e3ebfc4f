"""What a SKILL.md says of its skill: name and description."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stigmer_server.artifacts.packages import PackageError
from stigmer_server.yaml_text import BadYaml, parse_yaml

__all__ = ["SkillText", "read_skill_text"]

_FENCE = "---"
_HEADING = re.compile(r"^#[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_SLUG = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
_LONGEST = 63


@dataclass(frozen=True, slots=True)
class SkillText:
    """title: the name as written; name: its normal form; slug: that with hyphens for dots; description may be empty."""

    title: str
    name: str
    slug: str
    description: str


def read_skill_text(text: str, given_name: str = "") -> SkillText:
    """Read a SKILL.md. Raises PackageError.

    The name is `name` of the front matter, else `given_name`, else the first heading of level one. Its normal form is
    in lower case, with hyphens for everything but letters, digits and dots.
    """
    matter, rest = _front_matter(text)
    heading = _HEADING.search(rest)
    title = _text(matter, "name") or given_name.strip() or (heading[1].strip() if heading else "")
    if not title:
        raise PackageError("SKILL.md names no skill: begin it with ---, a line `name: my-skill`, and ---")
    name = re.sub(r"[.-]*-[.-]*|\.{2,}", _separator, re.sub(r"[^a-z0-9.]+", "-", title.lower())).strip(".-")
    slug = name.replace(".", "-")
    if _SLUG.fullmatch(slug) is None or len(slug) > _LONGEST:
        raise PackageError(
            f"{title[:100]!r} is no name for a skill: "
            f"it needs 2 to {_LONGEST} letters, digits, dots and hyphens, a letter first"
        )
    return SkillText(title, name, slug, _text(matter, "description"))


def _separator(found: re.Match[str]) -> str:
    return "-" if "-" in found[0] else "."


def _front_matter(text: str) -> tuple[dict[str, object], str]:
    """The mapping between two lines of three hyphens at the very start, and the text behind it."""
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != _FENCE:
        return {}, text
    ends = [number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE]
    if not ends:
        raise PackageError("the front matter of SKILL.md has no end: a line with --- is missing")
    try:
        matter = parse_yaml("\n".join(lines[1 : ends[0]]))
    except BadYaml as error:
        raise PackageError(f"the front matter of SKILL.md is not valid YAML: {error}") from error
    if not isinstance(matter, dict | None):
        raise PackageError("the front matter of SKILL.md must be a mapping, with name and description")
    return matter or {}, "\n".join(lines[ends[0] + 1 :])


def _text(matter: dict[str, object], key: str) -> str:
    value = matter.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PackageError(f"{key} in the front matter of SKILL.md must be a text: put it in quotes")
    return value.strip()
