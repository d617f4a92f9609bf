"""What an image's config and layers show, prepared for the rules that infer a base."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from slimgate.core.base.budget import Budget
from slimgate.core.base.history import Step, steps_of
from slimgate.core.base.shell import Command, commands
from slimgate.core.base.sizes import LayerSize, sum_of
from slimgate.core.images.facts import LayerContents
from slimgate.core.images.oci import ImageConfig
from slimgate.core.images.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """What one rule infers; a field is None where the rule's evidence does not carry it."""

    name: str | None = None
    family: str | None = None
    tier: Tier | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The RUN of a layer, or all of them as one, its commands and what is known of its size."""

    step: Step
    size: LayerSize
    commands: tuple[Command, ...]
    parts: tuple["Run", ...] = ()
    """Those that it was put together of, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """An image's config, its history as instructions, and what is known of its layers.

    `contents` and `sizes` have one entry a layer, base first.
    """

    config: ImageConfig
    steps: tuple[Step, ...]
    env: Mapping[str, str]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    sizes: tuple[LayerSize, ...]
    contents: tuple[LayerContents | None, ...]
    runs: tuple[Run, ...] = ()
    unread: bool = False
    """Whether the RUNs do more than is read of them."""

    @property
    def root(self) -> int | None:
        """The index of the step that made the lowest layer."""
        return next((i for i, step in enumerate(self.steps) if step.layer), None)

    @property
    def root_step(self) -> Step:
        """The step that made the lowest layer; an empty step if the history names none."""
        return self.steps[self.root] if self.root is not None else Step()

    @property
    def root_size(self) -> LayerSize:
        """The lowest layer's size; unknown where a squash made one layer of many steps."""
        squashed = len(self.sizes) == 1 < len(self.layer_steps)
        return self.sizes[0] if self.sizes and not squashed else LayerSize()

    @property
    def base_steps(self) -> tuple[Step, ...]:
        """The steps up to the second layer: the base's own, and perhaps some of the build's."""
        if self.root is None:
            return ()
        rest = self.steps[self.root + 1 :]
        after = next((i for i, step in enumerate(rest) if step.layer), len(rest))
        return self.steps[: self.root + 1 + after]

    @property
    def base_command(self) -> str:
        """The first CMD after the lowest layer, or after what else the base's own recipe did.

        That is a RUN of next to nothing, as of configuration; what comes later is a build's.
        """
        sizes = iter(self.sizes[1:])
        for step in self.steps[(self.root or 0) + 1 :]:
            if step.kind == "CMD":
                return step.text.replace(" ", "")
            size = next(sizes, LayerSize()) if step.layer else None
            if size is not None and not (step.kind == "RUN" and step.shell and size.tiny):
                return ""
        return ""

    @property
    def layer_steps(self) -> tuple[Step, ...]:
        """The steps that made layers."""
        return tuple(step for step in self.steps if step.layer)

    @property
    def below_shell(self) -> LayerSize:
        """The size of all that lies below the first step which a shell carried out."""
        first = next((i for i, step in enumerate(self.steps) if step.shell), 0)
        count = sum(step.layer for step in self.steps[:first])
        layers = self.sizes[:count] if len(self.sizes) == len(self.layer_steps) else ()
        return sum_of(layers)

    @property
    def hides_steps(self) -> bool:
        """Whether the history leaves out what made a layer that may hold a compiler."""
        steps = self.layer_steps or (Step(),) * len(self.sizes)
        sizes = self.sizes if len(self.sizes) == len(steps) else ()
        return any(
            step.is_silent and size.has_room_for_compiler
            for step, size in zip(steps[1:], sizes[1:], strict=False)
        )

    @property
    def layer_count(self) -> int:
        """How many layers the image has, by its config or else by its manifest."""
        return len(self.config.diff_ids) or len(self.sizes)

    @property
    def runs_shell(self) -> bool:
        """Whether any step was carried out by a shell, which must then have been there."""
        return any(step.shell for step in self.steps)


def traces_of(
    config: ImageConfig,
    *,
    annotations: Mapping[str, str] | None = None,
    layer_sizes: Sequence[int | None] = (),
    unpacked_sizes: Sequence[int | None] = (),
    contents: Sequence[LayerContents | None] = (),
) -> Traces:
    """Lay out an image's traces; sequences shorter than the image has layers are fine."""
    count = max(len(layer_sizes), len(unpacked_sizes))
    pulls = (*layer_sizes, *(None,) * (count - len(layer_sizes)))
    unpacked = (*unpacked_sizes, *(None,) * (count - len(unpacked_sizes)))
    sizes = tuple(
        LayerSize(pull=one, unpacked=two) for one, two in zip(pulls, unpacked, strict=True)
    )
    steps = steps_of(config.history)
    env = dict(entry.partition("=")[::2] for entry in config.env)
    budget = Budget()
    runs = tuple(_runs(steps, sizes, env, budget))
    return Traces(
        config=config,
        steps=steps,
        env=env,
        labels=config.labels,
        annotations=annotations or {},
        sizes=sizes,
        contents=tuple(contents),
        runs=runs,
        unread=budget.spent,
    )


def _runs(
    steps: Sequence[Step], sizes: Sequence[LayerSize], env: Mapping[str, str], budget: Budget
) -> Iterator[Run]:
    matches = len(sizes) == sum(step.layer for step in steps)
    left = iter(sizes if matches else ())
    held: list[Run] = []
    for step in steps:
        size = next(left, LayerSize()) if step.layer else LayerSize()
        if step.kind == "RUN":
            told = {**env, **step.args} if step.args else env
            held.append(Run(step, size, tuple(commands(step.text, told, budget))))
        if step.layer and held:
            yield _in_one_layer(held, size)
            held = []
    yield from held


def _in_one_layer(runs: Sequence[Run], size: LayerSize) -> Run:
    """Put together the RUNs of one layer: buildah makes a single one of all that a stage does."""
    last = runs[-1]
    if len(runs) == 1 and last.step.layer:
        return last
    args = {name: value for run in runs for name, value in run.step.args.items()}
    step = replace(
        last.step,
        text="\n".join(run.step.text for run in runs),
        layer=True,
        args=args,
        cut=any(run.step.cut for run in runs),
    )
    return Run(step, size, tuple(one for run in runs for one in run.commands), tuple(runs))
