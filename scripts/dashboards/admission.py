"""How admission answers, and the registries that it depends on."""

from typing import Final

from scripts.dashboards.model import (
    CLUSTER,
    FAULTS,
    NOTHING,
    VERDICTS,
    Dashboard,
    Kind,
    Palette,
    Panel,
    Query,
    Row,
    Variable,
    a_minute,
    bars,
    certificate_end,
    counted,
    lines,
    rate_by,
    seen,
    stat,
)

_REGISTRY: Final = f'{CLUSTER}, registry=~"$registry"'
_UNJUDGED: Final = f'{CLUSTER}, outcome=~"late|overloaded|error"'
_BUCKETS: Final = f"slimgate_admission_duration_seconds_bucket{{{CLUSTER}}}[$__rate_interval]"


def _quantile(part: str, buckets: str, by: str = "le") -> str:
    return f"histogram_quantile({part}, sum by ({by}) (rate({buckets})))"


ADMISSION: Final = Dashboard(
    uid="slimgate-admission",
    title="slimgate / Admission and registries",
    about="How fast and how surely admission answers, what is unknown and why, and how registries "
    "behave.",
    variables=(
        Variable(
            name="registry",
            label="Registry",
            query=f"label_values(slimgate_registry_requests_total{{{CLUSTER}}}, registry)",
            about="The registries to show.",
        ),
    ),
    rows=(
        Row(
            title="Now",
            panels=(
                stat(
                    "Admissions",
                    f"sum(rate(slimgate_admissions_total{{{CLUSTER}}}[$__rate_interval]))",
                    "Admission reviews answered each second.",
                    unit="reqps",
                ),
                stat(
                    "Latency, p99",
                    _quantile("0.99", _BUCKETS),
                    "99 of 100 admissions are answered within this time.",
                    unit="s",
                    palette=Palette.SLOW,
                ),
                stat(
                    "Not judged in time, 24 h",
                    counted("slimgate_admissions_total", _UNJUDGED),
                    "Admissions that nobody judged in time: too late, too many at once, or an "
                    "error of slimgate. The policies' onUnknown decided on them.",
                    palette=Palette.BAD,
                ),
                stat(
                    "Invalid requests, 24 h",
                    counted("slimgate_webhook_invalid_requests_total"),
                    "Requests to the webhook that were not an admission review.",
                ),
                stat(
                    "Webhook pods",
                    f'count(slimgate_build_info{{{CLUSTER}, role="webhook"}}) or vector(0)',
                    "Webhook pods that are scraped. With none workloads are admitted without being "
                    "judged, or refused with failurePolicy Fail.",
                    palette=Palette.THERE,
                ),
                certificate_end(),
            ),
        ),
        Row(
            title="Admission",
            panels=(
                lines(
                    "Admissions by outcome",
                    "The verdict; or why none was needed (unchanged, owned, no_images, mirror, "
                    "operation); or why there is none (late, overloaded, error).",
                    (
                        rate_by("slimgate_admissions_total", "outcome"),
                        "{{outcome}}",
                    ),
                    unit="reqps",
                    stacked=True,
                    colors=(*VERDICTS, *FAULTS, ("owned", "blue"), ("unchanged", "light-blue")),
                ),
                Panel(
                    title="Latency",
                    about="How many admissions took how long.",
                    kind=Kind.HEATMAP,
                    unit="s",
                    queries=(Query(expr=f"sum by (le) (increase({_BUCKETS}))", legend="{{le}}"),),
                    width=12,
                ),
                lines(
                    "Latency quantiles",
                    "Of all webhook pods together.",
                    (_quantile("0.5", _BUCKETS), "p50"),
                    (_quantile("0.95", _BUCKETS), "p95"),
                    (_quantile("0.99", _BUCKETS), "p99"),
                    unit="s",
                    width=8,
                ),
                lines(
                    "Unknown at admission",
                    "What could not be judged, by the reason; onUnknown decided on it.",
                    (
                        a_minute(seen("slimgate_admission_unknown_findings_total", "reason")),
                        "{{reason}}",
                    ),
                    unit="opm",
                    width=8,
                    nothing=NOTHING,
                ),
                lines(
                    "Refused and warned, by policy",
                    "Admissions in which a policy found something, by what its mode made of that.",
                    (
                        a_minute(seen("slimgate_policy_admissions_total", "policy", "effect")),
                        "{{policy}} {{effect}}",
                    ),
                    unit="opm",
                    width=8,
                    nothing=NOTHING,
                ),
            ),
        ),
        Row(
            title="Registries",
            panels=(
                lines(
                    "Requests by outcome",
                    "Requests to registries and their token servers, by HTTP status or the reason "
                    "of a failure.",
                    (
                        seen(
                            "slimgate_registry_requests_total",
                            "registry",
                            "outcome",
                            where=_REGISTRY,
                        ),
                        "{{registry}} {{outcome}}",
                    ),
                    unit="reqps",
                ),
                lines(
                    "p95 of a request",
                    "From sending a request to having read its answer.",
                    (
                        _quantile(
                            "0.95",
                            "slimgate_registry_request_duration_seconds_bucket"
                            f"{{{_REGISTRY}}}[$__rate_interval]",
                            "le, registry",
                        ),
                        "{{registry}}",
                    ),
                    unit="s",
                ),
                lines(
                    "Requests not sent",
                    "The registry had asked for fewer requests, or had stopped answering and is "
                    "left alone for a while.",
                    (
                        a_minute(
                            seen(
                                "slimgate_registry_requests_skipped_total",
                                "registry",
                                "reason",
                                where=_REGISTRY,
                            )
                        ),
                        "{{registry}} {{reason}}",
                    ),
                    unit="opm",
                    width=6,
                    nothing=NOTHING,
                ),
                lines(
                    "Look-ups of images",
                    "By result: cached, fetched, stale (the registry is down and an old answer "
                    "was used) or failed.",
                    (
                        rate_by("slimgate_inspection_duration_seconds_count", "result"),
                        "{{result}}",
                    ),
                    unit="ops",
                    width=6,
                    colors=(
                        ("cached", "green"),
                        ("fetched", "blue"),
                        ("stale", "yellow"),
                        ("failed", "red"),
                    ),
                ),
                lines(
                    "Failed look-ups",
                    "By the reason of the failure.",
                    (
                        a_minute(seen("slimgate_inspection_failures_total", "reason")),
                        "{{reason}}",
                    ),
                    unit="opm",
                    width=6,
                    nothing=NOTHING,
                ),
                bars(
                    "Pulls left",
                    "What registries with a limit said last of how many pulls they still allow.",
                    "min by (registry) (slimgate_registry_rate_limit_remaining_pulls"
                    f"{{{_REGISTRY}}})",
                    "{{registry}}",
                    width=6,
                    nothing="no registry says",
                ),
            ),
        ),
    ),
)
