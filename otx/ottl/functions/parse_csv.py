"""ParseCSV: one row of CSV as a map by headers."""

from typing import Any, Literal

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter_builder
from otx.ottl.go_csv import read_row
from otx.ottl.parameters import ConstText, Get, Text
from otx.ottl.values import Map


@converter_builder(
    "ParseCSV",
    fails="the row has not as many fields as there are headers",
    example=Example('ParseCSV("1,\\"b, c\\"", "id,name")', '{"id":"1","name":"b, c"}'),
)
def parse_csv(
    target: Get[Text],
    header: Get[Text],
    delimiter: ConstText = ",",
    header_delimiter: ConstText | None = None,
    mode: Literal["strict", "lazyQuotes", "ignoreQuotes"] = "strict",
) -> Gives[Map]:
    """The map that a row of CSV makes with its headers."""
    between_headers = delimiter if header_delimiter is None else header_delimiter
    if len(delimiter) != 1 or len(between_headers) != 1:
        raise ExecutionError("a delimiter is one character")

    def read(text: str) -> list[str]:
        if mode == "ignoreQuotes":
            return text.split(delimiter)
        return read_row(text, delimiter, has_lazy_quotes=mode == "lazyQuotes")

    def run(record: Any) -> dict[str, str]:
        text = target(record)
        names = header(record)
        if not names:
            raise ExecutionError("the headers are empty")
        headers = names.split(between_headers)
        fields = read(text)
        if len(fields) != len(headers):
            raise ExecutionError(f"the row has {len(fields)} fields for {len(headers)} headers")
        return dict(zip(headers, fields, strict=True))

    return run
