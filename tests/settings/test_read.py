"""Where settings come from: defaults, then the file, then variables; every mistake is a line."""

import json
from collections.abc import Callable

import pytest

from slimgate.core.election import Timing
from slimgate.core.errors import SettingsError
from slimgate.core.images.facts import Platform
from slimgate.core.wording.annotations import Annotate
from slimgate.core.workloads.kinds import Kind
from slimgate.settings import CertificateSource, Exemption, File, LogFormat, Settings, read
from slimgate.settings.keys import KEYS, variable
from slimgate.settings.schema import as_file

HEAD = "apiVersion: config.slimgate.dev/v1alpha1\nkind: Configuration\n"
REGISTRIES = [
    {"host": "Registry.local:5000", "plainHTTP": True, "allowLoopback": True},
    {"host": "[fd00::1]:05000", "skipTLSVerify": True, "plainHTTP": False},
    {"host": "10.0.0.1", "caFile": "/ca.pem"},
    {"host": "bare.local."},
]
KINDS = [
    {
        "apiGroup": "argoproj.io",
        "version": "v1alpha1",
        "plural": "rollouts",
        "kind": "Rollout",
        "templatePath": "spec.template",
    }
]
ROLLOUT = Kind(
    group="argoproj.io",
    version="v1alpha1",
    plural="rollouts",
    kind="Rollout",
    template=("spec", "template"),
)

FILE_ONLY: dict[str, tuple[object, object]] = {
    "registries": (
        REGISTRIES,
        {
            "registry.local:5000": Exemption(plain_http=True, loopback=True),
            "[fd00::1]:5000": Exemption(skip_tls_verify=True),
            "10.0.0.1": Exemption(ca_file="/ca.pem"),
            "bare.local": Exemption(),
        },
    ),
    "extraKinds": (KINDS, (ROLLOUT,)),
    "extraControllers": (
        ["system:serviceaccount:argo:rollouts", "bob"],
        ("system:serviceaccount:argo:rollouts", "bob"),
    ),
    "leaderElection": (
        {"leaseDuration": "30s", "renewDeadline": "20s", "retryPeriod": "4s"},
        Timing(lease=30.0, renew=20.0, retry=4.0),
    ),
    "excludedNamespaces": (["kube-system", "a"], ("kube-system", "a")),
    "clientNames": (["kube-apiserver"], ("kube-apiserver",)),
    "platforms": (
        ["linux/amd64", "linux/arm/v7"],
        (Platform("linux", "amd64"), Platform("linux", "arm", "v7")),
    ),
}
SINGLE: dict[str, tuple[object, object]] = {
    "dockerConfig": ("/config.json", "/config.json"),
    "credentialProviderConfig": ("/p.yaml", "/p.yaml"),
    "credentialProviderBinDir": ("/bin/p", "/bin/p"),
    "httpsProxy": ("http://me:pw@proxy:3128", "http://me:pw@proxy:3128"),
    "noProxy": (".internal,10.0.0.0/8", ".internal,10.0.0.0/8"),
    "pullSecrets": (False, False),
    "lookUpClaimedBases": (False, False),
    "wholeLayerSize": ("100Mi", 100 * 2**20),
    "measuredLayerSize": ("200Mi", 200 * 2**20),
    "namespace": ("ops", "ops"),
    "tagRefreshInterval": ("1m", 60.0),
    "retryInterval": ("2.5s", 2.5),
    "maxStaleness": (0, 0.0),
    "maxAdmissionWait": ("500ms", 0.5),
    "tenantLabel": ("example.com/tenant", "example.com/tenant"),
    "docsURL": ("https://wiki.example.com/slim?id=1", "https://wiki.example.com/slim?id=1"),
    "annotations": ("None", Annotate.NONE),
    "imageProfiles": (False, False),
    "refusedImages": (True, True),
    "defaultPolicyFile": ("/policy.yaml", "/policy.yaml"),
    "nodeRefreshInterval": ("0s", 0.0),
    "kubeletSkipTLSVerify": (False, False),
    "kubeletThresholds": (True, True),
    "metricNamespaces": (0, 0),
    "metricWorkloads": (1, 1),
    "metricImages": (1000, 1000),
    "name": ("gate", "gate"),
    "podName": ("gate-5c9", "gate-5c9"),
    "certificates": ("Secret", CertificateSource.SECRET),
    "tlsSecret": ("gate.tls", "gate.tls"),
    "tlsDirectory": ("/certificates", "/certificates"),
    "clientCAFile": ("/ca.crt", "/ca.crt"),
    "address": ("::", "::"),
    "webhookPort": (65535, 65_535),
    "httpPort": (1, 1),
    "drainDuration": ("1h", 3600.0),
    "logFormat": ("Text", LogFormat.TEXT),
}
VALUES = {**FILE_ONLY, **SINGLE}
TOGETHER = ("clientCAFile", "clientNames"), ("credentialProviderConfig", "credentialProviderBinDir")
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


