"""From an event and the registry's own answer to the rollouts that follow, or why none do. Decides without effects.

The event says only where to look. What is rolled out is the version that the registry names when it is asked, so events may be lost,
late, doubled or out of order: none of them can start a version that the registry does not name any more.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from policies.bindings.event import Happening, Registry, RegistryEvent
from policies.bindings.making import name_model
from policies.bindings.origin import Origin
from policies.bindings.registered import Registered, find_mismatch
from policies.bindings.spec import Binding, Bindings, When
from policies.values import Frozen

_KEY_LENGTH: Final = 32


class Start(Frozen):
    """One rollout that shall follow.

    Attributes:
        binding: name of the binding that asks for it.
        endpoint: the endpoint; empty for a fleet.
        fleet: path of the fleet file; empty for an endpoint.
        region: the endpoint's AWS Region; empty for Rollway's own.
        model_name: the SageMaker model that shall take over.
        policy: how.
        origin: the registered version that it is for.
        idempotency_key: the same for the same version on the same endpoint by the same binding, whoever asks and however often.
    """

    binding: str
    endpoint: str = ""
    fleet: str = ""
    region: str = ""
    model_name: str
    policy: str = ""
    origin: Origin
    idempotency_key: str

    @property
    def place(self) -> str:
        """What gets the model, as one says it."""
        return self.endpoint or f"fleet {self.fleet}"


class Matched(Frozen):
    """What follows from an event.

    Attributes:
        starts: the rollouts that shall follow.
        why: for each binding that the event touches, or once for none, what was found; sentences for a person.
    """

    starts: tuple[Start, ...] = ()
    why: tuple[str, ...] = ()


def match(event: RegistryEvent, answers: Mapping[str, Registered | None], bindings: Bindings) -> Matched:
    """Return what follows from an event.

    Args:
        event: what is said to have happened.
        answers: what the registry says now, by the name of each binding that the event touches: the version that the binding asks for, or
            None when there is none.
        bindings: all bindings.
    """
    touched = find_touched(event, bindings)
    if not touched:
        return Matched(why=(explain_untouched(event, bindings),))
    found = [match_binding(binding, answers.get(binding.name)) for binding in touched]
    return Matched(
        starts=tuple(start for each in found for start in each.starts),
        why=tuple(why for each in found for why in each.why),
    )


def match_binding(binding: Binding, version: Registered | None, wish: str = "") -> Matched:
    """Return what follows for one binding from what the registry says now, whatever made us ask; ``wish`` names what it asks for."""
    if version is None:
        return Matched(why=(f"{binding.name}: {binding.registry} knows no {binding.model} by {binding.when}",))
    mismatch = find_mismatch(binding.when, version)
    if mismatch:
        return Matched(why=(f"{binding.name}: {mismatch}",))
    told = f"{binding.name}: {binding.when} of {binding.model} is version {version.short_version}"
    return Matched(starts=_starts(binding, version, wish), why=(told,))


def find_touched(event: RegistryEvent, bindings: Bindings) -> tuple[Binding, ...]:
    """Return the bindings that an event may be news for: those of its model that ask for what happened."""
    return tuple(
        each
        for each in bindings.bindings
        if (each.registry, each.model) == (event.registry, event.model)
        and each.follow == "at_once"
        and _asks_for(each.when, event)
    )


def explain_untouched(event: RegistryEvent, bindings: Bindings) -> str:
    """Say why no binding follows an event."""
    of_model = [each for each in bindings.bindings if (each.registry, each.model) == (event.registry, event.model)]
    if not of_model:
        return f"no binding is for {event.model} of {event.registry}"
    happened = f"{event.happening}{f' {event.label}' if event.label else ''}"
    if any(_asks_for(each.when, event) for each in of_model):
        return f"{event.model} of {event.registry} is followed on schedule only"
    asked = ", ".join(f"{each.name} by {each.when}" for each in of_model)
    return f"{happened} is not what {event.model} is followed by: {asked}"


def _asks_for(when: When, event: RegistryEvent) -> bool:
    """Whether what happened is what a binding waits for. A version that MLflow creates with its tags sends no other event for them."""
    match event.happening:
        case Happening.ALIAS_SET:
            return when.alias is not None and when.alias == event.label
        case Happening.TAG_SET:
            return when.tag is not None and when.tag == event.label
        case Happening.APPROVED:
            return when.approved is not None
        case Happening.VERSION_CREATED:
            return when.version_created is not None or (when.tag is not None and event.registry is Registry.MLFLOW)


def _starts(binding: Binding, version: Registered, wish: str) -> tuple[Start, ...]:
    model_name = name_model(version)
    origin = Origin(
        binding=binding.name,
        registry=version.registry,
        model=version.model,
        version=version.version,
        wish=wish,
        write_back=binding.write_back,
        alias_when_promoted=binding.alias_when_promoted,
        reject_on_rollback=binding.reject_on_rollback,
    )
    if binding.fleet:
        key = _key(binding.name, binding.fleet, model_name)
        fleet = Start(
            binding=binding.name, fleet=binding.fleet, model_name=model_name, origin=origin, idempotency_key=key
        )
        return (fleet,)
    return tuple(
        Start(
            binding=binding.name,
            endpoint=each.endpoint,
            region=each.region,
            model_name=model_name,
            policy=binding.policy,
            origin=origin,
            idempotency_key=_key(binding.name, each.region, each.endpoint, model_name),
        )
        for each in binding.endpoints
    )


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_KEY_LENGTH]
