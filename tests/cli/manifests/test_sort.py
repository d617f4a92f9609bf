"""Documents by what they are, and workloads with the lines of their images."""

import re

import pytest

from slimgate.cli.manifests.errors import InputError
from slimgate.cli.manifests.other_kinds import other_kinds_note
from slimgate.cli.manifests.read import read_documents
from slimgate.cli.manifests.sort import MAX_IMAGES, Sorted, skipped, sort
from slimgate.core.workloads.kinds import TEMPLATE_PATHS, TemplatePaths
from slimgate.core.workloads.workload import ImageUse, Role

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: all
spec:
  initContainers:
    - image: init:1
      name: i
  containers:
    - name: c
      image: >-
        web:1
    - {name: d, image: web:1}
    - name: without
  ephemeralContainers: [{name: e, image: debug:1}]
  volumes:
    - name: v
      image:
        reference: data:1
"""
SHARED = """\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
    - &c
      name: a
      image: x:1
    - <<: *c
      name: b
"""
TEMPLATE = "{template: {spec: {containers: [{image: a:1}]}}}"
REPLICA_SET = """\
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1}
spec: {template: {spec: {containers: [{name: c, image: a:1}]}}}
"""


def _sort(text: str, paths: TemplatePaths = TEMPLATE_PATHS, namespace: str = "default") -> Sorted:
    return sort(read_documents(text, "f.yaml"), namespace=namespace, template_paths=paths)


def _names(found: Sorted) -> list[str]:
    return [str(placed.workload) for placed in found.workloads]


def test_lines() -> None:
    """Each image has the line where it is written, whatever uses it."""
    (placed,) = _sort(POD).workloads

    assert placed.lines == {
        ImageUse(role=Role.INIT, name="i", reference="init:1"): 7,
        ImageUse(role=Role.CONTAINER, name="c", reference="web:1"): 11,
        ImageUse(role=Role.CONTAINER, name="d", reference="web:1"): 13,
        ImageUse(role=Role.EPHEMERAL, name="e", reference="debug:1"): 15,
        ImageUse(role=Role.VOLUME, name="v", reference="data:1"): 19,
    }
    assert placed.line == 1
    assert placed.line_of(None) == 1


def test_lines_through_aliases() -> None:
    """What stands once and is used twice has the one line, for both."""
    (placed,) = _sort(SHARED).workloads

    assert [placed.line_of(use) for use in placed.workload.images] == [8, 8]


@pytest.mark.parametrize(
    ("api", "kind", "spec", "expected"),
    [
        ("apps/v1", "Deployment", TEMPLATE, 1),
        (
            "batch/v1",
            "CronJob",
            "{jobTemplate: {spec: {template: {spec: {containers: [{image: a:1}]}}}}}",
            1,
        ),
        ("x/v1", "Rollout", TEMPLATE, 1),
        ("v1", "Service", "{}", 0),
        ("batch.volcano.sh/v1alpha1", "Job", TEMPLATE, 0),
        ("apps/v1", "Deployment", "{}", 0),
    ],
)
def test_kinds(api: str, kind: str, spec: str, expected: int) -> None:
    """Kinds with a pod template are workloads, those that settings name too."""
    paths = {**TEMPLATE_PATHS, ("x", "Rollout"): ("spec", "template")}
    found = _sort(f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: w}}\nspec: {spec}", paths)

    assert [use.reference for w in found.workloads for use in w.workload.images] == [
        "a:1"
    ] * expected
    assert found.strange == []


def test_namespaces() -> None:
    """What names no namespace goes where the user says."""
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p%s}\n"

    assert _names(_sort(text % "", namespace="team")) == ["pod team/p"]
    assert _names(_sort(text % ", namespace: own", namespace="team")) == ["pod own/p"]


def test_lists() -> None:
    """Lists, those of one kind, and lists in lists give their items, each with its line."""
    text = """\
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: PodList
    items:
      - metadata: {name: a}
        spec: {containers: [{image: x:1}]}
  - apiVersion: v1
    kind: Pod
    metadata: {name: b}
  - not an object
