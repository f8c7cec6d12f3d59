"""Files in forms that are not read: each with what it is called, and a word of the way to a form that is."""

import json
from typing import Any

from tests.policies.blueprint.forms.read import CONFIG, MODEL, VARIANT, camel, respell, text


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def kube(api: str, kind: str, **spec: Any) -> bytes:
    return text({"apiVersion": api, "kind": kind, "metadata": {"name": "fraud"}, "spec": spec}, as_yaml=True)


HCL = b'resource "aws_sagemaker_endpoint_configuration" "c" {\n  name = "c"\n  production_variants {\n    variant_name = "a"\n  }\n}\n'
ENDPOINT = {"EndpointName": "e", "EndpointArn": "a", "EndpointConfigName": "c", "EndpointStatus": "InService"}
NOTEBOOK = {
    "cells": [{"cell_type": "code", "source": ["import sagemaker"]}],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
BOTO3 = b'import boto3\n\nclient = boto3.client("s")\nclient.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[])\n'
TABLE = b"-----------------------------\n|  DescribeEndpointConfig   |\n+--------------+------------+\n|  CreationTime | 2026 |\n"
TRAIL = {"eventName": "CreateEndpointConfig", "requestParameters": respell(CONFIG, camel)}
CDK_TS = (
    b'import * as cdk from "aws-cdk-lib";\nnew sagemaker.CfnEndpointConfig(this, "C", { productionVariants: [] });\n'
)
PULUMI_TS = b'import * as aws from "@pulumi/aws";\nconst c = new aws.sagemaker.EndpointConfiguration("c", {});\n'
PLAN, SYNTH, LIVE, SAVE, DESCRIBE = (
    "terraform show -json",
    "cdk.out",
    "rollway lint ENDPOINT",
    "json.dump",
    "describe-endpoint-config",
)

NAMED: dict[str, tuple[str, bytes, str, str]] = {
    "Terraform": ("main.tf", HCL, "Terraform's HCL", PLAN),
    "Terraform, of another name": ("config.yaml", HCL, "Terraform's HCL", PLAN),
    "Terraform's module": ("main.tf", b'module "serving" {\n  source = "./serving"\n}\n', "Terraform's HCL", PLAN),
    "Terraform's variables": (
        "variables.tf",
        b'variable "type" {\n  default = "ml.m5.large"\n}\n',
        "Terraform's HCL",
        PLAN,
    ),
    "Terraform's locals": ("locals.tf", b"locals {\n  a = 1\n}\n", "Terraform's HCL", PLAN),
    "Terraform in JSON": (
        "main.tf.json",
        text({"resource": {"aws_sagemaker_endpoint_configuration": {}}}),
        "in JSON",
        PLAN,
    ),
    "Terraform's state file": (
        "terraform.tfstate",
        text({"version": 4, "terraform_version": "1.9", "resources": []}),
        "state file",
        PLAN,
    ),
    "Terraform's plan in binary": ("plan.bin", b"PK\x03\x04\x14\x00\x08", "archive", PLAN),
    "notebook": ("deploy.ipynb", text(NOTEBOOK), "Jupyter notebook", SAVE),
    "boto3": ("deploy.py", BOTO3, "Python program", SAVE),
    "boto3, of another name": ("deploy.txt", BOTO3, "Python program", SAVE),
    "boto3 on one line": ("deploy.py", b"client.create_endpoint_config(**request)", "Python program", SAVE),
    "some other Python": ("deploy.py", b"from x import y\n\n\ndef main():\n    y()\n", "Python program", SAVE),
    "SageMaker's SDK": (
        "deploy.py",
        b"from sagemaker.model import Model\n\nModel().deploy(1, 'ml.m5.large')\n",
        "Python SDK",
        LIVE,
    ),
    "SageMaker's SDK, imported whole": (
        "deploy.py",
        b"import sagemaker\nsession = sagemaker.Session()\n",
        "Python SDK",
        LIVE,
    ),
    "CDK in Python": (
        "stack.py",
        b"from aws_cdk import aws_sagemaker as s\n\ns.CfnEndpointConfig(None, 'c')\n",
        "CDK program",
        SYNTH,
    ),
    "CDK in TypeScript": ("stack.ts", CDK_TS, "CDK program", SYNTH),
    "CDK in Java": (
        "Stack.java",
        b"import software.amazon.awscdk.Stack;\npublic class S extends Stack {}\n",
        "CDK program",
        SYNTH,
    ),
    "CDK's manifest": ("manifest.json", text({"version": "36.0.0", "artifacts": {}}), "manifest of a CDK", SYNTH),
    "CDK's tree": (
        "tree.json",
        text({"version": "tree-0.1", "tree": {"id": "App", "children": {}}}),
        "tree of a CDK",
        SYNTH,
    ),
    "CDK's settings": ("cdk.json", text({"app": "python3 app.py", "context": {}}), "settings of a CDK", SYNTH),
    "Pulumi in TypeScript": ("index.ts", PULUMI_TS, "Pulumi program", LIVE),
    "Pulumi in Python": ("main.py", b"import pulumi\nimport pulumi_aws as aws\n", "Pulumi program", LIVE),
    "Pulumi in YAML": (
        "Pulumi.yaml",
        b"name: p\nruntime: yaml\nresources:\n  c:\n    type: aws:sagemaker:EndpointConfiguration\n",
        "Pulumi",
        LIVE,
    ),
    "Pulumi's project": ("Pulumi.yaml", b"name: p\nruntime: nodejs\n", "project of Pulumi", LIVE),
    "Pulumi's export": ("stack.json", text({"version": 3, "deployment": {"resources": []}}), "Pulumi exported", LIVE),
    "Pulumi's preview": ("preview.json", text({"config": {}, "steps": [], "changeSummary": {}}), "Pulumi", LIVE),
    "Serverless Framework": (
        "serverless.yml",
        b"service: s\nprovider: {name: aws}\nresources: {Resources: {}}\n",
        "Serverless Framework",
        "serverless package",
    ),
    "Helm": (
        "config.yaml",
        b"ProductionVariants:\n  - VariantName: {{ .Values.name }}\n    ModelName: {{ .Values.model }}\n",
        "template of another tool",
        "helm template",
    ),
    "Jinja": (
        "config.yaml.j2",
        b"{% for v in variants %}\n- VariantName: {{ v }}\n{% endfor %}\n",
        "template of another tool",
        "render",
    ),
    "KServe": (
        "k.yaml",
        kube("serving.kserve.io/v1beta1", "InferenceService"),
        "EndpointConfig of sagemaker.services.k8s.aws",
        LIVE,
    ),
    "Crossplane": (
        "k.yaml",
        kube("sagemaker.aws.upbound.io/v1beta1", "EndpointConfiguration"),
        "EndpointConfiguration",
        LIVE,
    ),
    "SageMaker's old operator": (
        "k.yaml",
        kube("sagemaker.aws.amazon.com/v1", "HostingDeployment"),
        "HostingDeployment",
        LIVE,
    ),
    "deployment of Kubernetes": ("k.yaml", kube("apps/v1", "Deployment"), "Deployment", LIVE),
    "endpoint of ACK": ("k.yaml", kube("sagemaker.services.k8s.aws/v1alpha1", "Endpoint"), "it holds Endpoint", LIVE),
    "spec of ACK": ("spec.yaml", text(respell(CONFIG, camel), as_yaml=True), "camelCase", "apiVersion"),
    "snake_case": ("c.yaml", text(respell(CONFIG, snake), as_yaml=True), "snake_case", "ProductionVariants"),
    "answer of DescribeEndpoint": (
        "e.json",
        text(ENDPOINT | {"ProductionVariants": [{"VariantName": "a"}]}),
        "DescribeEndpoint",
        DESCRIBE,
    ),
    "request for an endpoint": (
        "e.json",
        text({"EndpointName": "e", "EndpointConfigName": "c"}),
        "only names its configuration",
        DESCRIBE,
    ),
    "list of configurations": (
        "l.json",
        text({"EndpointConfigs": [{"EndpointConfigName": "c"}]}),
        "list of what there is",
        DESCRIBE,
    ),
    "model by itself": ("m.json", text(MODEL), "model by itself", "Models"),
    "answer of DescribeModel": (
        "m.json",
        text(MODEL | {"ModelArn": "a", "CreationTime": "t"}),
        "model by itself",
        "Models",
    ),
    "table of the CLI": ("out.txt", TABLE, "table or as text", "--output json"),
    "text of the CLI": (
        "out.txt",
        b"2026-01-31T12:00:00\tarn:aws:x\tc\nPRODUCTIONVARIANTS\t2\tml.m5.large\n",
        "table or as text",
        "--output json",
    ),
    "PowerShell's object": (
        "out.txt",
        b"CreationTime      : 1/31/2026 3:04:05 PM\nProductionVariants : {AllTraffic}\n",
        "PowerShell",
        "ConvertTo-Json",
    ),
    "Python's print": (
        "out.txt",
        b"{'EndpointConfigName': 'c', 'CreationTime': datetime.datetime(2026, 1, 31, 12, 0, tzinfo=tzlocal())}",
        "Python prints",
        "json.dumps",
    ),
    "shell script": (
        "deploy.sh",
        b"#!/bin/sh\naws sagemaker create-endpoint-config --endpoint-config-name c\n",
        "shell script",
        "--cli-input-json",
    ),
    "command by itself": (
        "c.txt",
        b"aws sagemaker create-endpoint-config --cli-input-json file://c.json",
        "shell script",
        "--cli-input-json",
    ),
    "CloudTrail's event": ("e.json", text(TRAIL), "an event", DESCRIBE),
    "CloudTrail's log": ("e.json", text({"Records": [TRAIL]}), "log of CloudTrail", DESCRIBE),
    "event of EventBridge": (
        "e.json",
        text({"detail-type": "AWS API Call via CloudTrail", "detail": TRAIL}),
        "an event",
        DESCRIBE,
    ),
    "Cloud Control": (
        "r.json",
        text({"TypeName": "AWS::SageMaker::EndpointConfig", "ResourceDescription": {"Properties": json.dumps(CONFIG)}}),
        "Cloud Control",
        DESCRIBE,
    ),
    "GetTemplate": (
        "t.json",
        text({"TemplateBody": {"Resources": {}}, "StagesAvailable": []}),
        "GetTemplate",
        "--query TemplateBody",
    ),
    "resources of a stack": ("s.json", text({"StackResources": []}), "stack's resources", DESCRIBE),
    "template without a configuration": (
        "t.yaml",
        b"Resources: {B: {Type: AWS::S3::Bucket}}\n",
        "CloudFormation template",
        "AWS::SageMaker::EndpointConfig",
    ),
    "state machine without one": (
        "m.json",
        text({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}),
        "state machine",
        "state that creates it",
    ),
    "plan without one": (
        "p.json",
        text({"format_version": "1.2", "planned_values": {"root_module": {}}}),
        "terraform show -json",
        "aws_sagemaker_endpoint_configuration",
    ),
    "state that takes all its arguments": (
        "m.json",
        text(
            {
                "StartAt": "A",
                "States": {
                    "A": {"Resource": "arn:aws:states:::sagemaker:createEndpointConfig", "Arguments": "{% $r %}"}
                },
            }
        ),
        "does not give a value",
        "the members themselves",
    ),
    "SageMaker's pipeline": ("p.json", text({"Version": "2020-12-01", "Steps": []}), "pipeline of SageMaker", LIVE),
    "policy of Rollway": (
        "p.yaml",
        b"strategy: canary\nstages: [{share: 5}]\n",
        "policy of Rollway",
        "rollway validate",
    ),
    "bindings of Rollway": ("b.yaml", b"bindings: []\n", "bindings of Rollway", "rollway bindings"),
    "settings of lint": ("lint.yaml", b"disable: [RW302]\n", "settings of `rollway lint`", "--config"),
    "page in Markdown": ("README.md", b"# Deploy\n\n```yaml\nProductionVariants: []\n```\n", "Markdown", "by itself"),
    "XML": ("c.xml", b"<config><variant/></config>", "XML or HTML", DESCRIBE),
    "TOML": ("c.toml", b'[endpoint]\nname = "e"\n', "INI or TOML", "YAML or JSON"),
    "patch": ("c.diff", b"diff --git a/c b/c\n--- a/c\n+++ b/c\n@@ -1 +1 @@\n-a: 1\n+a: 2\n", "patch", "apply it"),
    "nothing": ("c.yaml", b"", "empty", "CreateEndpointConfig"),
    "blanks": ("c.yaml", b"\n  \n", "empty", "CreateEndpointConfig"),
    "a comment": ("c.yaml", b"# nothing yet\n", "empty", "CreateEndpointConfig"),
    "an empty list": ("c.json", b"[]", "is empty", "CreateEndpointConfig"),
    "an empty document": ("c.json", b"{}", "no endpoint configuration", "CreateEndpointConfig"),
    "a sentence": ("c.txt", b"see the wiki", "is str", "CreateEndpointConfig"),
    "something else": (
        "package.json",
        text({"name": "p", "dependencies": {}}),
        "no endpoint configuration",
        "CreateEndpointConfig",
    ),
    "variants alone": ("v.json", text([VARIANT]), "no endpoint configuration", "CreateEndpointConfig"),
    "archive of a model": ("model.tar.gz", b"\x1f\x8b\x08\x00\x00", "compressed", DESCRIBE),
    "picture": ("c.png", b"\x89PNG\r\n\x1a\n\x00", "picture", DESCRIBE),
    "PDF": ("c.pdf", b"%PDF-1.7\n\xff\xfe\x00", "PDF", DESCRIBE),
    "bytes": ("c.bin", b"\x80\x81\x82", "is not text", "save it as UTF-8"),
    "cut JSON": ("c.json", text(CONFIG)[:-40], "is not valid YAML or JSON", "correct it there"),
    "JSON with a comment": (
        "c.json",
        b'{"KmsKeyId": "a", // the key\n "Tags": []}',
        "is not valid YAML or JSON",
        "correct it there",
    ),
    "a key given twice": (
        "c.yaml",
        b"KmsKeyId: a\nKmsKeyId: b\n",
        "gives one key more than once, in lines 1 and 2",
        "keep one",
    ),
}
