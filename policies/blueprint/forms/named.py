"""Forms that are not read, known by what they hold: what each is called, and how to get from it to one that is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.blueprint.document import as_list, as_mapping

LIVE: Final = "once it is deployed, `rollway lint ENDPOINT` looks at the endpoint itself"
SAVE: Final = "save the request as JSON: `json.dump(request, open('config.json', 'w'), default=str)`"
DESCRIBE: Final = "give what `aws sagemaker describe-endpoint-config --endpoint-config-name NAME` prints"
_PLAN: Final = "give the plan: `terraform plan -out plan.bin && terraform show -json plan.bin > plan.json`"
_SYNTH: Final = "give the template that `cdk synth` writes: cdk.out/STACK.template.json"
_MODEL: Final = "put it under Models, beside the members of CreateEndpointConfig"
_RENDER: Final = "render it first, for example with `helm template`, and give what that prints"


@dataclass(frozen=True)
class Named:
    """A form that is not read.

    Attributes:
        name: what it is called: ``a Jupyter notebook``.
        remedy: how to get to a form that is read.
    """

    name: str
    remedy: str


Document = Mapping[str, Any]
_Test = Callable[[Document], bool]


def _has(*keys: str) -> _Test:
    return lambda document: all(key in document for key in keys)


def _any(*keys: str) -> _Test:
    return lambda document: any(key in document for key in keys)


def _is_powershell(document: Document) -> bool:
    return "ProductionVariants" in document and None in as_mapping(document["ProductionVariants"]).values()


def _is_event(document: Document) -> bool:
    return "eventName" in document or ("detail" in document and "detail-type" in document)


def _holds_events(document: Document) -> bool:
    return any("eventName" in as_mapping(each) for each in as_list(document.get("Records")))


def _in(document: Document, *path: str) -> Document:
    for key in path:
        document = as_mapping(document.get(key))
    return document


_ANSWERED: Final = Named(
    "an answer of DescribeEndpoint, which does not hold the configuration", f"{DESCRIBE}, or the endpoint's name"
)
_POWERSHELL: Final = Named("an object as PowerShell prints it", "write it as JSON: `… | ConvertTo-Json -Depth 10`")
_GET_TEMPLATE: Final = Named(
    "an answer of GetTemplate", "give the template alone: add `--query TemplateBody` to the command"
)
_CAMEL: Final = Named(
    "an endpoint configuration in camelCase",
    "write SageMaker's own names, such as ProductionVariants; of an object of ACK give the whole, with apiVersion and kind",
)
_SNAKE: Final = Named(
    "an endpoint configuration in snake_case",
    f"write SageMaker's own names, such as ProductionVariants; from Terraform, {_PLAN}",
)
_SERVERLESS: Final = Named(
    "a service of the Serverless Framework",
    "run `serverless package`, and give .serverless/cloudformation-template-update-stack.json",
)
_BINDINGS: Final = Named(
    "bindings of Rollway", "`rollway bindings` reads them; give a blueprint or an endpoint configuration"
)
FIRST: Final = 2
"""So many of the forms below are what they are whatever else they hold."""
DOCUMENTS: Final[tuple[tuple[_Test, Named], ...]] = (
    (_has("cells", "nbformat"), Named("a Jupyter notebook", f"in the notebook, {SAVE}")),
    (_has("steps", "changeSummary"), Named("a preview of Pulumi", LIVE)),
    (_has("EndpointStatus"), _ANSWERED),
    (_any("EndpointConfigs", "Endpoints"), Named("a list of what there is", DESCRIBE)),
    (
        _has("EndpointName", "EndpointConfigName"),
        Named("a request for an endpoint, which only names its configuration", DESCRIBE),
    ),
    (_any("PrimaryContainer", "Containers"), Named("a model by itself", _MODEL)),
    (_has("TypeName", "ResourceDescription"), Named("an answer of Cloud Control", DESCRIBE)),
    (_has("TemplateBody"), _GET_TEMPLATE),
    (_any("StackResources", "StackResourceSummaries"), Named("a list of a stack's resources", DESCRIBE)),
    (_is_event, Named("an event", f"events write members in camelCase; {DESCRIBE}")),
    (_holds_events, Named("a log of CloudTrail", f"events write members in camelCase; {DESCRIBE}")),
    (_is_powershell, _POWERSHELL),
    (_has("productionVariants"), _CAMEL),
    (_has("production_variants"), _SNAKE),
    (
        _has("terraform_version", "resources"),
        Named("a state file of Terraform", "give `terraform show -json > state.json`"),
    ),
    (_any("resource", "terraform"), Named("Terraform's configuration in JSON", _PLAN)),
    (_has("artifacts", "version"), Named("the manifest of a CDK assembly", _SYNTH)),
    (lambda document: "children" in _in(document, "tree"), Named("the tree of a CDK assembly", _SYNTH)),
    (lambda document: isinstance(document.get("app"), str), Named("the settings of a CDK app", _SYNTH)),
    (_has("runtime", "resources"), Named("a program of Pulumi", LIVE)),
    (_has("runtime", "name"), Named("a project of Pulumi", LIVE)),
    (lambda document: "resources" in _in(document, "deployment"), Named("a stack that Pulumi exported", LIVE)),
    (_has("service", "provider"), _SERVERLESS),
    (_has("Version", "Steps"), Named("a pipeline of SageMaker", LIVE)),
    (_has("strategy"), Named("a policy of Rollway", "check it with `rollway validate FILE`")),
    (_has("bindings"), _BINDINGS),
    (
        _any("fail_on", "disable", "instances_per_endpoint"),
        Named("settings of `rollway lint`", "give them with --config"),
    ),
)
"""What a document has to hold to be of a form, the most telling first."""


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda text: compiled.search(text) is not None


_PYTHON_VALUES: Final = re.compile(r"datetime\.datetime\(|: None\b|: (True|False)\b")


def is_printed(text: str) -> bool:
    """Whether a text is a dictionary as Python prints it: YAML would read it, and take ``None`` for a text."""
    return text.lstrip().startswith("{'") and _PYTHON_VALUES.search(text) is not None


PRINTED: Final = Named("a dictionary as Python prints it", "print it with `json.dumps(answer, default=str)`")
PYTHON: Final = Named("a Python program", SAVE)
_PROGRAM: Final = Named("a program", "save the request that it makes as JSON")
_SHELL: Final = Named("a shell script", "give the file that it names with --cli-input-json, or the request as JSON")
_CLI: Final = Named("what the AWS CLI printed as a table or as text", "print it with `--output json`")
TEXTS: Final[tuple[tuple[Callable[[str], bool], Named], ...]] = (
    (_matches(r"\A\s*\Z"), Named("empty", "write the members of CreateEndpointConfig, or a blueprint")),
    (
        _matches(r'^[ \t]*(resource|data|module|variable|provider|output)[ \t]+"[^"\n]+"([ \t]+"[^"\n]+")?[ \t]*\{'),
        Named("Terraform's HCL", _PLAN),
    ),
    (_matches(r"^(locals|terraform)[ \t]*\{"), Named("Terraform's HCL", _PLAN)),
    (_matches(r"^[ \t]*(import|from)[ \t]+(sagemaker)\b"), Named("a program with SageMaker's Python SDK", LIVE)),
    (_matches(r"^[ \t]*(import|from)[ \t]+(aws_cdk|cdktf|constructs)\b"), Named("a CDK program", _SYNTH)),
    (_matches(r"^[ \t]*(import|from)[ \t]+pulumi"), Named("a Pulumi program", LIVE)),
    (_matches(r"boto3|\.create_endpoint_config\("), PYTHON),
    (
        _matches(r"datetime\.datetime\(|\A\s*\{'|tzlocal\(\)"),
        Named("a dictionary as Python prints it", "print it with `json.dumps(answer, default=str)`"),
    ),
    (
        _matches(
            r"^[ \t]*(from[ \t]+[\w.]+[ \t]+import\s|import[ \t]+[\w.]+([ \t]+as[ \t]+\w+)?[ \t]*$|def[ \t]+\w+\()"
        ),
        PYTHON,
    ),
    (_matches(r"aws-cdk-lib|@aws-cdk|software\.amazon\.awscdk"), Named("a CDK program", _SYNTH)),
    (_matches(r"@pulumi/|pulumi/sdk"), Named("a Pulumi program", LIVE)),
    (
        _matches(
            r"^[ \t]*(import .* from |const .*= *(require\(|new |await )|package main\b|using Amazon|public class )"
        ),
        _PROGRAM,
    ),
    (
        _matches(r"\A#!|\baws sagemaker [a-z-]+"),
        _SHELL,
    ),
    (
        _matches(r"^[+|-]{3,}.*DescribeEndpointConfig|^-{5,}\n\|"),
        _CLI,
    ),
    (
        _matches(r"^(PRODUCTIONVARIANTS|DATACAPTURECONFIG)\t"),
        _CLI,
    ),
    (_matches(r"^\w+ +: "), _POWERSHELL),
    (_matches(r"\{\{|\{%"), Named("a template of another tool", _RENDER)),
    (_matches(r"\A\s*<"), Named("XML or HTML", DESCRIBE)),
    (_matches(r"^```"), Named("a page in Markdown", "give the file that it shows by itself")),
    (_matches(r"^\[[\w.-]+\][ \t]*$"), Named("INI or TOML", "write it as YAML or JSON")),
    (_matches(r"^(diff --git|--- a/|\+\+\+ b/)"), Named("a patch", "apply it, and give the file")),
)
"""What a text that is neither YAML nor JSON, or says no more than a sentence in it, has to look like to be of a form."""

BINARIES: Final[tuple[tuple[bytes, Named], ...]] = (
    (
        b"PK\x03\x04",
        Named(
            "an archive, as `terraform plan -out` writes too",
            "for Terraform, `terraform show -json plan.bin > plan.json`",
        ),
    ),
    (b"\x1f\x8b", Named("compressed, as a model's archive is", DESCRIBE)),
    (b"%PDF", Named("a PDF", DESCRIBE)),
    (b"\x89PNG", Named("a picture", DESCRIBE)),
)
"""How files begin that hold no text."""