def file(**keys: object) -> File:
    """Make a configuration file; JSON is YAML too."""
    return File(
        "c.yaml", (HEAD + "".join(f"{k}: {json.dumps(v)}\n" for k, v in keys.items())).encode()
    )


def changed(settings: Settings) -> dict[str, object]:
    """Return what is not as by default."""
    fields = [key.field for key in KEYS.values()]
    return {
        name: getattr(settings, name)
        for name in fields
        if getattr(settings, name) != getattr(Settings(), name)
    }


def needed(name: str) -> set[str]:
    """Name the keys without which this one means nothing."""
    return {one for both in TOGETHER if name in both for one in both} - {name}


def faults(environment: dict[str, str], found: File | None = None) -> list[str]:
    """Read what can't be used, and return the lines about it."""
    with pytest.raises(SettingsError) as caught:
        read(environment, found)
    return str(caught.value).splitlines()


def test_nothing_need_be_set() -> None:
    """The defaults are those of the fields, and other programs' variables are not ours."""
    environment = {"PATH": "/bin", "SLIMGATE": "x", "slimgate_name": "x", "SLIMGATE_CONFIG": "/c"}

    assert read(environment) == Settings()
    assert read({}, file()) == Settings()


def test_every_key_is_tried() -> None:
    """The tables of this test have all keys, and know which have a variable."""
    assert VALUES.keys() == KEYS.keys()
    assert {name for name, key in KEYS.items() if key.has_variable} == SINGLE.keys()


@pytest.mark.parametrize("spelling", [str.upper, str.lower])
def test_variables_of_other_programs(spelling: Callable[[str], str]) -> None:
    """The proxy is known as to others, unless a setting of ours says otherwise."""
    environment = {spelling("HTTPS_PROXY"): "proxy:3128", spelling("NO_PROXY"): "*.internal"}

    given = {"https_proxy": "proxy:3128", "no_proxy": "*.internal"}
    assert changed(read(environment)) == given
    ours = {"https_proxy": "http://ours:1"}
    assert changed(read(environment, file(httpsProxy="http://ours:1"))) == {**given, **ours}
    (said,) = faults({spelling("HTTPS_PROXY"): "socks5://me:pw@a:1"})
    assert said.startswith("HTTPS_PROXY: must be the URL of an HTTP proxy")


def test_a_proxys_password_is_not_shown() -> None:
    """Neither in what is in effect nor in what settings look like."""
    found = read({"HTTPS_PROXY": "http://me:secret@proxy:3128"})

    assert as_file(found)["httpsProxy"] == "http://***@proxy:3128"
    assert "me:secret" not in repr(found)


@pytest.mark.parametrize("name", VALUES)
def test_the_file(name: str) -> None:
    """Each key of the file sets its own field and no other."""
    raw, expected = VALUES[name]
    more = needed(name)
    given = {one: VALUES[one][0] for one in more}

    assert changed(read({}, file(**{name: raw, **given}))) == {
        KEYS[name].field: expected,
        **{KEYS[one].field: VALUES[one][1] for one in more},
    }


@pytest.mark.parametrize("name", SINGLE)
def test_variables(name: str) -> None:
    """Each variable sets its own field and no other, and wins over the file."""
    raw, expected = SINGLE[name]
    text = str(raw).lower() if isinstance(raw, bool) else f" {raw} "
    environment = {variable(name): text}
    default = {one: getattr(Settings(), key.field) for one, key in KEYS.items()}

    more = {one: VALUES[one] for one in needed(name)}
    around = file(**{one: raw for one, (raw, _) in more.items()})
    also = {KEYS[one].field: found for one, (_, found) in more.items()}
    assert changed(read(environment, around)) == {KEYS[name].field: expected, **also}
    if default[name] is not None:
        other = file(**{name: KEYS[name].value.write(default[name])})
        assert changed(read(environment, other)) == {KEYS[name].field: expected}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("name", "SLIMGATE_NAME"),
        ("httpPort", "SLIMGATE_HTTP_PORT"),
        ("tlsDirectory", "SLIMGATE_TLS_DIRECTORY"),
        ("kubeletSkipTLSVerify", "SLIMGATE_KUBELET_SKIP_TLS_VERIFY"),
        ("lookUpClaimedBases", "SLIMGATE_LOOK_UP_CLAIMED_BASES"),
    ],
)
def test_names_of_variables(key: str, expected: str) -> None:
    """A variable is called as its key is."""
    assert variable(key) == expected


