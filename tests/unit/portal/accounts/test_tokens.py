from tenantry.kernel import randomness
from tenantry.portal.accounts import tokens

KEYS = tokens.Keys(b"k" * 32)


class TestCodes:
    def test_have_six_digits(self) -> None:
        source = randomness.SeededRandomness(1)
        codes = {tokens.new_code(source) for _ in range(500)}
        assert all(len(code) == 6 and code.isdecimal() for code in codes)
        assert len(codes) > 490

    def test_are_read_with_spaces_and_hyphens(self) -> None:
        assert tokens.clean_code(" 123-456 ") == "123456"
        assert tokens.clean_code("١٢٣456") == "456"

    def test_are_kept_as_hashes_that_depend_on_the_visit_and_the_secret(self) -> None:
        kept = KEYS.code_hash("visit", "123456")
        assert "123456" not in kept
        assert kept != KEYS.code_hash("another", "123456")
        assert kept != tokens.Keys(b"x" * 32).code_hash("visit", "123456")
        assert tokens.is_same(KEYS.code_hash("visit", "123456"), kept)


class TestTokens:
    def test_have_256_bits(self) -> None:
        assert len(tokens.new_token(randomness.SeededRandomness(1))) == 43

    def test_of_different_purposes_never_agree(self) -> None:
        assert KEYS.token_hash("same") != KEYS.form_token("same")

    def test_parts_cannot_be_shifted(self) -> None:
        assert KEYS.keyed_hash("code", "a", "bc") != KEYS.keyed_hash("code", "ab", "c")
