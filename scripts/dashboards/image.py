"""One image: what it is, how its repository grows, where it runs, and what it takes to pull."""

from typing import Final

from scripts.dashboards.model import CLUSTER, Dashboard, Row, Variable, lines, stat, table
from scripts.dashboards.who import each, to_page, uses, whole

_ITS: Final = f'{CLUSTER}, image=~"$image"'
# While controllers change, two of them may know different bases of an image.
_INFO: Final = (
    "topk by (cluster, image) (1, "
    + each("slimgate_image_info", "image", "repository", "base", "tier", where=_ITS)
    + ")"
)
_OVER: Final = "slimgate_image_over_limits_bytes"


def _told(expr: str) -> str:
    """Put beside a figure what the image is, so that all columns are of the same rows."""
    return f"{expr} * on (cluster, image) group_left (repository, base, tier) {_INFO}"


def _size(form: str) -> str:
    return each("slimgate_image_size_bytes", "image", where=f'{_ITS}, form="{form}"')


def _of_repository(expr: str) -> str:
    """Read a figure of all that is in the repository of the image, and not of it alone."""
    mine = each("slimgate_image_info", "repository", where=_ITS)
    return f"{expr} and on (cluster, repository) {mine}"


def _siblings(form: str) -> str:
    where = f'{CLUSTER}, form="{form}"'
    return _of_repository(each("slimgate_image_size_bytes", "repository", "image", where=where))


IMAGE: Final = Dashboard(
    uid="slimgate-image",
    title="slimgate / Image",
    about="What an image is based on, how its repository grows over its tags, where it runs, and "
    "what it takes to pull.",
    variables=(
        Variable(
            name="image",
            label="Image",
            query=f"label_values(slimgate_image_info{{{CLUSTER}}}, image)",
            about="The images to show; those that are too small for a series are not there.",
        ),
    ),
    rows=(
        Row(
            title="Now",
            panels=(
                stat(
                    "On all nodes",
                    whole("slimgate_image_bytes", "image", "state", where=_ITS),
                    "The fair share of the bytes of all nodes: what several images hold is divided "
                    "among them.",
                    unit="bytes",
                ),
                stat(
                    "Unused",
                    whole("slimgate_image_bytes", "image", where=f'{_ITS}, state="unused"'),
                    "The part of it on nodes where no pod uses the image.",
                    unit="bytes",
                ),
                stat(
                    "Its own bytes",
                    whole("slimgate_image_exclusive_bytes", "image", where=_ITS),
                    "What removing the image everywhere would free. No data: too little for a "
                    "series.",
                    unit="bytes",
                ),
                stat(
                    "Would be won at limits",
                    whole(_OVER, "image", where=_ITS),
                    "What would be won on all nodes if the image were at its limits. No data: it "
                    "is not known to be over one, or it is too little for a series.",
                    unit="bytes",
                ),
                stat(
                    "Held by nodes",
                    f"max({each('slimgate_image_nodes', 'image', where=_ITS)})",
                    "Nodes that hold the image; of several images that of the most.",
                ),
                stat(
                    "Containers",
                    whole("slimgate_image_containers", "image", where=_ITS),
                    "Containers that run the image, on all nodes.",
                ),
            ),
        ),
        Row(
            title="What it is",
            panels=(
                table(
                    "Images and their bases",
                    "What each image is based on, its sizes as policies limit them, and how often "
                    "it is there.",
                    (
                        ("cluster", "Cluster"),
                        ("image", "Image"),
                        ("repository", "Repository"),
                        ("base", "Base"),
                        ("tier", "Tier"),
                        ("A", "Pull size"),
                        ("B", "Unpacked size"),
                        ("C", "On nodes"),
                        ("D", "In containers"),
                    ),
                    f"sort_desc({_told(_size('compressed'))})",
                    _told(_size("unpacked")),
                    _told(each("slimgate_image_nodes", "image", where=_ITS)),
                    _told(each("slimgate_image_containers", "image", where=_ITS)),
                    unit="bytes",
                    units=(("On nodes", "short"), ("In containers", "short")),
                    width=24,
                ),
            ),
        ),
        Row(
            title="Growth",
            panels=(
                lines(
                    "Unpacked size by tag",
                    "All images of the repository that are large enough for a series: those of "
                    "newer tags begin later.",
                    (_siblings("unpacked"), "{{image}}"),
                    unit="bytes",
                    width=8,
                ),
                lines(
                    "Largest in use",
                    "Sizes of the largest image of the repository that a pod uses: what came with "
                    "the last releases.",
                    (
                        _of_repository(
                            each("slimgate_repository_size_bytes", "repository", "form")
                        ),
                        "{{repository}} {{form}}",
                    ),
                    unit="bytes",
                    width=8,
                ),
                lines(
                    "Repository on all nodes",
                    "Fair shares of the bytes of all nodes, of all images of the repository "
                    "together, used or not.",
                    (
                        _of_repository(each("slimgate_repository_image_bytes", "repository")),
                        "{{repository}}",
                    ),
                    unit="bytes",
                    width=8,
                    stacked=True,
                ),
            ),
        ),
        Row(
            title="Where it runs",
            panels=(
                uses("Workloads that use it", _ITS, width=14),
                table(
                    "Nodes that hold it",
                    "The image's fair share of the bytes on each node; ten nodes an image have "
                    "rows. A click on a node leads to it.",
                    (
                        ("cluster", "Cluster"),
                        ("node", "Node"),
                        ("image", "Image"),
                        ("A", "Share"),
                    ),
                    f"sort_desc({each('slimgate_image_node_bytes', 'image', 'node', where=_ITS)})",
                    unit="bytes",
                    width=10,
                    links=(("Node", to_page("slimgate-node", "node")),),
                ),
            ),
        ),
        Row(
            title="Pulls",
            panels=(
                table(
                    "Pulls, last hour",
                    "How often nodes pulled the image, how long that took together, and how much "
                    "it was, as the kubelets' events say. Those that took longest have rows.",
                    (
                        ("cluster", "Cluster"),
                        ("image", "Image"),
                        ("A", "Time"),
                        ("B", "Pulls"),
                        ("C", "Pulled"),
                    ),
                    f"sort_desc({each('slimgate_image_pull_seconds', 'image', where=_ITS)})",
                    each("slimgate_image_pulls", "image", where=_ITS),
                    each("slimgate_image_pull_bytes", "image", where=_ITS),
                    unit="bytes",
                    units=(("Time", "s"), ("Pulls", "short")),
                    width=24,
                    nothing="none in the last hour, or too quick for a row",
                ),
            ),
        ),
    ),
)
