"""What an installation's key may do: everything with the objects of its own bucket, and nothing beside it.

Pure. The names are those that AWS and the smaller servers share: SeaweedFS refuses `s3:ListBucketMultipartUploads` and
every denial, and understands `s3:List*`, which on a bucket's own resources means the same at AWS.
"""

import json

NAME = "bucket"
"""Of the one policy that a user has."""

_OF_BUCKET = ("s3:List*", "s3:GetBucketLocation")
_OF_OBJECTS = ("s3:List*", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")


def document(bucket: str, partition: str) -> str:
    """Return the policy that opens one bucket.

    Args:
        bucket: its name.
        partition: the part of AWS' world that names of things begin with; `aws` with all other servers.
    """
    name = f"arn:{partition}:s3:::{bucket}"
    statements = [
        {"Effect": "Allow", "Action": list(_OF_BUCKET), "Resource": [name]},
        {"Effect": "Allow", "Action": list(_OF_OBJECTS), "Resource": [f"{name}/*"]},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
