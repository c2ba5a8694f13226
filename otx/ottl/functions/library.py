"""Where each function lives: a family is imported when one of its functions is first named.

All of them together take 100 ms to import, and a statement names two or three.
"""

import importlib
from collections.abc import Mapping
from functools import cache

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "collections_": (
        "Coalesce",
        "ContainsValue",
        "Keys",
        "SliceToMap",
        "Sort",
        "Values",
    ),
    "convert": (
        "Bool",
        "Double",
        "Hex",
        "Int",
        "ParseInt",
    ),
    "datapoints": (
        "convert_summary_count_val_to_sum",
        "convert_summary_sum_val_to_sum",
        "merge_histogram_buckets",
    ),
    "editors": (
        "append",
        "clear",
        "delete_index",
        "delete_key",
        "set",
    ),
    "encoding": (
        "Base64Encode",
        "Decode",
    ),
    "hashing": (
        "FNV",
        "MD5",
        "Murmur3Hash",
        "Murmur3Hash128",
        "SHA1",
        "SHA256",
        "SHA512",
        "XXH128",
        "XXH3",
    ),
    "identifiers": (
        "ProfileID",
        "SpanID",
        "TraceID",
        "TraceIDRatioBasedSampler",
        "UUID",
        "UUIDv7",
    ),
    "kinds": (
        "IsBool",
        "IsDouble",
        "IsEmpty",
        "IsInt",
        "IsList",
        "IsMap",
        "IsMatch",
        "IsRootSpan",
        "IsString",
        "IsValidLuhn",
    ),
    "lambdas": (
        "All",
        "Any",
        "Filter",
        "Find",
        "MapEach",
        "MapKeys",
        "Reduce",
        "When",
    ),
    "logs": (
        "ParseCEF",
        "ParseCLF",
        "ParseELF",
        "ParseLEEF",
    ),
    "map_editors": (
        "delete_matching_keys",
        "keep_keys",
        "keep_matching_keys",
        "limit",
        "merge_maps",
    ),
    "metric_aggregate": (
        "aggregate_on_attribute_value",
        "aggregate_on_attributes",
    ),
    "metric_buckets": ("convert_exponential_histogram_to_histogram",),
    "metric_convert": (
        "convert_gauge_to_sum",
        "convert_sum_to_gauge",
        "convert_summary_quantile_val_to_gauge",
    ),
    "metric_extract": (
        "extract_avg_metric",
        "extract_count_metric",
        "extract_percentile_metric",
        "extract_sum_metric",
    ),
    "metrics": (
        "HasAttrKeyOnDatapoint",
        "HasAttrOnDatapoint",
        "copy_metric",
        "scale_metric",
    ),
    "network": (
        "CommunityID",
        "IsInCIDR",
        "URL",
        "UserAgent",
    ),
    "numbers": ("Log",),
    "parse_csv": ("ParseCSV",),
    "parse_json": ("ParseJSON",),
    "parse_key_value": (
        "ParseKeyValue",
        "ToKeyValueString",
    ),
    "parse_severity": ("ParseSeverity",),
    "patterns": (
        "ExtractGrokPatterns",
        "ExtractPatterns",
    ),
    "replace": (
        "replace_all_matches",
        "replace_all_patterns",
        "replace_match",
        "replace_pattern",
    ),
    "routing": ("route",),
    "spans": ("set_semconv_span_name",),
    "text": (
        "Concat",
        "ConvertCase",
        "Format",
        "HasPrefix",
        "HasSuffix",
        "Index",
        "Len",
        "Split",
        "String",
        "Substring",
        "ToCamelCase",
        "ToLowerCase",
        "ToSnakeCase",
        "ToUpperCase",
        "Trim",
        "TrimPrefix",
        "TrimSuffix",
    ),
    "time": (
        "Day",
        "Duration",
        "FormatTime",
        "Hour",
        "Hours",
        "Microseconds",
        "Milliseconds",
        "Minute",
        "Minutes",
        "Month",
        "Nanosecond",
        "Nanoseconds",
        "Now",
        "Second",
        "Seconds",
        "Time",
        "TruncateTime",
        "Unix",
        "UnixMicro",
        "UnixMilli",
        "UnixNano",
        "UnixSeconds",
        "Weekday",
        "Year",
    ),
    "value_editors": (
        "flatten",
        "sanitize_utf8",
        "stringify_all",
        "truncate_all",
    ),
    "xml": (
        "ConvertAttributesToElementsXML",
        "ConvertTextToElementsXML",
        "GetXML",
        "InsertXML",
        "ParseSimplifiedXML",
        "ParseXML",
        "RemoveXML",
    ),
}
"""The functions of each module of `otx.ottl.functions`."""

_MODULES = {name: module for module, names in FAMILIES.items() for name in names}


def load(name: str) -> None:
    """Import the family of a function, which registers it; an unknown name is none's."""
    module = _MODULES.get(name)
    if module is not None:
        importlib.import_module(f"{__package__}.{module}")


@cache
def load_all() -> None:
    """Import every family."""
    for module in FAMILIES:
        importlib.import_module(f"{__package__}.{module}")
