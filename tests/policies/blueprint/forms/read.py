"""Files in forms that are read: each says the same endpoint configuration, or a part of it, in another way."""

import copy
import json
from typing import Any

import yaml

VARIANT: dict[str, Any] = {
    "VariantName": "AllTraffic",
    "ModelName": "fraud-v7",
    "InstanceType": "ml.m6i.xlarge",
    "InitialInstanceCount": 2,
}
CONFIG: dict[str, Any] = {
    "ProductionVariants": [VARIANT],
    "DataCaptureConfig": {
        "InitialSamplingPercentage": 10,
        "DestinationS3Uri": "s3://captured/fraud",
        "CaptureOptions": [{"CaptureMode": "Input"}],
        "KmsKeyId": "alias/captured",
    },
    "KmsKeyId": "alias/volumes",
    "Tags": [{"Key": "team", "Value": "fraud"}],
}
MODEL: dict[str, Any] = {
    "ModelName": "fraud-v7",
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/serving",
    "PrimaryContainer": {"Image": "registry/fraud@sha256:1", "Environment": {"WORKERS": "4"}},
}
ARNS = {"EndpointConfigArn": "arn:aws:sagemaker:eu-central-1:123456789012:endpoint-config/c"}
METADATA = {"ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}}


def template(properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A CloudFormation template with one configuration and its model."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Model": {"Type": "AWS::SageMaker::Model", "Properties": MODEL},
            "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": CONFIG | (properties or {})},
        },
        **more,
    }


def respell(value: Any, spell: Any) -> Any:
    """Spell the members of a tree in another way; names that users choose stay."""
    if isinstance(value, list):
        return [respell(item, spell) for item in value]
    if not isinstance(value, dict):
        return value
    return {spell(key): item if key == "Environment" else respell(item, spell) for key, item in value.items()}


def camel(name: str) -> str:
    """Spell a member as ACK does: ``DestinationS3Uri`` is ``destinationS3URI``, ``KmsKeyId`` is ``kmsKeyID``."""
    for ending in ("Uri", "Id", "Arn", "Url"):
        if name.endswith(ending):
            name = name.removesuffix(ending) + ending.upper()
    return name[0].lower() + name[1:]


def ack(kind: str, members: dict[str, Any]) -> dict[str, Any]:
    """An object of AWS Controllers for Kubernetes."""
    spec = respell(members, camel)
    return {
        "apiVersion": "sagemaker.services.k8s.aws/v1alpha1",
        "kind": kind,
        "metadata": {"name": "fraud"},
        "spec": spec,
    }


ACK_CONFIG = ack("EndpointConfig", CONFIG | {"EndpointConfigName": "c"})
ACK_MODEL = ack("Model", MODEL)


def state(
    parameters: dict[str, Any], resource: str = "arn:aws:states:::sagemaker:createEndpointConfig"
) -> dict[str, Any]:
    """A state machine with one task that creates the configuration."""
    return {
        "StartAt": "Create",
        "States": {"Create": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}},
    }


TERRAFORM_VALUES: dict[str, Any] = {
    "arn": "arn:aws:sagemaker:eu-central-1:123456789012:endpoint-configuration/c",
    "id": "c",
    "name": "c",
    "name_prefix": "",
    "kms_key_arn": "alias/volumes",
    "async_inference_config": [],
    "execution_role_arn": None,
    "shadow_production_variants": [],
    "tags": {"team": "fraud"},
    "tags_all": {"team": "fraud"},
    "data_capture_config": [
        {
            "capture_content_type_header": [],
            "capture_options": [{"capture_mode": "Input"}],
            "destination_s3_uri": "s3://captured/fraud",
            "enable_capture": True,
            "initial_sampling_percentage": 10,
            "kms_key_id": "alias/captured",
        }
    ],
    "production_variants": [
        {
            "accelerator_type": "",
            "container_startup_health_check_timeout_in_seconds": 0,
            "core_dump_config": [],
            "enable_ssm_access": False,
            "inference_ami_version": "",
            "initial_instance_count": 2,
            "initial_variant_weight": 1,
            "instance_type": "ml.m6i.xlarge",
            "managed_instance_scaling": [],
            "model_data_download_timeout_in_seconds": 0,
            "model_name": "fraud-v7",
            "routing_config": [],
            "serverless_config": [],
            "variant_name": "AllTraffic",
            "volume_size_in_gb": 0,
        }
    ],
}
TERRAFORM_MODEL: dict[str, Any] = {
    "arn": "arn",
    "id": "fraud-v7",
    "name": "fraud-v7",
    "execution_role_arn": "arn:aws:iam::123456789012:role/serving",
    "enable_network_isolation": False,
    "container": [],
    "inference_execution_config": [],
    "primary_container": [
        {
            "container_hostname": "",
            "environment": {"WORKERS": "4"},
            "image": "registry/fraud@sha256:1",
            "image_config": [],
            "mode": "SingleModel",
            "model_data_source": [],
            "model_data_url": "",
            "model_package_name": "",
        }
    ],
    "vpc_config": [],
    "tags": None,
}


