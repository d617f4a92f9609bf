"""The environment: every variable, and the sentence for every wrong value."""

import dataclasses

import pytest

from slimgate.core.errors import SettingsError
from slimgate.core.image import Platform
from slimgate.settings import Exemption, ExtraKind, Settings, read

ROLLOUT = ExtraKind(
    group="argoproj.io",
    version="v1alpha1",
    plural="rollouts",
    kind="Rollout",
    template_path=("spec", "template"),
)
SERVICE = ExtraKind(
    group="serving.knative.dev",
    version="v1",
    plural="services",
    kind="Service",
    template_path=("spec", "template"),
)

REGISTRIES = (
    "Registry.local:5000=plain-http,loopback; [fd00::1]:5000=skip-tls-verify "
    "10.0.0.1=ca-file:/ca.pem bare.local"
)
KINDS = (
    "argoproj.io/v1alpha1/rollouts=Rollout:spec.template; "
    "serving.knative.dev/v1/services=Service:spec.template"
)

VALUES: dict[str, tuple[str, object]] = {
    "NAMESPACE": ("ops", "ops"),
    "EXCLUDED_NAMESPACES": ("kube-system, istio-system  a", ("kube-system", "istio-system", "a")),
    "REGISTRIES": (
        REGISTRIES,
        {
            "registry.local:5000": Exemption(plain_http=True, loopback=True),
            "[fd00::1]:5000": Exemption(skip_tls_verify=True),
            "10.0.0.1": Exemption(ca_file="/ca.pem"),
            "bare.local": Exemption(),
        },
    ),
    "DOCKER_CONFIG": ("/config.json", "/config.json"),
    "PULL_SECRETS": ("false", False),
    "EXTRA_KINDS": (
        KINDS,
        (ROLLOUT, SERVICE),
    ),
    "EXTRA_CONTROLLERS": (
        "system:serviceaccount:argo:rollouts, bob",
        ("system:serviceaccount:argo:rollouts", "bob"),
    ),
    "PLATFORMS": (
        "linux/amd64,linux/arm/v7",
        (Platform("linux", "amd64"), Platform("linux", "arm", "v7")),
    ),
    "TAG_SECONDS": ("60", 60.0),
    "FAILURE_SECONDS": ("2.5", 2.5),
    "STALE_SECONDS": ("0", 0.0),
    "CLAIMS": ("off", False),
    "WHOLE_LAYER_BYTES": ("100Mi", 100 * 2**20),
    "HTTP_PORT": ("1", 1),
    "WEBHOOK_PORT": ("65535", 65_535),
    "WEBHOOK_ADDRESS": ("::", "::"),
    "WEBHOOK_SECONDS": ("1e1", 10.0),
    "WEBHOOK_CONCURRENCY": ("1000000", 1_000_000),
    "DRAIN_SECONDS": (" 5 ", 5.0),
    "TLS_CERTIFICATE": ("/c", "/c"),
    "TLS_KEY": ("/k", "/k"),
    "WEBHOOK_SERVICE": ("s", "s"),
    "WEBHOOK_SECRET": ("t", "t"),
    "WEBHOOK_CONFIGURATION": ("w", "w"),
    "OWN_CERTIFICATES": ("No", False),
    "JUDGE_SECONDS": ("7", 7.0),
    "WORKERS": ("1", 1),
    "KUBELET_ACCOUNT": ("kubelets", "kubelets"),
    "KUBELET_SKIP_TLS_VERIFY": ("0", False),
    "NODE_SECONDS": ("0", 0.0),
    "LOG_FORMAT": ("text", "text"),
}

COUNT = "is no whole number from 1 to 1000000"
PORT = "is no port from 1 to 65535"
QUANTITY = "is no quantity: write bytes as Kubernetes does, as in 300Mi or 2G."
BUILT_IN = (
    "has the name of a built-in kind, and kinds are told apart by name: leave it out, since Pods "
    "are judged whoever makes them"
)
SECONDS = "is no number of seconds, as in 2.5"

