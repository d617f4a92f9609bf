"""What images take on each node's disk, and how far that is from being cleaned up or evicted."""

from typing import Final

from scripts.dashboards.model import (
    CLUSTER,
    SHARES,
    Dashboard,
    Palette,
    Row,
    Variable,
    lines,
    stat,
    table,
)
from scripts.dashboards.who import each, namespaces, to_page, whole, workloads

_NODE: Final = f'{CLUSTER}, node=~"$node"'
_BY: Final = "by (cluster, node)"


def _disk(part: str) -> str:
    """Read a figure of the kubelet's; while controllers change, two of them tell it."""
    return f"max {_BY} (slimgate_node_imagefs_{part}_bytes{{{_NODE}}})"


def _images(*where: str) -> str:
    return f"sum {_BY} (slimgate_node_image_bytes{{{', '.join((_NODE, *where))}}})"


_UNUSED: Final = _images('share="unused"')
_ON: Final = "on (cluster, node)"
_FULL: Final = f"1 - {_disk('available')} / {_disk('capacity')}"
_NEEDED: Final = f"1 - ({_disk('available')} + {_ON} {_UNUSED}) / {_ON} {_disk('capacity')}"
_MEASURED: Final = f"{_disk('used')} + {_ON} " + _images('form="compressed"')

