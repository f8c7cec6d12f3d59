"""From a bindings file to bindings: every problem at once, each with its path, those of the files that it names among them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from policies.bindings.coherence import find_problems
from policies.bindings.spec import Bindings
from policies.blueprint.reading import Members, items
from policies.documents.loading import expect_fields, load_document
from policies.errors import PolicyError, Problem
from policies.fleet.loading import load_fleet
from policies.loading import load_policy, read_problems


class BindingsError(PolicyError):
    """A bindings file that cannot be used: every problem in it, all at once."""

    code = "invalid_bindings"


def parse_bindings(document: object, source: str = "bindings") -> Bindings:
    """Turn a parsed document into bindings. The policies and fleets that it names are read, too.

    Raises:
        BindingsError: with every problem of the document and of those files.
    """
    foreign = expect_fields(document, ("bindings",))
    if foreign:
        raise BindingsError(source, [foreign])
    given = cast("Members", document)
    more = [*find_problems(given), *_file_problems(given)]
    try:
        bindings = Bindings.model_validate(dict(given))
    except ValidationError as error:
        raise BindingsError(source, [*_form_problems(error, given), *more]) from error
    if more:
        raise BindingsError(source, more)
    return bindings


def load_bindings(path: str | Path) -> Bindings:
    """Load bindings from a YAML file.

    Raises:
        BindingsError: there is no such file, it is no YAML, or with every problem in it.
    """
    document = load_document(path, BindingsError)
    with document.naming_lines():
        return parse_bindings(document.content, str(path))


def _form_problems(error: ValidationError, document: Members) -> Iterator[Problem]:
    """Yield what is wrong with the form; not that the list is empty where only every binding in it is wrong."""
    empty = not items(document.get("bindings"))
    for each in read_problems(error):
        if empty or each.where != "bindings":
            yield replace(each, what=each.what.replace("part of a policy", "part of the file"))


def _file_problems(document: Members) -> Iterator[Problem]:
    """Yield what is wrong with the policies and fleets that are named, under the path of the field that names them."""
    readers = {"policy": load_policy, "fleet": _read_fleet}
    for number, binding in enumerate(items(document.get("bindings"))):
        for field, read in readers.items():
            named = binding.get(field)
            if not isinstance(named, str) or not named:
                continue
            try:
                read(named)
            except PolicyError as error:
                for problem in error.problems:
                    what = f"{named}: {problem.place}: {problem.what}"
                    yield Problem(f"bindings[{number}].{field}", what, problem.remedy)


def _read_fleet(path: str) -> None:
    load_fleet(path, model="from-the-registry")
