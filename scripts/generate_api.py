"""Compile proto/ into packages/stigmer-api/src/stigmer_api/_pb.

    python scripts/generate_api.py                        write the generated modules
    python scripts/generate_api.py --check                exit 1 when the committed modules are not current
    python scripts/generate_api.py --descriptors FILE     write a FileDescriptorSet with all imports

The rules of protovalidate come from the descriptor inside its installed wheel, so no proto file of another
project lies in this repository. Generated imports are moved below `stigmer_api._pb`; descriptors, full names
and thus the wire keep their packages.
"""

from __future__ import annotations

import argparse
import filecmp
import re
import shutil
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb

ROOT = Path(__file__).resolve().parents[1]
PROTO = ROOT / "proto"
TARGET = ROOT / "packages" / "stigmer-api" / "src" / "stigmer_api" / "_pb"
WELL_KNOWN = Path(protoc.__file__).parent / "_proto"

PACKAGE_INIT = '''"""Generated from proto/ by scripts/generate_api.py; never edited.

Importing it puts the descriptor of protovalidate's rules into the default pool: every module below needs it.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, field_mask_pb2, timestamp_pb2
from protovalidate._gen.buf.validate import validate_pb

_NEEDED = (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2)  # files that the rules import

descriptor_pool.Default().AddSerializedFile(validate_pb.desc().proto.to_binary())
'''


def validate_descriptors(folder: Path) -> Path:
    """Write the rules of protovalidate, with what they import, as a descriptor set for protoc."""
    files = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.add().MergeFromString(validate_pb.desc().proto.to_binary())
    path = folder / "validate.binpb"
    path.write_bytes(files.SerializeToString())
    return path


def compile_protos(options: list[str], folder: Path) -> None:
    """Run protoc over every file below proto/; exits with its status when it fails."""
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    rules = validate_descriptors(folder)
    command = ["protoc", f"-I{PROTO}", f"-I{WELL_KNOWN}", f"--descriptor_set_in={rules}", *options, *sources]
    status = protoc.main(command)
    if status:
        sys.exit(status)


def move_imports(text: str) -> str:
    """Point generated imports at stigmer_api._pb and drop the one of the rules (see PACKAGE_INIT)."""
    text = re.sub(r"^from buf\.validate import .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^import buf\.validate.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^from (ai\.stigmer|stigmer\.runtime)", r"from stigmer_api._pb.\1", text, flags=re.MULTILINE)
    return re.sub(r"^import (ai\.stigmer|stigmer\.runtime)", r"import stigmer_api._pb.\1", text, flags=re.MULTILINE)


def generate(target: Path, folder: Path) -> None:
    """Fill `target`, an empty folder, with the generated package."""
    compile_protos([f"--python_out={target}", f"--pyi_out={target}"], folder)
    for path in [*target.rglob("*.py"), *target.rglob("*.pyi")]:
        path.write_text(move_imports(path.read_text()))
    for package in [path for path in target.rglob("*") if path.is_dir()]:
        (package / "__init__.py").write_text("")
    (target / "__init__.py").write_text(PACKAGE_INIT)


def differences(left: Path, right: Path) -> list[str]:
    """Relative names of files that differ or stand on one side only."""
    names = {str(p.relative_to(side)) for side in (left, right) for p in side.rglob("*.py*") if p.suffix != ".pyc"}
    return sorted(
        name
        for name in names
        if not ((left / name).is_file() and (right / name).is_file() and filecmp.cmp(left / name, right / name, False))
    )


def main() -> int:
    """Parse the command line and do the one thing it asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--descriptors", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.descriptors:
            compile_protos(["--include_imports", f"--descriptor_set_out={arguments.descriptors}"], folder)
            return 0
        fresh = folder / "_pb"
        fresh.mkdir()
        generate(fresh, folder)
        if not arguments.check:
            shutil.rmtree(TARGET, ignore_errors=True)
            shutil.copytree(fresh, TARGET)
            return 0
        stale = differences(fresh, TARGET)
        print("\n".join(f"not current: {name}" for name in stale), file=sys.stderr)
        return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
