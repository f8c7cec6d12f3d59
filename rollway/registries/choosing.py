"""Which registry answers for a binding."""

from typing import assert_never

from policies.bindings.event import Registry
from policies.bindings.spec import Binding
from rollway.aws.model_registry import SageMakerRegistry
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws
from rollway.registries.hugging_face import connect_hub
from rollway.registries.last_word import LastWord
from rollway.registries.mlflow import connect_mlflow
from rollway.registries.registry import ModelRegistry


def open_registry(binding: Binding, aws: Aws, store: ObjectStore) -> ModelRegistry:
    """Return the registry of a binding. Nothing is sent yet.

    Args:
        binding: the binding.
        aws: clients, for SageMaker's registry.
        store: the journal, which keeps the last word of registries that cannot be read back.

    Raises:
        RolloutError: the environment does not say where it is.
    """
    match binding.registry:
        case Registry.MLFLOW:
            return connect_mlflow()
        case Registry.SAGEMAKER:
            return SageMakerRegistry(aws)
        case Registry.HUGGING_FACE:
            return connect_hub()
        case Registry.WANDB | Registry.GENERIC:
            return LastWord(store, binding)
        case _:
            assert_never(binding.registry)
