"""The one table of settings: key of the file, variable, field, kind of value, and what it is for.

The reader, the JSON Schema and `slimgate config show` follow it; docs/configuration.md is compared
with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.wording.annotations import Annotate
from slimgate.settings import structures, values
from slimgate.settings.model import MAX_SERIES, CertificateSource, LogFormat
from slimgate.settings.objects import Field
from slimgate.settings.values import Value

PREFIX: Final = "SLIMGATE_"
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NOT_ALL_THE_TIME: Final = ", since registries would be asked all the time"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKey(Field):
    """A setting; `field` is the one of `Settings` that it sets."""

    field: str

    @property
    def has_variable(self) -> bool:
        """Whether a variable can set it."""
        return self.value.parse is not None


def _key(field: str, value: Value, text: str) -> SettingKey:
    return SettingKey(field=field, value=value, text=text)


KEYS: Final[Mapping[str, SettingKey]] = {
    "registries": _key(
        "registries",
        structures.registries(),
        "Registries that are exempt from a rule. Being listed permits a private address.",
    ),
    "dockerConfig": _key(
        "docker_config",
        values.text(what="the path of a docker config.json"),
        "A docker config.json whose credentials are used for every namespace, after a workload's "
        "own.",
    ),
    "credentialProviderConfig": _key(
        "credential_provider_config",
        values.text(what="the path of a CredentialProviderConfig"),
        "The kubelet's CredentialProviderConfig, whose programs give the logins of a cloud's "
        "registries, after a workload's own.",
    ),
    "credentialProviderBinDir": _key(
        "credential_provider_bin_dir",
        values.text(what="the path of a folder"),
        "The folder of those programs.",
    ),
    "httpsProxy": _key(
        "https_proxy",
        values.proxy(),
        "The proxy by which registries are called over HTTPS, as in http://proxy.internal:3128.",
    ),
    "noProxy": _key(
        "no_proxy",
        values.text(what="a list as in NO_PROXY"),
        "Whom to call without it: host names, suffixes, addresses and networks, with commas.",
    ),
    "pullSecrets": _key(
        "pull_secrets", values.flag(), "Read the pull secrets of workloads, as the kubelet does."
    ),
    "lookUpClaimedBases": _key(
        "claims",
        values.flag(),
        "Look up the base images that images claim, so that false claims are found.",
    ),
    "wholeLayerSize": _key(
        "whole_layer_bytes",
        values.size(),
        "Layers up to this size as stored are downloaded whole where their unpacked size is "
        "wanted, so that it is Measured. From 0 to 64Gi.",
    ),
    "measuredLayerSize": _key(
        "measured_layer_bytes",
        values.size(),
        "The same for layers that a verdict on the unpacked size hinges on, and in the "
        "controller's spare time for those that one rests on. 0 switches both off.",
    ),
    "namespace": _key("namespace", values.label(), "slimgate's own namespace, never judged."),
    "excludedNamespaces": _key(
        "excluded_namespaces",
        structures.namespaces(),
        "Other namespaces that are never judged, whatever policies say.",
    ),
    "extraKinds": _key(
        "extra_kinds",
        structures.extra_kinds(),
        "Kinds with a pod template that are judged besides the built-in ones.",
    ),
    "extraControllers": _key(
        "extra_controllers",
        structures.users(),
        "Users that create the ReplicaSets and Pods of such kinds.",
    ),
    "platforms": _key(
        "platforms",
        structures.platforms(),
        "The platforms that images are judged for while no node is known.",
    ),
    "tagRefreshInterval": _key(
        "tag_seconds",
        values.duration(1.0, _NOT_ALL_THE_TIME),
        "How often a tag in use is looked up again. 1s or more.",
    ),
    "retryInterval": _key(
        "failure_seconds",
        values.duration(),
        "How long after a failure an image is looked up again, and how long a registry that does "
        "not answer is left alone. 0 for at once.",
    ),
    "maxStaleness": _key(
        "stale_seconds",
        values.duration(),
        "How long the last answer is used while a registry is down.",
    ),
    "maxAdmissionWait": _key(
        "admission_wait_seconds",
        values.duration(),
        "How long an admission waits for images that are not known yet; what is not known by then "
        "is unknown, and is looked up further. 0 for not at all.",
    ),
    "tenantLabel": _key(
        "tenant_label",
        values.label_key(),
        "The label of namespaces that says whose they are, and that tenants can't change: reviews "
        "of all namespaces with the same value have one share of what there is for all.",
    ),
    "docsURL": _key(
        "docs_url",
        values.page(),
        "The page that denials lead to, if not slimgate's own. Links add # and a section's name.",
    ),
    "annotations": _key(
        "annotations",
        values.choice(Annotate),
        "Which workloads get annotations with their verdict: those that are over policy or "
        "unknown, all that a policy applies to, or none.",
    ),
    "imageProfiles": _key(
        "image_profiles", values.flag(), "Keep what is known of images in ImageProfiles."
    ),
    "refusedImages": _key(
        "refused_images",
        values.flag(),
        "Keep in RefusedImageSets which images enforced policies refuse, for the API server to "
        "refuse them by itself.",
    ),
    "defaultPolicyFile": _key(
        "default_policy_file",
        values.text(what="the path of a SlimPolicy"),
        "A file with the SlimPolicy that the controller creates when it starts in a cluster that "
        "has none.",
    ),
    "nodeRefreshInterval": _key(
        "node_seconds",
        values.duration(),
        "How often the images on nodes are looked at. 0 switches node metrics off.",
    ),
    "kubeletSkipTLSVerify": _key(
        "kubelet_skip_tls_verify",
        values.flag(),
        "Accept any certificate from kubelets; few have one that the cluster's CA signed.",
    ),
    "kubeletThresholds": _key(
        "kubelet_thresholds",
        values.flag(),
        "Read at which thresholds each kubelet removes images and ends pods. That takes the right "
        "to nodes/configz, which kubelets know from Kubernetes 1.33 on; without, their defaults "
        "are assumed.",
    ),
    **{
        f"metric{what.capitalize()}": _key(
            f"metric_{what}",
            values.number(0, MAX_SERIES),
            f"How many {what} have metrics of what they take on nodes, the largest; all others are "
            "counted together. From 0, for no such metrics, to 1000.",
        )
        for what in ("namespaces", "workloads", "images")
    },
    "name": _key(
        "name",
        values.label(40),
        "What slimgate's own objects are called: the ValidatingWebhookConfiguration NAME, the "
        "Service NAME-webhook, the Secrets NAME-webhook-tls and NAME-memory, the Lease "
        "NAME-controller, and the ServiceAccount NAME-kubelet.",
    ),
    "podName": _key(
        "pod_name",
        values.label(253),
        "The pod that slimgate runs in: the Secrets and the Lease that it writes are deleted with "
        "the pod's Deployment.",
    ),
    "leaderElection": _key(
        "leader_election",
        structures.leader_election(),
        "How several controllers agree on the one that works, by the Lease NAME-controller.",
    ),
    "certificates": _key(
        "certificates",
        values.choice(CertificateSource),
        "Who makes the webhook's certificate: slimgate, which renews it and sets the caBundle; "
        "cert-manager, which does both; or you, in its Secret, whose ca.crt slimgate copies into "
        "the caBundle.",
    ),
    "tlsSecret": _key(
        "tls_secret",
        values.text("[a-z0-9]([-a-z0-9.]*[a-z0-9])?", "the name of a Secret", max_length=253),
        "The Secret with the webhook's certificate; NAME-webhook-tls if not set.",
    ),
    "tlsDirectory": _key(
        "tls_directory",
        values.text(what="the path of a folder"),
        "Where the webhook finds tls.crt and tls.key, which are read again when they change.",
    ),
    "clientCAFile": _key(
        "client_ca_file",
        values.text(what="the path of a PEM file"),
        "The CA of the API server's client certificate: with it, nobody else has admissions "
        "reviewed. Needs `clientNames`.",
    ),
    "clientNames": _key(
        "client_names",
        structures.names_of_clients(),
        "The common names or DNS names of that certificate, of which it must have one.",
    ),
    "address": _key("address", values.address(), "The address that both roles listen on."),
    "webhookPort": _key("webhook_port", values.port(), "The webhook's port, with TLS."),
    "httpPort": _key(
        "http_port", values.port(), "The port of /livez, /readyz and /metrics, without TLS."
    ),
    "drainDuration": _key(
        "drain_seconds", values.duration(), "How long the webhook goes on serving after SIGTERM."
    ),
    "logFormat": _key(
        "log_format", values.choice(LogFormat), "JSON for programs, Text for people."
    ),
}


def variable(key: str) -> str:
    """Name the variable of a key: `tlsDirectory` is SLIMGATE_TLS_DIRECTORY."""
    return PREFIX + "_".join(_WORD.findall(key)).upper()