---
apiVersion: v1
kind: List
items: []
"""
    found = _sort(text)

    assert _names(found) == ["pod default/a", "pod default/b"]
    assert [placed.line for placed in found.workloads] == [7, 9]
    assert [
        placed.line_of(use) for placed in found.workloads for use in placed.workload.images
    ] == [8]


def test_endless_lists() -> None:
    """Lists in lists in lists end somewhere."""
    with pytest.raises(InputError, match="nested too deeply"):
        _sort('{"kind": "List", "items": [' * 6 + "]}" * 6)


def test_others() -> None:
    """What is slimgate's and labels of namespaces are kept apart; what is strange is named."""
    text = """\
apiVersion: slimgate.dev/v1alpha1
kind: SlimPolicy
metadata: {name: a}
---
apiVersion: slimgate.dev/v2
kind: SlimException
metadata: {name: a}
---
apiVersion: other.dev/v1
kind: SlimPolicy
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
replicas: 3
---
text
---
apiVersion: slimgate.dev/v1alpha1
kind: BaseImage
metadata: {name: a}
"""
    found = _sort(text)

    assert [document.line for document in found.policies] == [1]
    assert [document.line for document in found.exceptions] == [5]
    assert [document.line for document in found.base_images] == [20]
    assert found.labels == {"shop": {"team": "a"}}
    assert [document.line for document in found.strange] == [16, 18]
    assert skipped(found.strange) == "skipped documents that are not Kubernetes objects, in f.yaml"
    assert skipped([]) is None


def test_many_strange_files() -> None:
    """Five files are named, the others counted."""
    documents = [one for i in range(7) for one in read_documents("a: 1", f"{i}.yaml")]
    sentence = skipped(documents)

    assert sentence == (
        "skipped documents that are not Kubernetes objects, in 0.yaml, 1.yaml, "
        "2.yaml, 3.yaml, 4.yaml and 2 more"
    )


def test_copies_are_judged_once() -> None:
    """A copy of another workload's template is left out; what has an image of its own is not."""
    text = """\
apiVersion: v1
kind: Pod
metadata:
  name: NAME
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, controller: true}]
spec: {containers: [{name: c, image: IMAGE}]}
---
"""
    copy, other = text.replace("NAME", "copy"), text.replace("NAME", "other")
    both = copy.replace("IMAGE", "a:1") + other.replace("IMAGE", "b:1")

    assert _names(_sort(both + REPLICA_SET)) == ["pod default/other", "replicaset default/web-1"]
    assert _names(_sort(both)) == ["pod default/copy", "pod default/other"]


