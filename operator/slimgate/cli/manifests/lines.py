"""The lines on which a manifest names its images."""

from collections.abc import Iterator, Mapping
from typing import Final

from slimgate.cli.manifests.placed import line_of
from slimgate.core.images.reference import is_template
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.text import nearest
from slimgate.core.workloads.kinds import TemplatePaths
from slimgate.core.workloads.workload import ImageUse, Workload

_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
_ALIKE: Final = (*_CONTAINERS, "imagePullPolicy", "imagePullSecrets")
"""Fields of their own that look like others."""


def image_lines(
    manifest: JsonObject, workload: Workload, template_paths: TemplatePaths
) -> Mapping[ImageUse, int]:
    """Find the line of each image of the workload that was read from the manifest."""
    places = list(_places(_pod_spec(manifest, workload, template_paths)))
    # Both walks take the same fields in the same order; if they ever did not, no line is better
    # than a wrong one.
    if [text for text, _ in places] != [use.reference for use in workload.images]:
        return {}
    pairs = zip(workload.images, places, strict=True)
    return {use: line for use, (_, line) in reversed(list(pairs)) if line is not None}


def odd_image(
    manifest: JsonObject, workload: Workload, template_paths: TemplatePaths
) -> tuple[object, int] | None:
    """Find an image that is no text, or that a template was to write, and its line.

    Without quotes {{…}} is YAML for a mapping, with quotes it is a text like any other.
    """
    spec = _pod_spec(manifest, workload, template_paths)
    for key in _CONTAINERS:
        for container in objects_at(spec, key):
            image = container.get("image", "")
            if not isinstance(image, str) or is_template(image):
                return image, line_of(container, "image") or 0
    for volume in objects_at(spec, "volumes"):
        source = mapping_at(volume, "image")
        image = source.get("reference", "")
        if not isinstance(image, str) or is_template(image):
            return image, line_of(source, "reference") or 0
    return None


def misspelt(
    manifest: JsonObject, workload: Workload, template_paths: TemplatePaths
) -> tuple[str, str, int] | None:
    """Find a key that is written for one on the way to the images: it, what was meant, its line.

    With it there would be nothing to judge, and the API server refuses it or drops it.
    """
    value = manifest
    for step in (*template_paths.get(workload.group_kind, ()), "spec", "containers"):
        if step not in value:
            return _written_for(step, value)
        inner = value[step]
        if not isinstance(inner, Mapping):
            break
        value = inner
    spec = _pod_spec(manifest, workload, template_paths)
    containers = [one for key in _CONTAINERS for one in objects_at(spec, key)]
    found = (_written_for("image", one) for one in containers if "image" not in one)
    return next((one for one in found if one is not None), None)


def _written_for(step: str, value: JsonObject) -> tuple[str, str, int] | None:
    odd = [key for key in value if key not in _ALIKE and nearest(key, [step])]
    return (odd[0], step, line_of(value, odd[0]) or 0) if odd else None


def lacks_image(manifest: JsonObject, workload: Workload, template_paths: TemplatePaths) -> bool:
    """Whether any container names no image: a part of one does not, and a key may be misspelt."""
    spec = _pod_spec(manifest, workload, template_paths)
    return any(
        not container.get("image") for key in _CONTAINERS for container in objects_at(spec, key)
    )


def odd_list(
    manifest: JsonObject, workload: Workload, template_paths: TemplatePaths
) -> tuple[str, int] | None:
    """Find containers that are no list of objects, by their key and line; None if all are."""
    spec = _pod_spec(manifest, workload, template_paths)
    for key in _CONTAINERS:
        value = spec.get(key) or []
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            return key, line_of(spec, key) or 0
    return None


def field_line(manifest: JsonObject, path: str) -> int | None:
    """Find the line of a field, as in spec.known[2].tier, or of the last step that is there."""
    value: object = manifest
    line = None
    for step in path.replace("[", ".[").split("."):
        if step.startswith("["):
            value = _entry(value, step.strip("[]"))
        elif isinstance(value, Mapping) and step in value:
            line, value = line_of(value, step) or line, value[step]
        else:
            break
    return line


def _pod_spec(
    manifest: JsonObject, workload: Workload, template_paths: TemplatePaths
) -> JsonObject:
    template = manifest
    for step in template_paths.get(workload.group_kind, ()):
        template = mapping_at(template, step)
    return mapping_at(template, "spec")


def _places(spec: JsonObject) -> Iterator[tuple[str, int | None]]:
    for key in _CONTAINERS:
        for container in objects_at(spec, key):
            if image := text_at(container, "image"):
                yield image, line_of(container, "image")
    for volume in objects_at(spec, "volumes"):
        image_source = mapping_at(volume, "image")
        if image := text_at(image_source, "reference"):
            yield image, line_of(image_source, "reference")


def _entry(value: object, index: str) -> object:
    if isinstance(value, list) and index.isdecimal() and int(index) < len(value):
        return value[int(index)]
    return None