NODE: Final = Dashboard(
    uid="slimgate-node",
    title="slimgate / Node",
    about="What images take on each node's disk, and how far that is from the thresholds at which "
    "the kubelet removes images or evicts pods.",
    variables=(
        Variable(
            name="node",
            label="Node",
            query=f"label_values(slimgate_node_images{{{CLUSTER}}}, node)",
            about="The nodes to show.",
        ),
    ),
    rows=(
        Row(
            title="Now",
            panels=(
                stat(
                    "Images on disk",
                    f"sum(slimgate_node_image_bytes{{{_NODE}}})",
                    "Compressed and unpacked layers, each once, as modelled.",
                    unit="bytes",
                ),
                stat(
                    "Unused on disk",
                    f'sum(slimgate_node_image_bytes{{{_NODE}, share="unused"}})',
                    "What removing the images that no pod uses would free.",
                    unit="bytes",
                ),
                stat(
                    "Fullest node",
                    f"max({_FULL})",
                    "The used part of the file system that images are on. Unless it is set "
                    "otherwise, the kubelet removes unused images from 85 % and evicts pods from "
                    "85 % or 90 %; slimgate_node_imagefs_threshold_ratio has what counts.",
                    unit="percentunit",
                    palette=Palette.FULL,
                ),
                stat(
                    "Fullest without unused",
                    f"max({_NEEDED})",
                    "The same once unused images are gone: if this is high, removing images does "
                    "not help.",
                    unit="percentunit",
                    palette=Palette.FULL,
                ),
                stat(
                    "Images without facts",
                    f"sum(slimgate_node_images_without_facts{{{_NODE}}})",
                    "Images on nodes of which slimgate knows nothing; they count as no bytes, so "
                    "that the other figures are too low.",
                    palette=Palette.BAD,
                ),
                stat(
                    "Nodes with a cut list",
                    f"sum(slimgate_node_image_list_truncated{{{_NODE}}})",
                    "Nodes whose kubelet lists only 50 images (nodeStatusMaxImages), so that "
                    "small unused ones are missing.",
                ),
            ),
        ),
        Row(
            title="Nodes",
            panels=(
                table(
                    "Nodes",
                    "What images take on each node, what of it is unused, how full its disk is, "
                    "and what may come until the kubelet removes images: by its own threshold "
                    "where that was read, else from 85 %. At zero it does so already.",
                    (
                        ("cluster", "Cluster"),
                        ("node", "Node"),
                        ("A", "Images"),
                        ("B", "Unused"),
                        ("C", "Measured"),
                        ("D", "Available"),
                        ("E", "Capacity"),
                        ("F", "Until removal"),
                        ("G", "Full"),
                        ("H", "Full without unused"),
                        ("I", "Images without facts"),
                    ),
                    _images(),
                    _UNUSED,
                    _MEASURED,
                    _disk("available"),
                    _disk("capacity"),
                    _disk("until_collection"),
                    _FULL,
                    _NEEDED,
                    f"max {_BY} (slimgate_node_images_without_facts{{{_NODE}}})",
                    unit="bytes",
                    units=(
                        ("Full", "percentunit"),
                        ("Full without unused", "percentunit"),
                        ("Images without facts", "short"),
                    ),
                    width=24,
                ),
            ),
        ),
        Row(
            title="Who",
            panels=(
                namespaces("Namespaces on all nodes"),
                workloads("Workloads on all nodes"),
                table(
                    "Images on the node",
                    "Fair shares of the bytes of each node, of the images that take most on all "
                    "nodes together. A click on an image leads to it, and to who runs it.",
                    (
                        ("cluster", "Cluster"),
                        ("node", "Node"),
                        ("image", "Image"),
                        ("A", "Share"),
                    ),
                    "sort_desc("
                    + each("slimgate_image_node_bytes", "node", "image", where=_NODE)
                    + ")",
                    unit="bytes",
                    width=24,
                    links=(("Image", to_page("slimgate-image", "image")),),
                ),
            ),
        ),
        Row(
            title="Bytes",
            panels=(
                lines(
                    "What is on the disk",
                    "Images, what containers write, their logs and emptyDirs. What no kubelet "
                    "tells is missing.",
                    (
                        whole("slimgate_node_disk_bytes", "node", "part", by="part", where=_NODE),
                        "{{part}}",
                    ),
                    unit="bytes",
                    width=24,
                    stacked=True,
                ),
                lines(
                    "Image bytes by who holds them",
                    "Exclusive: one image in use. Shared: several images, at least one in use. "
                    "Unused: only images of no pod.",
                    (f"sum by (share) (slimgate_node_image_bytes{{{_NODE}}})", "{{share}}"),
                    unit="bytes",
                    stacked=True,
                    colors=SHARES,
                ),
                lines(
                    "Image bytes by form",
                    "containerd keeps layers as they were pulled beside the unpacked ones; CRI-O "
                    "and Docker keep only the latter.",
                    (f"sum by (form) (slimgate_node_image_bytes{{{_NODE}}})", "{{form}}"),
                    unit="bytes",
                    stacked=True,
                ),
                lines(
                    "Modelled and measured",
                    "The model beside what the kubelet measured. They differ by what containers "
                    "write and by whole blocks of small files; a growing gap means facts are "
                    "missing.",
                    (_images(), "{{node}} modelled"),
                    (_MEASURED, "{{node}} measured"),
                    unit="bytes",
                ),
                lines(
                    "How full",
                    "The used part of each node's image file system, and the same without unused "
                    "images.",
                    (_FULL, "{{node}}"),
                    (_NEEDED, "{{node}} without unused"),
                    unit="percentunit",
                    palette=Palette.FULL,
                ),
            ),
        ),
        Row(
            title="Images",
            panels=(
                lines(
                    "Images",
                    "Images on the nodes, by whether a pod there uses them.",
                    (f"sum by (state) (slimgate_node_images{{{_NODE}}})", "{{state}}"),
                    stacked=True,
                    colors=(("used", "green"), ("unused", "orange")),
                ),
                lines(
                    "What is missing",
                    "Images of which nothing is known, and layers of unknown size: while there "
                    "are any, bytes are lower bounds.",
                    (
                        f"sum by (node) (slimgate_node_images_without_facts{{{_NODE}}})",
                        "{{node}} images",
                    ),
                    (
                        f"sum by (node) (slimgate_node_layers_without_size{{{_NODE}}})",
                        "{{node}} layers",
                    ),
                ),
            ),
        ),
    ),
)
