import pytest

from tenantry.kubernetes import kinds, rights

TABLE = rights.Rights(
    [
        rights.Right(kind=kinds.SECRET, verbs=frozenset({rights.Verb.GET})),
        rights.Right(kind=kinds.INSTALLATION, subresource="status", verbs=frozenset({rights.Verb.PATCH})),
    ]
)


def test_what_the_table_names_is_allowed() -> None:
    TABLE.check(rights.Verb.GET, kinds.SECRET)
    TABLE.check(rights.Verb.PATCH, kinds.INSTALLATION, "status")


@pytest.mark.parametrize(
    ("verb", "kind"),
    [(rights.Verb.DELETE, kinds.SECRET), (rights.Verb.PATCH, kinds.INSTALLATION), (rights.Verb.GET, kinds.POD)],
)
def test_what_it_does_not_name_is_refused(verb: rights.Verb, kind: kinds.Kind) -> None:
    with pytest.raises(rights.RightMissingError, match=kind.plural):
        TABLE.check(verb, kind)