ODD_IMAGES = (
    "{{ .Values.image }}",
    "'{{ .Values.image }}:{{ .Values.tag }}'",
    "$" + "{IMAGE}",
    "$(IMAGE):1",
    "<image>",
    "'%IMAGE%'",
    "[a]",
)
TEMPLATES = (
    "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template: {{ include x }}",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {}\nspec: {{- toYaml .Values.spec }}",
    "a: 1\nb: 2\nc:\n  - {{ .Values.c }}",
    "a: 1\nkind: Pod\napiVersion: v1\nmetadata: {name: '{{ .Release.Name }}'}",
    "apiVersion: apps/v1\na: 1\nb: 2\nkind: '{{ .Values.kind }}'",
)
MISSPELT = (
    (
        "slimgate.dev/v1alpha1\nkind: SlimPolcy",
        "2: slimgate.dev has no kind 'SlimPolcy': did you mean SlimPolicy",
    ),
    ("slimgate.dev/v1alpha1\nkind: slimexception", "2: .* did you mean SlimException?"),
    ("slimgate.dev/v1alpha1\nkind: Pod", "2: .* there are SlimPolicy, SlimException, Base"),
    ("slimgate.io/v1alpha1\nkind: SlimPolicy", "1: .* SlimPolicy is slimgate.dev/v1alpha1"),
    ("''\nkind: BaseImage", "1: .* BaseImage is slimgate.dev/v1alpha1: write it"),
    ("slimgate.dev/v1alpha1\nKind: SlimPolicy", "2: its kind is .*; 'Kind' is written kind"),
    ("slimgate.dev/v1alpha1", "1: its kind is missing: write one of SlimPolicy, "),
    ("apps/v1\nkind: deployment", "2: apps has no kind 'deployment': did you mean Deployment"),
    ("apps/v1\nkind: StatfulSets", "2: apps has no kind .* did you mean StatefulSet"),
    ("v1\nkind: pod", "2: v1 has no kind 'pod': did you mean Pod"),
    ("extensions/v1beta1\nkind: Deployment", "2: the apiVersion of a Deployment is apps/v1"),
    ("''\nkind: Pod", "2: the apiVersion of a Pod is v1"),
    ("''\nkind: CronJob", "2: the apiVersion of a CronJob is batch/v1"),
)
_POD = "{spec: {containers: [{name: a, image: 'r.io/a:1'}]}}"
HEADS = (
    ("kind: 5", r'\d: kind must be text: write it in quotes, as in "5"'),
    ("kind: Pod\nmetadata: {name: 5}", r"\d: metadata.name must be text: write it in quotes, as"),
    ("kind: Pod\nmetadata: {namespace: true}", r"\d: metadata.namespace must be text: write it in"),
    ("kind: Pod\nmetadata: {name: [a]}", r"\d: metadata.name must be text, not a list"),
    ("kind: Pod\nmetadata: {generateName: {}}", r"\d: metadata.generateName must be text, not an"),
    ("kind: Pod\nmetadata: [a]", r"\d: metadata must be an object"),
    ("kind: Pod\nmetadata: a", r"\d: metadata must be an object"),
    ("kind: Pod\nmetadata: {name: a, labels: a}", r"\d: metadata.labels must be an object"),
    ("kind: Pod\nmetadata: {labels: {a: 1.5}}", r"\d: metadata.labels.a must be text: write it in"),
    ("kind: Pod\nmetadata: {annotations: {a: true}}", r"\d: metadata.annotations.a must be text: "),
    ("kind: Namespace\nmetadata: {name: 5}", r"\d: metadata.name must be text"),
    ("kind: Namespace\nmetadata: {}", r"\d: metadata.name is missing: give the object a name"),
    ("kind: Pod\nspec: [a]", r"\d: spec must be an object"),
    ("kind: Pod\nspec: {volumes: a}", r"\d: spec.volumes must be a list"),
    ("kind: Pod\nspec: {imagePullSecrets: {}, volumes: {a: b}}", r"\d: spec.volumes must be a li"),
    ("kind: Pod\nspec: {serviceAccountName: 5}", r"\d: spec.serviceAccountName must be text"),
    ("kind: Pod\nspec: {volumes: [{image: {reference: 5}}]}", r"\d: an image is a text: write it "),
    ("kind: Pod\nmetadata: {}", r"\d: metadata.name is missing: give the object a name, or a gen"),
    ("kind: Pod\nspec: {}", r"\d: metadata.name is missing: give the object a name, or a gener"),
    (
        "kind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{image: 5}]\n",
        r'5: an image is a text: write it in quotes, as in image: "5"',
    ),
    ("kind: List\nitems: x\n", "3: the items of a List must be a list"),
)
FAULTS = [
    # An image that is not a text, or is a template's, is never passed over.
    *(
        (
            f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: {image}",
            "5: (this is not an image: if )?it is a template",
        )
        for image in ODD_IMAGES
    ),
    # What a template was to write is a fault, wherever it stands.
    *((text, "4: it is a template: render it first") for text in TEMPLATES),
    # A kind that there is not, of slimgate's or of Kubernetes, is no other kind's.
    *((f"apiVersion: {head}\nspec: {{template: {_POD}}}", said) for head, said in MISSPELT),
    # What the API server would refuse is refused on its line.
    *((f"apiVersion: v1\n{head}", said) for head, said in HEADS),
    # Nor is what should lead to the images passed over, which would be none.
    *(
        (f"apiVersion: apps/v1\nkind: Deployment\nspec: {spec}", f"3: {at}\\S* must be an object")
        for spec, at in (("{template: [1]}", "spec.template"), ("{template: {spec: a}}", "spec.te"))
    ),
    *(
        (
            f"apiVersion: v1\nkind: Pod\nspec:\n  containers: {containers}\n",
            "4: containers must be a list of containers: ",
        )
        for containers in ("{name: c, image: 'a:1'}", "a:1", "[a:1]", "[[]]")
    ),
]


