"""What the models of `codex_ls/protocol.py` say, in the form in which it is written elsewhere.

Descriptions are read from the source and not from the classes: the running server has no use for them.
"""

import ast
import inspect
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, get_origin

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from codex_ls import protocol
from codex_ls.config.models import field_meanings
from codex_ls.json_model import Shape, camel_case

NOTE: Final = "Generated from codex_ls/protocol.py by `make generate`; do not edit."

METHODS: Final = {
    name: value
    for name, value in vars(protocol).items()
    if isinstance(value, str) and value.startswith("codex/")
}
CLOSED_SETS: Final = {
    get_args(value): name for name, value in vars(protocol).items() if get_origin(value) is Literal
}
EVENTS: Final = {
    event.model_fields["type"].annotation: event for event in get_args(protocol.TurnEvent)
}

LSP_SHAPES: Final = ("Diagnostic", "Position", "Range", "TextDocument", "TextEdit")
"""Shapes of LSP itself, which the plugins have from their own libraries."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a shape."""

    key: str
    kind: JsonSchemaValue
    is_required: bool
    note: str = ""

    @property
    def marked(self) -> str:
        """The key, with `?` behind it if it may be absent."""
        return self.key if self.is_required else f"{self.key}?"


class PlainSchema(GenerateJsonSchema):
    """JSON Schema without null, for which a key is left out, and without titles that repeat each key."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Return the schema of a value that is there."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema without its default."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Return False."""
        return False


def shapes() -> dict[str, type[Shape]]:
    """Return every shape by its name, in the order of the module."""
    return {
        name: value
        for name, value in vars(protocol).items()
        if isinstance(value, type)
        and issubclass(value, Shape)
        and value.__module__ == protocol.__name__
        and value is not protocol.Event
    }


def fields(shape: type[Shape]) -> list[Field]:
    """Return the keys of a shape."""
    schema = shape.model_json_schema(schema_generator=PlainSchema, ref_template="{model}")
    notes = {camel_case(name): text for name, text in field_meanings(shape).items()}
    required = schema.get("required", ())
    return (
        [
            Field(key, kind, key in required, " ".join(notes.get(key, "").split()))
            for key, kind in schema["properties"].items()
        ]
        if "properties" in schema
        else []
    )


def member_notes(name: str) -> dict[str, str]:
    """Return the members of a closed set, each with the comment above it."""
    source = inspect.getsource(protocol)
    lines = source.splitlines()
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=found)], value=ast.Subscript(slice=ast.Tuple(elts))
            ):
                if found == name:
                    return {
                        str(member.value): _comment_above(lines, member.lineno - 1)
                        for member in elts
                        if isinstance(member, ast.Constant)
                    }
    raise KeyError(name)


def _comment_above(lines: list[str], number: int) -> str:
    found: list[str] = []
    while lines[number - 1].strip().startswith("#"):
        number -= 1
        found.insert(0, lines[number].strip().removeprefix("#").strip())
    return " ".join(found)


def sentence(shape: type[Shape]) -> str:
    """Return the docstring of a shape as one line."""
    return " ".join((shape.__doc__ or "").split())


def type_of(event: type[protocol.Event]) -> str:
    """Return the `type` of an event."""
    (name,) = get_args(event.model_fields["type"].annotation)
    return str(name)
