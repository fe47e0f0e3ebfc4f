"""Scripts that come with the engine, by name: `scripted` alone means `echo` for an agent without a script."""

from __future__ import annotations

DEFAULT = "echo"

SCRIPTS: dict[str, str] = {
    DEFAULT: 'version: 1\ncases:\n  - name: echo\n    turns:\n      - say: "You said: {{user}}"\n',
}
