"""The configuration file that the chart writes is one that slimgate takes."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from slimgate.settings import File, Settings, read
from slimgate.settings.keys import KEYS
from tests.chart.conftest import CASES
from tests.chart.helm import NAMESPACE, Helm, Objects

# What its own objects are called and mounted at is not for values to say.
_FIXED = {"podName", "tlsDirectory"}


def settings(objects: Objects) -> Settings:
    """Read the configuration file as both roles do."""
    return read({}, File("config.yaml", yaml.safe_dump(objects.config()).encode()))


def test_every_case_is_taken(helm4: Helm, case: Path) -> None:
    """No key is unknown, and no value wrong."""
    objects = helm4.objects("--values", str(case))

    found = settings(objects)
    (hook,) = objects.kind("ValidatingWebhookConfiguration")
    assert found.namespace == NAMESPACE
    assert found.webhook_configuration == hook["metadata"]["name"]
    assert found.webhook_service == hook["webhooks"][0]["clientConfig"]["service"]["name"]


def test_defaults_are_slimgates_own(helm4: Helm) -> None:
    """A chart without values sets nothing but the first policy."""
    found = settings(helm4.objects())

    assert replace(found, default_policy_file=None) == Settings()


def test_every_key_is_written(helm4: Helm) -> None:
    """There is no setting that the chart can't set."""
    written = {key for case in CASES for key in helm4.objects("--values", str(case)).config()}

    assert set(KEYS) - _FIXED <= written


@pytest.mark.parametrize("role", ["controller", "webhook"])
def test_files_are_where_the_configuration_says(helm4: Helm, role: str) -> None:
    """CAs of registries, logins and the certificate are mounted at the paths that are read."""
    case = next(case for case in CASES if case.name.startswith("everything"))
    objects = helm4.objects("--values", str(case))
    pod = objects.one(f"Deployment/company-gate-{role}")["spec"]["template"]["spec"]
    mounts = {one["mountPath"]: one["name"] for one in pod["containers"][0]["volumeMounts"]}
    files = {
        f"{path}/{item['path']}"
        for path, name in mounts.items()
        for volume in pod["volumes"]
        if volume["name"] == name
        for source in (volume.get("secret") or volume.get("configMap") or {},)
        for item in source.get("items", ())
    }

    found = settings(objects)
    named = {one.ca_file for one in found.registries.values() if one.ca_file}
    assert named | {found.docker_config, found.default_policy_file} <= files
    assert len(named) == 3
    if role == "webhook":
        assert mounts[found.tls_directory] == "tls"


def test_other_settings_make_other_pods(helm4: Helm) -> None:
    """Pods read the file when they start, so a mark of it is in their template."""
    marks = [
        helm4.objects("--set", f"config.logFormat={word}").one("Deployment/slimgate-webhook")[
            "spec"
        ]["template"]["metadata"]["annotations"]["slimgate.dev/config"]
        for word in ("Text", "JSON", "Text")
    ]

    assert marks[0] == marks[2] != marks[1]
