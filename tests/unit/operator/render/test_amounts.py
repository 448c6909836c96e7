import pytest

from tenantry.operator.render import amounts


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (amounts.processor(500), "500m"),
        (amounts.processor(3000), "3"),
        (amounts.processor(1500), "1500m"),
        (amounts.processor(0), "0"),
        (amounts.count(536870912), "536870912"),
        (amounts.count(1048576000), "1048576k"),
        (amounts.count(7), "7"),
        (amounts.size("1024Mi"), "1Gi"),
        (amounts.size("0.5Gi"), "512Mi"),
        (amounts.size("1Gi"), "1Gi"),
        (amounts.size("2000"), "2k"),
    ],
)
def test_amounts_are_written_as_the_api_server_writes_them(written: str, expected: str) -> None:
    assert written == expected
