import json
from typing import Any

from tenantry.provisioner.adapters.s3 import policy


def statements(bucket: str, partition: str = "aws") -> list[dict[str, Any]]:
    return json.loads(policy.document(bucket, partition))["Statement"]


def test_only_the_bucket_itself_is_opened() -> None:
    resources = [name for each in statements("t-one") for name in each["Resource"]]
    assert resources == ["arn:aws:s3:::t-one", "arn:aws:s3:::t-one/*"]
    assert all(each["Effect"] == "Allow" for each in statements("t-one"))


def test_nothing_that_changes_the_bucket_is_allowed() -> None:
    allowed = {action for each in statements("t-one") for action in each["Action"]}
    changing = {action for action in allowed if not action.startswith(("s3:Get", "s3:List"))}
    assert changing == {"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"}


def test_other_parts_of_the_world_have_names_of_their_own() -> None:
    assert statements("t-one", "aws-cn")[0]["Resource"] == ["arn:aws-cn:s3:::t-one"]