def resource(kind: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
    """A resource as Terraform shows it."""
    return {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name, "values": values}


def shown(key: str = "values", *, nested: bool = False, **more: Any) -> dict[str, Any]:
    """What ``terraform show -json`` writes of a state (``values``) or of a plan (``planned_values``)."""
    resources = [
        resource("aws_sagemaker_model", "m", TERRAFORM_MODEL),
        resource("aws_sagemaker_endpoint_configuration", "c", TERRAFORM_VALUES),
    ]
    module = (
        {"child_modules": [{"address": "module.serving", "resources": resources}]}
        if nested
        else {"resources": resources}
    )
    return {"format_version": "1.0", "terraform_version": "1.9.0", key: {"root_module": module}, **more}


def text(document: Any, *, as_yaml: bool = False, encoding: str = "utf-8") -> bytes:
    """Write a document as a file has it."""
    if as_yaml:
        return yaml.dump(copy.deepcopy(document), sort_keys=False).encode(encoding)
    return json.dumps(document, indent=2, default=str).encode(encoding)


SHORT_FORMS = b"""\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Type: {Type: String, Default: ml.m6i.xlarge}
Conditions:
  Big: !Equals [!Ref Type, ml.m6i.4xlarge]
Resources:
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      ExecutionRoleArn: !GetAtt Role.Arn
      PrimaryContainer:
        Image: !Sub "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/fraud"
        Environment: {WORKERS: "4"}
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      EndpointConfigName: !Join ["-", [fraud, !Ref Type]]
      KmsKeyId: !If [Big, !ImportValue key, !Ref AWS::NoValue]
      ProductionVariants:
        - VariantName: AllTraffic
          ModelName: !GetAtt Model.ModelName
          InstanceType: !Ref Type
          InitialInstanceCount: !If [Big, 4, 2]
"""

# What is said, and what of CONFIG each file leaves out or leaves open.
READ: dict[str, tuple[str, bytes]] = {
    "request in YAML": ("config.yaml", text(CONFIG, as_yaml=True)),
    "request in JSON": ("config.json", text(CONFIG)),
    "request in JSON, of another name": ("config.txt", text(CONFIG)),
    "request with tabs": ("config.json", json.dumps(CONFIG, indent="\t").encode()),
    "request on one line": ("config.json", json.dumps(CONFIG).encode()),
    "request with models": ("config.yaml", text(CONFIG | {"Models": [MODEL]}, as_yaml=True)),
    "request with a mark of UTF-8": ("config.json", text(CONFIG, encoding="utf-8-sig")),
    "request from PowerShell": ("config.json", text(CONFIG, encoding="utf-16")),
    "request from PowerShell in YAML": ("config.yaml", text(CONFIG, as_yaml=True, encoding="utf-16")),
    "request in UTF-16, big end first": ("config.json", b"\xfe\xff" + text(CONFIG, encoding="utf-16-be")),
    "request with Windows's line ends": ("config.yaml", text(CONFIG, as_yaml=True).replace(b"\n", b"\r\n")),
    "request that begins with ---": ("config.yaml", b"---\n" + text(CONFIG, as_yaml=True)),
    "request that ends with ---": ("config.yaml", text(CONFIG, as_yaml=True) + b"---\n"),
    "request that ends with ...": ("config.yaml", text(CONFIG, as_yaml=True) + b"...\n"),
    "filled skeleton of the CLI in JSON": ("skeleton.json", text({"EndpointConfigName": "c"} | CONFIG)),
    "filled skeleton of the CLI in YAML": (
        "skeleton.yaml",
        b"EndpointConfigName: 'c'  # [REQUIRED] The name of the endpoint configuration.\n" + text(CONFIG, as_yaml=True),
    ),
    "answer of the CLI": ("answer.json", text(ARNS | CONFIG | {"CreationTime": "2026-01-31T12:00:00.123000+01:00"})),
    "answer of the CLI, in epochs": ("answer.json", text(ARNS | CONFIG | {"CreationTime": 1767182400.123})),
    "answer of the CLI in YAML": (
        "answer.yaml",
        text(ARNS | CONFIG, as_yaml=True) + b"CreationTime: 2026-01-31T12:00:00Z\n",
    ),
    "answer of the CLI in a stream of YAML": ("answer.yaml", text([ARNS | CONFIG], as_yaml=True)),
    "answer of boto3": ("answer.json", text(ARNS | CONFIG | METADATA | {"CreationTime": "2026-01-31 12:00:00+00:00"})),
    "several answers": ("answers.json", text([ARNS | CONFIG, ARNS | CONFIG])),
    "several requests": ("configs.yaml", text(CONFIG, as_yaml=True) + b"---\n" + text(CONFIG, as_yaml=True)),
    "answer with a described model": (
        "answer.json",
        text(ARNS | CONFIG | {"Models": [MODEL | {"ModelArn": "a", "CreationTime": 1}]}),
    ),
    "blueprint": (
        "blueprint.yaml",
        text({"endpoint": "e", "config": {name: CONFIG[name] for name in CONFIG if name != "Tags"}}, as_yaml=True),
    ),
    "blueprint in JSON": (
        "blueprint.json",
        text({"endpoint": "e", "config": {name: CONFIG[name] for name in CONFIG if name != "Tags"}}),
    ),
    "template in YAML": ("template.yaml", text(template(), as_yaml=True)),
    "template in JSON": ("template.json", text(template())),
    "template without its version": ("template.yaml", text({"Resources": template()["Resources"]}, as_yaml=True)),
    "template in UTF-16": ("template.json", text(template(), encoding="utf-16")),
    "template of SAM": (
        "template.yaml",
        text(template(Transform="AWS::Serverless-2016-10-31", Globals={}), as_yaml=True),
    ),
    "template of the CDK": (
        "Stack.template.json",
        text(template(Parameters={"BootstrapVersion": {"Type": "String"}}, Rules={})),
    ),
    "template with numbers as texts": (
        "t.json",
        text(template({"ProductionVariants": [VARIANT | {"InitialInstanceCount": "2"}]})),
    ),
    "template with a model by Ref": (
        "t.json",
        text(template({"ProductionVariants": [VARIANT | {"ModelName": {"Ref": "Model"}}]})),
    ),
    "template with a model by GetAtt": (
        "t.json",
        text(template({"ProductionVariants": [VARIANT | {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}]})),
    ),
    "template with a model by Sub": (
        "t.json",
        text(template({"ProductionVariants": [VARIANT | {"ModelName": {"Fn::Sub": "${Model.ModelName}"}}]})),
    ),
    "template with members of no value": ("t.json", text(template({"AsyncInferenceConfig": {"Ref": "AWS::NoValue"}}))),
    "template with equal branches": (
        "t.json",
        text(template({"KmsKeyId": {"Fn::If": ["Any", "alias/volumes", "alias/volumes"]}})),
    ),
    "object of ACK": ("config.yaml", text(ACK_CONFIG, as_yaml=True)),
    "object of ACK in JSON": ("config.json", text(ACK_CONFIG)),
    "objects of ACK": ("all.yaml", text(ACK_MODEL, as_yaml=True) + b"---\n" + text(ACK_CONFIG, as_yaml=True)),
    "object of ACK beside others": (
        "all.yaml",
        b"apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n" + text(ACK_CONFIG, as_yaml=True),
    ),
    "list of kubectl": (
        "list.yaml",
        text({"apiVersion": "v1", "kind": "List", "items": [ACK_MODEL, ACK_CONFIG]}, as_yaml=True),
    ),
    "object of ACK with a status": ("config.yaml", text(ACK_CONFIG | {"status": {"conditions": []}}, as_yaml=True)),
    "state machine": ("machine.asl.json", text(state(CONFIG))),
    "state machine by the SDK": (
        "machine.json",
        text(state(CONFIG, "arn:aws:states:::aws-sdk:sagemaker:createEndpointConfig")),
    ),
    "state machine in YAML": ("machine.asl.yaml", text(state(CONFIG), as_yaml=True)),
    "state machine with branches": (
        "machine.json",
        text({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [state(CONFIG)], "End": True}}}),
    ),
    "state machine with a map": (
        "machine.json",
        text({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": state(CONFIG), "End": True}}}),
    ),
    "plan of Terraform": ("plan.json", text(shown("planned_values", resource_changes=[], configuration={}))),
    "state of Terraform": ("state.json", text(shown())),
    "state of Terraform, in a module": ("state.json", text(shown(nested=True))),
    "plan of Terraform from PowerShell": ("plan.json", text(shown("planned_values"), encoding="utf-16")),
}

OPEN: dict[str, tuple[str, bytes]] = {
    "template in short forms": ("template.yaml", SHORT_FORMS),
    "template with a dynamic reference": ("t.json", text(template({"KmsKeyId": "{{resolve:ssm:/fraud/key}}"}))),
    "template with a parameter": (
        "t.json",
        text(template({"ProductionVariants": [VARIANT | {"InstanceType": {"Ref": "Type"}}]})),
    ),
    "template with a variant that may be absent": (
        "t.json",
        text(template({"ProductionVariants": [VARIANT, {"Fn::If": ["Two", VARIANT, {"Ref": "AWS::NoValue"}]}]})),
    ),
    "template with variants from elsewhere": ("t.json", text(template({"ProductionVariants": {"Ref": "Variants"}}))),
    "template with capture by condition": (
        "t.json",
        text(template({"DataCaptureConfig": {"Fn::If": ["On", CONFIG["DataCaptureConfig"], {"Ref": "AWS::NoValue"}]}})),
    ),
    "properties alone, in short forms": (
        "p.yaml",
        text(CONFIG, as_yaml=True) + b"ExecutionRoleArn: !GetAtt Role.Arn\n",
    ),
    "parameters of a state": (
        "p.json",
        text(
            {
                "ProductionVariants": [
                    {"ModelName.$": "$.model"} | {k: v for k, v in VARIANT.items() if k != "ModelName"}
                ]
            }
        ),
    ),
    "state machine with paths": (
        "machine.json",
        text(state({"EndpointConfigName.$": "$.name", "ProductionVariants": [VARIANT | {"InstanceType.$": "$.type"}]})),
    ),
    "state machine in JSONata": (
        "machine.json",
        text({"QueryLanguage": "JSONata", **state(CONFIG | {"KmsKeyId": "{% $key %}"})}),
    ),
    "object of ACK with a reference": (
        "config.yaml",
        text(
            ack("EndpointConfig", {"ProductionVariants": [VARIANT]})
            | {
                "spec": {
                    "productionVariants": [
                        {
                            "variantName": "a",
                            "modelRef": {"from": {"name": "m"}},
                            "instanceType": "ml.m5.large",
                            "initialInstanceCount": 2,
                        }
                    ]
                }
            },
            as_yaml=True,
        ),
    ),
    "plan with what is known after apply": (
        "plan.json",
        text(
            shown(
                "planned_values",
                resource_changes=[
                    {
                        "address": "aws_sagemaker_endpoint_configuration.c",
                        "change": {
                            "actions": ["create"],
                            "after_unknown": {"arn": True, "production_variants": [{"model_name": True}]},
                        },
                    }
                ],
            )
        ),
    ),
}