def test_every_mistake_is_found() -> None:
    """All of the file's and all of the variables' are there, each on its line."""
    wrong = file(httpPort=0, htpPort=1, registries=[{"host": "r.io", "plainHttp": True}, {}])

    assert faults({"SLIMGATE_LOG_FORMAT": "json", "SLIMGATE_NAME": "X"}, wrong) == [
        "c.yaml: httpPort: must be a port from 1 to 65535, not 0",
        "c.yaml: htpPort: is unknown; did you mean httpPort?",
        "c.yaml: registries[0].plainHttp: is unknown; did you mean plainHTTP?",
        "c.yaml: registries[1].host: is required",
        "SLIMGATE_LOG_FORMAT: must be JSON or Text; did you mean JSON?",
        "SLIMGATE_NAME: must be a name in lower case, as in team-a, not 'X'",
    ]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"clientCAFile": "/ca"}, ["clientCAFile: needs clientNames, too, since "]),
        ({"clientNames": ["a"]}, ["clientNames: needs clientCAFile, too, since "]),
        (
            {"credentialProviderBinDir": "/bin"},
            ["credentialProviderBinDir: needs credentialProviderConfig, too, since "],
        ),
        ({"httpPort": 9443}, ["httpPort: must not be webhookPort, too, which is 9443"]),
        (
            {"name": "gate", "tlsSecret": "gate-memory", "webhookPort": 8080},
            [
                "httpPort: must not be webhookPort, too, which is 8080",
                "tlsSecret: gate-memory is where slimgate keeps answers: name another",
            ],
        ),
    ],
    ids=str,
)
def test_what_cannot_be_together(keys: dict[str, object], expected: list[str]) -> None:
    """Every reader of settings hears of it, whichever of the two is in the file."""
    found = faults({}, file(**keys))

    assert [line[: len(one)] for line, one in zip(found, expected, strict=True)] == expected
    assert len(faults({"SLIMGATE_HTTP_PORT": "9443"})) == 1


def test_many_mistakes() -> None:
    """No more than ten are shown, and that there are more is said."""
    lines = faults({}, file(**{f"qqq{i}": 1 for i in range(500)}))

    assert len(lines) == 11
    assert lines[0] == "c.yaml: qqq0: is unknown; the keys are in `slimgate config schema`"
    assert lines[-1] == "and 490 more"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HTPP_PORT", "is unknown; did you mean SLIMGATE_HTTP_PORT?"),
        ("WORKERS", "is unknown; see docs/configuration.md"),
        ("", "is unknown; see docs/configuration.md"),
        ("MODE_PORT", "is unknown; see docs/configuration.md"),
        ("REGISTRIES", "is not a variable: set registries in the configuration file"),
        ("EXTRA_KINDS", "is not a variable: set extraKinds in the configuration file"),
    ],
)
def test_unknown_variables(name: str, expected: str) -> None:
    """What is mistyped, or belongs into the file, is not passed over."""
    assert faults({f"SLIMGATE_{name}": "8080"}) == [f"SLIMGATE_{name}: {expected}"]


@pytest.mark.parametrize("name", LINKS)
def test_service_links(name: str) -> None:
    """What Kubernetes sets for a Service named slimgate or slimgate-webhook sets nothing here."""
    assert read({name: LINKS[name]}) == Settings()


def test_the_labs_variables() -> None:
    """They are another program's."""
    assert read({"SLIMGATE_LAB_DIR": "/tmp/lab"}) == Settings()  # noqa: S108 - never opened


UNNAMED = [
    "c.yaml: apiVersion: is required: write config.slimgate.dev/v1alpha1",
    "c.yaml: kind: is required: write Configuration",
]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", UNNAMED),
        (b"# nothing\n", UNNAMED),
        (
            b"apiVersion: v1\nkind: Config\n",
            [
                "c.yaml: apiVersion: must be config.slimgate.dev/v1alpha1, not 'v1'",
                "c.yaml: kind: must be Configuration, not 'Config'",
            ],
        ),
        (b"\xff", ["c.yaml: is not UTF-8: invalid start byte at byte 0"]),
        (b"#" * 65_537, ["c.yaml: is larger than 64 KiB, the most that is read"]),
    ],
    ids=["empty", "comment", "other", "bytes", "large"],
)
def test_what_is_not_a_configuration(content: bytes, expected: list[str]) -> None:
    """The sentence says what the file is not."""
    assert faults({}, File("c.yaml", content)) == expected


def test_hostile_texts() -> None:
    """Nothing acts on the terminal that shows the mistake."""
    content = (HEAD + 'httpPort: "\\e[2J\\n"\n"\\e[2J": 1\n').encode()

    for line in faults({"SLIMGATE_PULL_SECRETS": "\x1b[2Jno"}, File("\x1b.yaml", content)):
        assert line.isprintable()


def test_names_of_objects() -> None:
    """What belongs to an installation is called after it."""
    settings = read({"SLIMGATE_NAME": "gate", "SLIMGATE_TLS_DIRECTORY": "/c"})

    assert (settings.webhook_configuration, settings.webhook_service) == ("gate", "gate-webhook")
    assert (settings.webhook_secret, settings.memory_secret) == ("gate-webhook-tls", "gate-memory")
    assert settings.kubelet_account == "gate-kubelet"
    assert (settings.tls_certificate, settings.tls_key) == ("/c/tls.crt", "/c/tls.key")
