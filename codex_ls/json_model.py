"""Types of JSON values and the base of models: pydantic, with what this protocol needs otherwise.

Nothing is converted: `"1"` is not a whole number, and neither is `true` or `1.0`. Text may hold halves
of surrogate pairs, as editors cut them. An error names the field and repeats no value.
"""

from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    InstanceOf,
    PlainValidator,
    Strict,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from codex_ls.errors import InvalidParams
from codex_ls.sanitize import is_blank

MAX_POSITION: Final = 2**31 - 1
"""LSP's `uinteger` ends here."""
MAX_URI: Final = 8192


def camel_case(name: str) -> str:
    """Return the key of an attribute: `thread_id` is `threadId`, and `from_` is `from`."""
    first, *others = name.rstrip("_").split("_")
    return first + "".join(map(str.capitalize, others))


def well_formed(text: str) -> str:
    """Return text that has a UTF-8 form: half a surrogate pair, cut by an editor, becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _not_blank(text: str) -> str:
    if is_blank(text):
        raise PydanticCustomError("sentence", "must not be blank")
    return text


def _uri(text: str) -> str:
    if not 0 < len(text) <= MAX_URI:
        raise PydanticCustomError("sentence", f"must have 1 to {MAX_URI} characters")
    return text


def _text_or_integer(value: object) -> object:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise PydanticCustomError("sentence", "must be text or a whole number")


def markup_text(value: object) -> object:
    """Return the text of LSP 3.18's markup, and anything else as it is."""
    return value["value"] if isinstance(value, dict) and "value" in value else value


Text = InstanceOf[str]
"""Any text. pydantic's own `str` refuses halves of surrogate pairs."""
SentText = Annotated[Text, AfterValidator(well_formed)]
"""Text for a model, in a form that can be sent."""
Prompt = Annotated[SentText, AfterValidator(_not_blank)]
Count = Annotated[int, Strict(), Field(ge=0, le=MAX_POSITION)]
Bytes = Annotated[int, Strict(), Field(ge=0)]
Flag = Annotated[bool, Strict()]
Number = Annotated[float, Strict()]
JsonObject = dict[str, Any]
"""Any JSON object, which may hold null."""
TextOrInteger = Annotated[
    str | int,
    PlainValidator(_text_or_integer),
    WithJsonSchema({"type": ["integer", "string"]}),
]
"""A progress token, or the code of a diagnostic."""
Uri = Annotated[
    Text,
    AfterValidator(_uri),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_URI}),
]


class Shape(BaseModel):
    """An object on the wire: snake_case attributes, camelCase keys, and no key without a value."""

    model_config = ConfigDict(
        alias_generator=camel_case,
        validate_by_name=True,
        defer_build=True,  # each is built when it is first used: all of them take 60 ms
        frozen=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, value: Any) -> Any:
        if isinstance(value, dict) and None in value.values():
            return {key: entry for key, entry in value.items() if entry is not None}
        return value

    def dump(self) -> dict[str, Any]:
        """Return the object as it is sent."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Params(Shape):
    """What a client asks; made from what it sent with `read`."""

    typed: ClassVar[str | None] = None
    """The field that a plain text sets, in place of an object: what a person types into a prompt."""

    @classmethod
    def read(cls, value: object) -> Self:
        """Return checked params. Raises InvalidParams, which names the field and repeats no value."""
        if cls.typed is not None and isinstance(value, str):
            value = {cls.typed: value}
        try:
            return cls.model_validate({} if value is None else value, by_alias=True, by_name=False)
        except ValidationError as error:
            raise invalid_params(error) from None


def invalid_params(error: ValidationError) -> InvalidParams:
    """Return the error for the client: the first field that does not fit, and what it must be."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = [str(step) for step in (*first["loc"], *first.get("ctx", {}).get("where", ()))]
    field = f"{'.'.join(where)} " if where else ""
    return InvalidParams(f"Invalid params: {field}{_sentence(first)}")


def _sentence(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is required"
        case "literal_error":
            choices = str(context["expected"]).replace("'", "").replace(" or ", ", ")
            return f"must be one of {choices}"
        case "model_type" | "dataclass_type" | "dict_type":
            return "must be an object"
        case "tuple_type":
            return "must be a list"
        case "too_long":
            return f"must have at most {context['max_length']} items"
        case "is_instance_of":
            return "must be text"
        case "bool_type":
            return "must be true or false"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "int_type":
            return "must be a whole number"
        case _:
            return error["msg"]


def misfit(where: str, sentence: str) -> PydanticCustomError:
    """Return what a validator of a whole model raises about one of its fields."""
    return PydanticCustomError("field", "{sentence}", {"where": (where,), "sentence": sentence})
