"""The package stands alone: generated code is current, imports are light, the contract holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stigmer_api.temporal import decode_callback, encode_callback, temporal_workflow_id

ROOT = Path(__file__).resolve().parents[3]
GENERATE = [sys.executable, str(ROOT / "scripts" / "generate_api.py")]


def shared() -> Path:
    """Folder of the wire facts; skips where it is absent, fails in CI."""
    folder = Path(os.environ.get("STIGMER_SHARED", ROOT.parent / "shared"))
    if not (folder / "contract").is_dir():
        message = f"the wire facts are not at {folder}; set STIGMER_SHARED to run this test"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, check=False)


def test_the_committed_generated_code_is_current() -> None:
    done = run(*GENERATE, "--check")
    assert done.returncode == 0, done.stderr


def test_the_descriptors_agree_with_the_published_contract(tmp_path: Path) -> None:
    check = shared() / "contract" / "check_contract.py"
    descriptors = tmp_path / "descriptors.binpb"
    assert run(*GENERATE, "--descriptors", descriptors).returncode == 0
    done = run(sys.executable, check, descriptors)
    assert done.returncode == 0, done.stdout
    assert "0 problems" in done.stdout


def test_the_temporal_names_import_nothing_outside_the_standard_library() -> None:
    done = run(
        sys.executable,
        "-c",
        "import sys, stigmer_api.temporal; print([m for m in ('grpc', 'google', 'temporalio') if m in sys.modules])",
    )
    assert done.stdout.strip() == "[]"


def test_nothing_of_the_wire_loads_the_reader_of_documents() -> None:
    modules = "stigmer_api.client, stigmer_api.validation, stigmer_api.temporal"
    asked = "[m for m in ('stigmer_api.dsl', 'ruamel.yaml', 'purejq') if m in sys.modules]"
    assert run(sys.executable, "-c", f"import sys, {modules}; print({asked})").stdout.strip() == "[]"


def test_the_kind_table_imports_no_protobuf() -> None:
    done = run(sys.executable, "-c", "import sys, stigmer_api.kinds; print('google.protobuf' in sys.modules)")
    assert done.stdout.strip() == "False"


def test_a_callback_token_names_the_workflow_that_waits() -> None:
    assert temporal_workflow_id("stigmer/x", "wex-1") == "stigmer/x/wex-1"
    assert decode_callback(encode_callback("stigmer/x/wex-1")) == "stigmer/x/wex-1"


@pytest.mark.parametrize("token", [b"", b"\xff", b"[]", b"{}", b'{"temporal_workflow_id": 1}'])
def test_a_foreign_callback_token_is_refused(token: bytes) -> None:
    with pytest.raises(ValueError, match="not a callback token"):
        decode_callback(token)
