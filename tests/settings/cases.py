"""What is not taken: a key, its wrong value as the file holds it, and the sentence about it."""

from typing import Final

KIND: Final[dict[str, object]] = {
    "apiGroup": "a.b",
    "version": "v1",
    "plural": "cs",
    "kind": "C",
    "templatePath": "spec.template",
}
PORT: Final = "must be a port from 1 to 65535, not"
FLAG: Final = "must be true or false, not"
DURATION: Final = "must be a duration, as in 5m or 2.5s, not"
QUANTITY: Final = "is not a quantity: write bytes as Kubernetes does, as in 300Mi or 2G"
NAME: Final = "must be a name in lower case, as in team-a, not"
PAGE: Final = "must be the http or https URL of a page, without # and spaces"
HOST: Final = "must be a host and perhaps a port, as in registry.internal:5000, not"

WRONG: Final[list[tuple[str, object, str]]] = [
    ("namespace", "", f"{NAME} ''"),
    ("namespace", "a" * 64, "must have at most 63 characters, not 64"),
    ("namespace", "Team", f"{NAME} 'Team'"),
    ("namespace", None, f"{NAME} null"),
    ("name", "a" * 41, "must have at most 40 characters, not 41"),
    ("name", "-a", f"{NAME} '-a'"),
    ("dockerConfig", "", "must be the path of a docker config.json, not ''"),
    ("dockerConfig", "a\nb", "must be the path of a docker config.json, not 'a\\\\nb'"),
    ("httpsProxy", "socks5://me:pw@a", "must be the URL of an HTTP proxy, as in http://proxy"),
    ("docsURL", "", PAGE),
    ("docsURL", "wiki.example.com/slim", PAGE),
    ("docsURL", "ftp://wiki.example.com", PAGE),
    ("docsURL", "javascript:alert(1)", PAGE),
    ("docsURL", "https://wiki.example.com/slim#here", PAGE),
    ("docsURL", "https://wiki.example.com/a page", PAGE),
    ("docsURL", "https://wiki.example.com/a\nb", PAGE),
    ("docsURL", "https://me:secret@wiki.example.com/", PAGE),
    ("docsURL", "https://wiki.example.com/\u202egpj", PAGE),
    ("docsURL", "https:///slim", PAGE),
    ("docsURL", "https://.../slim", PAGE),
    ("docsURL", "https://wiki.example.com:65536/", PAGE),
    ("docsURL", "https://wiki.example.com:0/", PAGE),
    ("docsURL", "https://wiki.example.com/(a)", PAGE),
    ("docsURL", "https://wiki.example.com/" + "a" * 176, PAGE),
    ("docsURL", 1, PAGE),
    ("noProxy", "", "must be a list as in NO_PROXY, not ''"),
    ("tlsDirectory", "/" * 4097, "must have at most 4096 characters, not 4097"),
    ("pullSecrets", "yes", f"{FLAG} 'yes'"),
    ("pullSecrets", 1, f"{FLAG} 1"),
    ("imageProfiles", None, f"{FLAG} null"),
    ("httpPort", "8080", f"{PORT} '8080'"),
    ("httpPort", 0, f"{PORT} 0"),
    ("httpPort", 65_536, f"{PORT} 65536"),
    ("httpPort", True, f"{PORT} true"),
    ("httpPort", 80.5, f"{PORT} 80.5"),
    ("httpPort", 10**4000, f"{PORT} such a large number"),
    ("webhookPort", [80], f"{PORT} a list"),
    ("metricImages", 1001, "must be a number from 0 to 1000, not 1001"),
    ("metricNamespaces", -1, "must be a number from 0 to 1000, not -1"),
    ("metricWorkloads", "20", "must be a number from 0 to 1000, not '20'"),
    ("address", "localhost", "must be an IP address, as in 0.0.0.0 or ::, not 'localhost'"),
    ("address", 1, "must be an IP address, as in 0.0.0.0 or ::, not 1"),
    ("retryInterval", 15, f"{DURATION} 15"),
    ("retryInterval", False, f"{DURATION} false"),
    ("retryInterval", "-1s", "'-1s' is not a duration: write "),
    ("retryInterval", "300000h", "must be shorter, not '300000h'"),
    ("tagRefreshInterval", "0", "must be 1s or more, since registries would be asked all the "),
    ("tagRefreshInterval", "999ms", "must be 1s or more, since registries would be asked all "),
    ("wholeLayerSize", "1MB", f"'1MB' {QUANTITY}"),
    ("wholeLayerSize", -1, "'-1' must be more than zero"),
    ("wholeLayerSize", 1.5, "must be a quantity, as in 8Mi, not 1.5"),
    ("wholeLayerSize", True, "must be a quantity, as in 8Mi, not true"),
    ("wholeLayerSize", "65Gi", "must be 64Gi or less, since no larger layer is read whole"),
    ("wholeLayerSize", 10**4000, "must be 64Gi or less, since no larger layer is read whole"),
    ("annotations", "overPolicy", "must be OverPolicy, All or None; did you mean OverPolicy?"),
    ("annotations", "Everything", "must be OverPolicy, All or None"),
    ("annotations", True, "must be OverPolicy, All or None"),
    ("logFormat", "XML", "must be JSON or Text"),
    (
        "certificates",
        "cert-manager",
        "must be Own, CertManager or Secret; did you mean CertManager?",
    ),
    ("tlsSecret", "-a", "must be the name of a Secret, not '-a'"),
    ("podName", "a.b", f"{NAME} 'a.b'"),
    ("registries", None, "must be a list, not null"),
    ("registries", {"host": "r.io"}, "must be a list, not an object"),
    ("registries", ["r.io"], "must be an object with the keys host, plainHTTP, allowLoopback, "),
    ("registries", [{}], "is required"),
    ("registries", [{"host": "http://r.io"}], f"{HOST} 'http://r.io'"),
    ("registries", [{"host": "r.io/path"}], f"{HOST} 'r.io/path'"),
    ("registries", [{"host": "r.io:0"}], "must have a port from 1 to 65535, not 0"),
    ("registries", [{"host": "r.io:65536"}], "must have a port from 1 to 65535, not 65536"),
    (
        "registries",
        [{"host": "r.io", "plain-http": True}],
        "is unknown; did you mean plainHTTP?",
    ),
    (
        "registries",
        [{"host": "r.io", "xyzzy": True}],
        "is unknown; the keys are host, plainHTTP, allowLoopback, skipTLSVerify, caFile",
    ),
    (
        "registries",
        [{"host": "r.io", "plainHTTP": True, "caFile": "/ca.pem"}],
        "sets plainHTTP and caFile, but plain HTTP has no certificates",
    ),
    (
        "registries",
        [{"host": "r.io", "plainHTTP": True, "skipTLSVerify": True}],
        "sets plainHTTP and skipTLSVerify, but plain HTTP has no certificates",
    ),
    (
        "registries",
        [{"host": "r.io", "skipTLSVerify": True, "caFile": "/ca.pem"}],
        "sets skipTLSVerify and caFile: one trusts everybody, the other does not",
    ),
    (
        "registries",
        [{"host": "r.io"}, {"host": "R.io"}],
        "repeats registries[0]: leave one of them out",
    ),
    (
        "registries",
        [{"host": f"r{i}.io"} for i in range(257)],
        "must have at most 256 entries, not 257",
    ),
    ("extraKinds", [{}], "is required"),
    (
        "extraKinds",
        [KIND, {**KIND, "plural": "others"}],
        "repeats extraKinds[0]: leave one of them out",
    ),
    ("extraKinds", [{**KIND, "apiGroup": "core"}], "must be an API group, as in argoproj.io, not"),
    ("extraKinds", [{**KIND, "templatePath": "spec..x"}], "must be a path, as in spec.template, "),
    ("extraControllers", ["a b"], "must be a user's name, without spaces, not 'a b'"),
    ("extraControllers", ["a"] * 2, "repeats extraControllers[0]: leave one of them out"),
    ("excludedNamespaces", ["team-*"], f"{NAME} 'team-*'"),
    ("platforms", [], "must have at least one entry, as in linux/amd64"),
    (
        "platforms",
        ["linux"],
        "must be os/architecture[/variant], as in linux/arm64, not 'linux'",
    ),
    ("platforms", ["linux/amd64/"], "must be os/architecture[/variant], as in linux/arm64, not"),
    ("platforms", ["linux/am$d"], "must be os/architecture[/variant], as in linux/arm64, not"),
    ("platforms", ["linux/armhf/v7"], "'linux/armhf/v7' is not a platform: write "),
    (
        "platforms",
        ["linux/amd64/v2/x"],
        "must be os/architecture[/variant], as in linux/arm64, not",
    ),
]
"""Those that a JSON Schema can refuse as well."""

BEYOND_SCHEMAS: Final = [
    "must have a port from",
    "repeats ",
    "must be shorter",
    "must be 64Gi or less",
    "must be 1s or more",
]
"""What such faults begin with that only the reader finds."""
