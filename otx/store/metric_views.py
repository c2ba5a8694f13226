"""`metrics` and `samples` of `otx query`, and the exporter's tables of metrics, as SQL.

Buckets are put together here, when somebody asks for them: a segment holds them as they came. A
bucket is over `lower` and up to `upper`; an open end is NULL. An exponential bucket's bounds are
powers of 2 ** (2 ** -scale) (metrics.proto, `ExponentialHistogramDataPoint`); below zero they are
mirrored, so that such a bucket is from `lower` on and under `upper`. A point whose lowest flag is
set says that nothing was recorded (metrics.proto, `DataPointFlags`): its values are NULL.
"""

from otx.store.shown_table import ShownTable

_MACROS = """
CREATE MACRO closed(bound) AS CASE WHEN isinf(bound) THEN NULL ELSE bound END;
CREATE MACRO exponential_bound(scale, index) AS 
    closed(pow(2.0, index * pow(2.0, -scale::BIGINT)));
CREATE MACRO explicit_buckets(counts, bounds) AS
    list_transform(counts, lambda c, i: struct_pack(
        lower := closed(bounds[i - 1]), upper := closed(bounds[i]), count := c));
CREATE MACRO exponential_buckets(scale, zero_count, zero_threshold, positive_offset,
                                 positive_counts, negative_offset, negative_counts) AS
    list_concat(
        list_reverse(coalesce(list_transform(negative_counts, lambda c, i: struct_pack(
            lower := -exponential_bound(scale, negative_offset + i),
            upper := -exponential_bound(scale, negative_offset + i - 1), count := c)), [])),
        [struct_pack(lower := 0 - zero_threshold, upper := zero_threshold, count := zero_count)],
        coalesce(list_transform(positive_counts, lambda c, i: struct_pack(
            lower := exponential_bound(scale, positive_offset + i - 1),
            upper := exponential_bound(scale, positive_offset + i), count := c)), []));
CREATE MACRO unless_missing(flags, recorded) AS
    CASE WHEN (flags & 1) = 1 THEN NULL ELSE recorded END;
"""

_METRICS = """
    SELECT time, CASE WHEN epoch_ns(start_time) <> 0 THEN start_time END AS start_time,
           name, type, unit, service,
           unless_missing(flags, value) AS value,
           unless_missing(flags, count) AS count,
           unless_missing(flags, sum) AS sum,
           unless_missing(flags, min) AS min,
           unless_missing(flags, max) AS max,
           CASE
               WHEN (flags & 1) = 1 THEN NULL
               WHEN type = 'histogram' THEN explicit_buckets(bucket_counts, explicit_bounds)
               WHEN type = 'exponential_histogram' THEN exponential_buckets(
                   scale, zero_count, zero_threshold, positive_offset, positive_counts,
                   negative_offset, negative_counts)
           END AS buckets,
           list_transform(exemplars, lambda e: struct_pack(
               time := e.time, value := e.value, value_int := e.value_int,
               trace_id := e.trace_id, span_id := e.span_id,
               attributes := e.attributes::JSON)) AS exemplars,
           attributes::JSON AS attributes, resource::JSON AS resource, temporality, monotonic,
           unless_missing(flags, value_int) AS value_int,
           unless_missing(flags, quantiles) AS quantiles, scale,
           unless_missing(flags, zero_count) AS zero_count,
           zero_threshold, flags, description, metadata::JSON AS metadata, scope, scope_version,
           scope_attributes::JSON AS scope_attributes, received_time,
           resource_schema_url, scope_schema_url,
           resource_dropped_attributes_count, scope_dropped_attributes_count
    FROM all_metrics"""

_SAMPLES = """
    SELECT * REPLACE (attributes::JSON AS attributes, resource::JSON AS resource)
    FROM all_samples"""