WRONG = [
    ("NAMESPACE", " ", "it must not be empty"),
    ("DOCKER_CONFIG", "", "it must not be empty"),
    ("PLATFORMS", "", "it must not be empty"),
    ("PLATFORMS", "linux", "'linux' is no platform: write os/architecture[/variant], as in "),
    ("CLAIMS", "maybe", "'maybe' is neither true nor false"),
    ("PULL_SECRETS", "", "'' is neither true nor false"),
    ("TAG_SECONDS", "5m", f"'5m' {SECONDS}"),
    ("TAG_SECONDS", "0.9", "'0.9' is less than a second, and registries would be asked all the"),
    ("TAG_SECONDS", "-1", f"'-1' {SECONDS}"),
    ("TAG_SECONDS", "nan", f"'nan' {SECONDS}"),
    ("TAG_SECONDS", "inf", f"'inf' {SECONDS}"),
    ("TAG_SECONDS", "1e9", f"'1e9' {SECONDS}"),
    ("WHOLE_LAYER_BYTES", "", f"'' {QUANTITY}"),
    ("WHOLE_LAYER_BYTES", "8MiB", f"'8MiB' {QUANTITY}"),
    ("WHOLE_LAYER_BYTES", "-1", "'-1' must be more than zero."),
    ("WHOLE_LAYER_BYTES", "64.001Gi", "'64.001Gi' is more than 64Gi, the most that is read whole"),
    ("WORKERS", "0", f"'0' {COUNT}"),
    ("WORKERS", "2.5", f"'2.5' {COUNT}"),
    ("WORKERS", "-2", f"'-2' {COUNT}"),
    ("WORKERS", "\u0661", f"'\u0661' {COUNT}"),
    ("WORKERS", "1000001", f"'1000001' {COUNT}"),
    ("WORKERS", "10000000", f"'10000000' {COUNT}"),
    ("HTTP_PORT", "http", f"'http' {PORT}"),
    ("HTTP_PORT", "0", f"'0' {PORT}"),
    ("HTTP_PORT", "65536", f"'65536' {PORT}"),
    ("HTTP_PORT", "000009999999", f"'000009999999' {PORT}"),
    ("LOG_FORMAT", "xml", "it must be json or text"),
    ("REGISTRIES", "http://r.io=plain-http", "'http://r.io' is no registry: write HOST[:PORT]="),
    (
        "REGISTRIES",
        "=plain-http",
        "'' is no registry: write HOST[:PORT]=plain-http, or ",
    ),
    ("REGISTRIES", "r.io=plain", "'plain' of registry r.io is unknown: it is one of plain-http, "),
    ("REGISTRIES", "r.io=ca-file:", "'ca-file:' of registry r.io is unknown: it is one of "),
    ("EXTRA_KINDS", "Rollout", "'Rollout' is no kind: write it as in argoproj.io/v1alpha1/"),
    ("EXTRA_KINDS", "a.b/v1/cs=C:", "'a.b/v1/cs=C:' is no kind: write it as in argoproj.io/"),
    (
        "EXTRA_KINDS",
        "batch.volcano.sh/v1alpha1/jobs=Job:spec.template",
        f"'batch.volcano.sh/v1alpha1/jobs=Job:spec.template' {BUILT_IN}",
    ),
    ("EXTRA_KINDS", "apps/v1/sets=DaemonSet:x", f"'apps/v1/sets=DaemonSet:x' {BUILT_IN}"),
    (
        "EXTRA_KINDS",
        "a.b/v1/cs=C:spec c.d/v1/cs=C:spec",
        "'c.d/v1/cs=C:spec' names C once more, and kinds are told apart by name: leave all but ",
    ),
    ("CLAIMS", "\x1b[2Jno", "'\\\\x1b[2Jno' is neither true nor false"),
]

LINKS = {
    "SLIMGATE_PORT": "tcp://10.96.0.1:443",
    "SLIMGATE_SERVICE_HOST": "10.96.0.1",
    "SLIMGATE_SERVICE_PORT": "443",
    "SLIMGATE_SERVICE_PORT_HTTPS": "443",
    "SLIMGATE_PORT_443_TCP": "tcp://10.96.0.1:443",
    "SLIMGATE_PORT_443_TCP_PROTO": "tcp",
    "SLIMGATE_PORT_443_TCP_PORT": "443",
    "SLIMGATE_PORT_443_TCP_ADDR": "10.96.0.1",
    "SLIMGATE_WEBHOOK_PORT": "tcp://10.96.0.1:443",
    "SLIMGATE_WEBHOOK_SERVICE_HOST": "10.96.0.1",
    "SLIMGATE_WEBHOOK_SERVICE_PORT": "443",
    "SLIMGATE_WEBHOOK_PORT_132_SCTP": "sctp://10.96.0.1:132",
}


def test_nothing_need_be_set() -> None:
    """The defaults are those of the fields, and other programs' variables are not ours."""
    assert read({"PATH": "/bin", "SLIMGATE": "x", "slimgate_workers": "x"}) == Settings()


def test_every_setting_has_a_variable() -> None:
    """The table of this test has them all."""
    fields = {field.name.upper() for field in dataclasses.fields(Settings)}

    assert VALUES.keys() == fields


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    """Each variable sets its own field and no other."""
    text, expected = VALUES[name]

    settings = read({f"SLIMGATE_{name}": text})

    assert getattr(settings, name.lower()) == expected
    others = {field.name for field in dataclasses.fields(Settings)} - {name.lower()}
    assert all(getattr(settings, one) == getattr(Settings(), one) for one in others)
    assert settings != Settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("0Mi", 0), ("8388608", 8 * 2**20), ("1e6", 10**6), ("64Gi", 64 * 2**30)],
)
def test_layer_bytes(text: str, expected: int) -> None:
    """Quantities are those of policies, and none at all is one."""
    assert read({"SLIMGATE_WHOLE_LAYER_BYTES": text}).whole_layer_bytes == expected


@pytest.mark.parametrize(("name", "text", "expected"), WRONG)
def test_wrong_values(name: str, text: str, expected: str) -> None:
    """The sentence names the variable, the value, and what it should be."""
    with pytest.raises(SettingsError) as caught:
        read({f"SLIMGATE_{name}": text})

    assert str(caught.value).startswith(f"SLIMGATE_{name}: {expected}")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("name", ["WORKER", "HTPP_PORT", "", "MODE_PORT"])
def test_unknown_variables(name: str) -> None:
    """A name that is mistyped is told, not passed over."""
    with pytest.raises(SettingsError) as caught:
        read({f"SLIMGATE_{name}": "8080"})

    assert str(caught.value) == (f"SLIMGATE_{name} is no setting of slimgate: see docs/settings.md")


@pytest.mark.parametrize("name", LINKS)
def test_service_links(name: str) -> None:
    """What Kubernetes sets for a Service named slimgate or slimgate-webhook sets nothing here."""
    assert read({name: LINKS[name]}) == Settings()


def test_the_labs_variables() -> None:
    """They are another program's."""
    assert read({"SLIMGATE_LAB_DIR": "/tmp/lab"}) == Settings()  # noqa: S108 - never opened
