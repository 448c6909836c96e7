"""Configuration is named by its content, kept from whoever does not read it, and never shows a secret."""

import base64
from typing import Any

from support import operator_things as things
from tenantry.application import manifest, needs
from tenantry.operator.render import confidential


def word(text: str) -> manifest.EnvironmentVariable:
    return manifest.EnvironmentVariable(name="WORD", value=text)


def sources(found: things.Found, kind: str) -> list[dict[str, Any]]:
    volumes = found.one(kind)["spec"]["template"]["spec"]["volumes"]
    [projected] = [each["projected"]["sources"] for each in volumes if each["name"] == "configuration"]
    return projected


class TestFiles:
    def test_a_file_with_a_secret_is_in_a_secret_and_others_are_not(self, synapse: manifest.Application) -> None:
        found = things.render(things.wanted(synapse))
        plain, secret = sources(found, "StatefulSet")
        assert [item["path"] for item in plain["configMap"]["items"]] == ["log.yaml"]
        assert [item["path"] for item in secret["secret"]["items"]] == ["homeserver.yaml", "signing.key"]

    def test_the_secret_holds_what_was_filled_in(self, synapse: manifest.Application) -> None:
        found = things.render(things.wanted(synapse))
        secret = found.one("Secret", sources(found, "StatefulSet")[1]["secret"]["name"])
        assert base64.b64decode(secret["data"]["signingKey"]) == b"ed25519 a_1 generated-signingKey-0123\n"
        assert secret["immutable"]

    def test_a_change_of_content_is_another_name_and_another_pod(self, budget: manifest.Application) -> None:
        before, after = (
            things.render(things.wanted(budget, settings={"captcha": captcha})) for captcha in (False, True)
        )
        assert sources(before, "Deployment") != sources(after, "Deployment")

    def test_a_file_that_a_workload_does_not_read_does_not_restart_it(self, budget: manifest.Application) -> None:
        reader = manifest.Workload(name="reader", command=["/bin/read", "{{ files.extra }}"])
        extra = manifest.ConfigurationFile(name="extra", path="extra.txt", content="{{ settings.legalLink }}")
        settings = manifest.ConfigurationFile(name="settings", path="web.cfg", content="{{ settings.captcha }}")
        changed = things.changed(budget, workloads=[*budget.spec.workloads, reader], files=[extra, settings])
        before, after = (things.render(things.wanted(changed, settings={"captcha": each})) for each in (False, True))
        assert before.one("Deployment", "acme-reader") == after.one("Deployment", "acme-reader")
        assert before.one("Deployment", "acme-web") != after.one("Deployment", "acme-web")

    def test_a_file_that_nobody_names_is_there_for_all(self, budget: manifest.Application) -> None:
        extra = manifest.ConfigurationFile(name="extra", path="deep/extra.txt", content="plain")
        found = things.render(things.wanted(things.changed(budget, files=[*budget.spec.files, extra])))
        assert sources(found, "Deployment")[0]["configMap"]["items"] == [{"key": "extra", "path": "deep/extra.txt"}]
        assert found.one("ConfigMap")["data"] == {"extra": "plain"}

    def test_without_files_there_is_no_folder(self, budget: manifest.Application) -> None:
        bare = things.without_configuration(budget, needs.Needs())
        mounts = things.render(things.wanted(bare)).container("Deployment")["volumeMounts"]
        assert [each["name"] for each in mounts] == ["home", "tmp"]


class TestVariables:
    def test_a_secret_variable_comes_from_a_secret(self, budget: manifest.Application) -> None:
        changed = things.with_first_workload(budget, environment=[word("{{ secrets.session }}")])
        found = things.render(things.wanted(changed))
        [variable] = [each for each in found.container("Deployment")["env"] if each["name"] == "WORD"]
        reference = variable["valueFrom"]["secretKeyRef"]
        secret = found.one("Secret", reference["name"])
        assert base64.b64decode(secret["data"][reference["key"]]) == b"generated-session-0123"

    def test_a_secret_word_of_a_command_comes_from_a_variable(self, budget: manifest.Application) -> None:
        changed = things.with_first_workload(budget, command=["/bin/serve", "--key={{ secrets.session }}"])
        found = things.render(things.wanted(changed))
        assert found.container("Deployment")["command"] == ["/bin/serve", "$(TENANTRY_WORD_1)"]
        names = {each["name"]: each for each in found.container("Deployment")["env"]}
        assert names["TENANTRY_WORD_1"]["valueFrom"]["secretKeyRef"]["key"] == "TENANTRY_WORD_1"

    def test_where_something_is_is_no_secret(self, budget: manifest.Application) -> None:
        changed = things.with_first_workload(budget, environment=[word("{{ database.host }}:{{ database.port }}")])
        env = things.render(things.wanted(changed)).container("Deployment")["env"]
        assert {"name": "WORD", "value": f"{things.DATABASE['host']}:5432"} in env

    def test_a_program_may_set_what_every_program_has(self, budget: manifest.Application) -> None:
        own = manifest.EnvironmentVariable(name="HOME", value="/elsewhere")
        env = things.render(things.wanted(things.with_first_workload(budget, environment=[own])))
        values = [each for each in env.container("Deployment")["env"] if each["name"] == "HOME"]
        assert values == [{"name": "HOME", "value": "/elsewhere"}]

    def test_what_kubernetes_would_fill_in_stays_as_it_is(self) -> None:
        program = confidential.split(
            ["sh", "-c", "echo $HOME $(date) $$"],
            {"PRICE": "5$"},
            words=["sh", "-c", "echo $HOME $(date) $$"],
            variables=[manifest.EnvironmentVariable(name="PRICE", value="5$")],
        )
        assert program.command[2] == "echo $$HOME $$(date) $$$$"
        assert program.environment("") == [{"name": "PRICE", "value": "5$$"}]
