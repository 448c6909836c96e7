from tenantry.provisioner import settings

NEEDED = {"TENANTRY_PROVISIONER_DATABASE_URL": "postgresql+psycopg://", "TENANTRY_PROVISIONER_KEYS_FILE": "keys"}


def test_credential_programs_are_a_list_in_one_variable() -> None:
    told = {**NEEDED, "TENANTRY_PROVISIONER_KUBECONFIG_PROGRAMS": '["aws", "gke-gcloud-auth-plugin"]'}
    assert settings.from_environment(told).kubeconfig_programs == ["aws", "gke-gcloud-auth-plugin"]
    assert settings.from_environment(NEEDED).kubeconfig_programs == []
