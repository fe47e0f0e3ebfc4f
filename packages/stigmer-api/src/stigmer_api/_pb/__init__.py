"""Generated from proto/ by scripts/generate_api.py; never edited.

Importing it puts the descriptor of protovalidate's rules into the default pool: every module below needs it.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, field_mask_pb2, timestamp_pb2
from protovalidate._gen.buf.validate import validate_pb

_NEEDED = (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2)  # files that the rules import

descriptor_pool.Default().AddSerializedFile(validate_pb.desc().proto.to_binary())
