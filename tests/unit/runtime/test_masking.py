from support import tiny
from tenantry.runtime import document, masking

SPEC = tiny.bundle("ins-a", database={"secretName": "db"}).installation.spec
SECRETS = {
    "db": {"password": "swordfish-42", "user": "t_acme_user", "port": "5432", "url": "postgresql://x:swordfish-42@h/x"},
    "ins-a-generated": {"name": "hidden-name", "pin": "1234"},
}


def test_what_opens_something_is_hidden_and_where_it_is_is_not() -> None:
    hidden = masking.secret_values(SECRETS, SPEC)
    text = "login t_acme_user:swordfish-42 at 5432, postgresql://x:swordfish-42@h/x, hidden-name"
    assert masking.mask(text, hidden) == "login t_acme_user:••• at 5432, •••, •••"


def test_a_bundle_brings_its_own() -> None:
    assert masking.of_bundle(tiny.bundle("ins-a")) == ("swordfish-42",)


def test_without_generated_secrets_a_name_is_a_name() -> None:
    spec = document.InstallationSpec(
        application="a", version="1", size="s", hosts=["a.example"], url="https://a.example"
    )
    assert masking.secret_values({"x": {"name": "public-name"}}, spec) == ()