@pytest.mark.parametrize(("text", "expected"), FAULTS, ids=range(len(FAULTS)))
def test_faults(text: str, expected: str) -> None:
    """Whatever would be judged otherwise than it is meant, or not at all, is named by its line."""
    with pytest.raises(InputError) as caught:
        _sort(text)

    assert re.match(f"f.yaml:{expected}", str(caught.value))


def test_heads_of_kinds_that_nobody_judges() -> None:
    """They are left to the API server."""
    assert _sort("apiVersion: v1\nkind: Secret\nmetadata: {labels: {a: 1}}").workloads == []


@pytest.mark.parametrize(
    ("kind", "rest", "expected"),
    [
        ("argoproj.io/v1alpha1/Rollout", f"spec: {{template: {_POD}}}", True),
        ("batch.volcano.sh/v1alpha1/Job", f"spec: {{tasks: [{{template: {_POD}}}]}}", True),
        ("kubeflow.org/v1/TFJob", f"spec: {{specs: {{Chief: {{template: {_POD}}}}}}}", True),
        ("monitoring.coreos.com/v1/Prometheus", "spec: {image: 'quay.io/prom:1'}", True),
        ("argoproj.io/v1alpha1/Workflow", "spec: {templates: [{container: {image: a}}]}", True),
        ("v1/PodTemplate", f"template: {_POD}", True),
        ("v1/Service", "spec: {ports: [{name: a}]}", False),
        ("v1/ConfigMap", "data: {image: 'r.io/a:1'}", False),
        ("e.com/v1/Page", "spec: {image: 'https://e.com/logo.png'}", False),
        ("e.com/v1/Page", "spec: {containers: 3, image: [a], b: {image: {name: a}}}", False),
    ],
)
def test_kinds_that_are_not_judged(kind: str, rest: str, *, expected: bool) -> None:
    """What seems to have containers is named; of all else there is nothing to say."""
    api_version, _, name = kind.rpartition("/")
    found = _sort(f"apiVersion: {api_version}\nkind: {name}\nmetadata: {{name: x}}\n{rest}")

    named = [(one.api_version, one.kind, one.name, one.line) for one in found.others]
    assert named == ([(api_version, name, "x", 1)] if expected else [])
    assert (other_kinds_note(found.others) is not None) is expected
    assert found.workloads == []


@pytest.mark.parametrize(
    ("api", "kind", "spec", "meant"),
    [
        ("apps/v1", "Deployment", "tempalte: {spec: {}}", "template"),
        ("apps/v1", "Deployment", "template: {spce: {}}", "spec"),
        ("v1", "Pod", "contianers: [{image: a:1}]", "containers"),
        ("batch/v1", "CronJob", "jobtemplate: {}", "jobTemplate"),
        ("v1", "Pod", "containers: [{name: c, imgae: a:1}]", "image"),
    ],
)
def test_misspelt_ways_to_images(api: str, kind: str, spec: str, meant: str) -> None:
    """A key that stands where the way to the images goes on is named, with its line."""
    text = f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: w}}\nspec:\n  {spec}\n"

    with pytest.raises(InputError) as caught:
        _sort(text)

    assert re.fullmatch(
        rf"f.yaml:5: '\w+' is not a field here. Did you mean {meant}\?", str(caught.value)
    )


@pytest.mark.parametrize(
    "spec",
    [
        "initContainers: [{name: i, image: a:1}]",
        "containers: [{name: c, imagePullPolicy: Always}]",
        "nodeName: n",
    ],
)
def test_parts_of_pods(spec: str) -> None:
    """What merely leaves something out is no mistake: it may be a patch."""
    assert _names(_sort(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: w}}\nspec: {{{spec}}}\n"))


def test_too_many_images() -> None:
    """An alias may stand for far more containers than it takes to write; that ends soon."""
    containers = ", ".join(["{image: a:1}"] * 1_000)
    pod = "- &p\n  apiVersion: v1\n  kind: Pod\n  metadata: {name: p}\n"
    pod += f"  spec: {{containers: [{containers}]}}\n"
    text = f"apiVersion: v1\nkind: List\nitems:\n{pod}" + "- *p\n" * (MAX_IMAGES // 1_000)

    with pytest.raises(InputError, match="more than 100,000 containers up to here"):
        _sort(text)