_OTEL_COMMON = """
    text_map(resource) AS "ResourceAttributes", scope AS "ScopeName",
    scope_version AS "ScopeVersion", text_map(scope_attributes) AS "ScopeAttributes",
    service AS "ServiceName", name AS "MetricName", description AS "MetricDescription",
    unit AS "MetricUnit", text_map(attributes) AS "Attributes", start_time AS "StartTimeUnix",
    time AS "TimeUnix", flags AS "Flags\""""
_OTEL_LATER = """
    resource_schema_url AS "ResourceSchemaUrl", scope_schema_url AS "ScopeSchemaUrl",
    scope_dropped_attributes_count AS "ScopeDroppedAttrCount\""""
_OTEL_EXEMPLARS = """
    list_transform(exemplars, lambda e: text_map(e.attributes))
        AS "Exemplars.FilteredAttributes",
    list_transform(exemplars, lambda e: e.time) AS "Exemplars.TimeUnix",
    list_transform(exemplars, lambda e: e.value) AS "Exemplars.Value",
    list_transform(exemplars, lambda e: e.span_id) AS "Exemplars.SpanId",
    list_transform(exemplars, lambda e: e.trace_id) AS "Exemplars.TraceId\""""
_OTEL_TEMPORALITY = """
    coalesce(list_position(['DELTA', 'CUMULATIVE'], temporality), 0)::INTEGER
        AS "AggregationTemporality\""""
_OTEL_SUMMARY = """coalesce(sum, 0) AS "Sum", count AS "Count\""""
_OTEL_EDGES = 'min AS "Min", max AS "Max"'

_OTEL_TABLES = {
    "gauge": ("gauge", 'value AS "Value"', _OTEL_EXEMPLARS),
    "sum": (
        "sum",
        'value AS "Value"',
        _OTEL_TEMPORALITY,
        'monotonic AS "IsMonotonic"',
        _OTEL_EXEMPLARS,
    ),
    "histogram": (
        "histogram",
        _OTEL_SUMMARY,
        'bucket_counts AS "BucketCounts", explicit_bounds AS "ExplicitBounds"',
        _OTEL_EDGES,
        _OTEL_TEMPORALITY,
        _OTEL_EXEMPLARS,
    ),
    "exp_histogram": (
        "exponential_histogram",
        _OTEL_SUMMARY,
        'scale AS "Scale", zero_count AS "ZeroCount", zero_threshold AS "ZeroThreshold"',
        'coalesce(positive_offset, 0) AS "PositiveOffset"',
        'coalesce(positive_counts, []) AS "PositiveBucketCounts"',
        'coalesce(negative_offset, 0) AS "NegativeOffset"',
        'coalesce(negative_counts, []) AS "NegativeBucketCounts"',
        _OTEL_EDGES,
        _OTEL_TEMPORALITY,
        _OTEL_EXEMPLARS,
    ),
    "summary": (
        "summary",
        _OTEL_SUMMARY,
        'list_transform(quantiles, lambda q: q.quantile) AS "ValueAtQuantiles.Quantile"',
        'list_transform(quantiles, lambda q: q.value) AS "ValueAtQuantiles.Value"',
    ),
}
"""For each table of the exporter, the type of its metrics and the columns of its own."""


def metric_tables(exporter_macros: str) -> dict[str, ShownTable]:
    """The tables over rows of metrics and samples, by name.

    Args:
        exporter_macros: Makes what the exporter's tables call.
    """
    exporters = {
        f"otel_metrics_{name}": ShownTable(
            "metrics",
            f"SELECT {', '.join((_OTEL_COMMON, *own, _OTEL_LATER))} "  # noqa: S608 - fixed words
            f"FROM all_metrics WHERE type = '{kind}'",
            (exporter_macros,),
        )
        for name, (kind, *own) in _OTEL_TABLES.items()
    }
    return {
        "metrics": ShownTable("metrics", _METRICS, (_MACROS,)),
        "samples": ShownTable("samples", _SAMPLES),
        **exporters,
    }
