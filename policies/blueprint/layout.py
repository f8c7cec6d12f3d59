"""The shape of a whole blueprint, put together from the shapes of the requests that it is made of."""

from dataclasses import replace
from typing import Final

from policies.blueprint.shapes import Shape, Shapes, operation_shape

BLUEPRINT: Final = "blueprint"
"""The name of the shape of a whole blueprint."""

CONFIG: Final = "declared config"
"""The name of the shape of a ``CreateEndpointConfig`` request whose name may be left to whoever creates it."""

MODEL: Final = "declared model"
"""The name of the shape of a ``CreateModel`` request whose name may be left to whoever creates it."""

NEEDED: Final = {
    "sagemaker": ("CreateModel", "CreateEndpointConfig", "CreateEndpoint"),
    "application-autoscaling": ("PutScalingPolicy", "PutScheduledAction"),
}
"""The operations whose shapes a blueprint is made of, by service."""

_TARGET: Final = frozenset({"ServiceNamespace", "ResourceId", "ScalableDimension"})


def lay_out(shapes: Shapes) -> Shapes:
    """Return the shapes with that of a whole blueprint among them.

    Args:
        shapes: those of the operations in ``NEEDED``, and all that they refer to.
    """
    model, config, endpoint = (shapes[operation_shape("sagemaker", name)] for name in NEEDED["sagemaker"])
    policy, action = (shapes[operation_shape("application-autoscaling", name)] for name in NEEDED[_AUTOSCALING])
    tags = shapes[endpoint.members["Tags"]]
    tag = shapes[tags.item]
    variant = shapes[shapes[config.members["ProductionVariants"]].item]
    own = {
        BLUEPRINT: Shape(
            "structure",
            members={
                "endpoint": endpoint.members["EndpointName"],
                "models": f"{BLUEPRINT}.models",
                "config": f"{BLUEPRINT}.config",
                "tags": f"{BLUEPRINT}.tags",
                "scaling": f"{BLUEPRINT}.scaling",
            },
            required=("endpoint", "config"),
        ),
        CONFIG: replace(config, required=("ProductionVariants",)),
        MODEL: replace(model, required=()),
        f"{BLUEPRINT}.models": Shape("map", key=model.members["ModelName"], item=f"{BLUEPRINT}.model"),
        f"{BLUEPRINT}.model": _without(model, {"ModelName"}),
        f"{BLUEPRINT}.config": _without(config, {"EndpointConfigName", "Tags"}),
        f"{BLUEPRINT}.tags": Shape("map", maximum=tags.maximum, key=tag.members["Key"], item=tag.members["Value"]),
        f"{BLUEPRINT}.scaling": Shape("map", key=variant.members["VariantName"], item=f"{BLUEPRINT}.scaled"),
        f"{BLUEPRINT}.scaled": _SCALED,
        f"{BLUEPRINT}.capacity": Shape("integer", minimum=0),
        f"{BLUEPRINT}.policies": Shape("map", key=policy.members["PolicyName"], item=f"{BLUEPRINT}.policy"),
        f"{BLUEPRINT}.policy": _without(policy, {"PolicyName", *_TARGET}),
        f"{BLUEPRINT}.actions": Shape("map", key=action.members["ScheduledActionName"], item=f"{BLUEPRINT}.action"),
        f"{BLUEPRINT}.action": _without(action, {"ScheduledActionName", *_TARGET}),
    }
    return {**shapes, **own}


def _without(shape: Shape, members: set[str]) -> Shape:
    """Return a structure without some members."""
    return Shape(
        "structure",
        members={name: member for name, member in shape.members.items() if name not in members},
        required=tuple(name for name in shape.required if name not in members),
    )


_AUTOSCALING: Final = "application-autoscaling"
_SCALED: Final = Shape(
    "structure",
    members={
        "min": f"{BLUEPRINT}.capacity",
        "max": f"{BLUEPRINT}.capacity",
        "policies": f"{BLUEPRINT}.policies",
        "scheduled": f"{BLUEPRINT}.actions",
    },
    required=("min", "max"),
)
