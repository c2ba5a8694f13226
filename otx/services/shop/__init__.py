"""A small shop of five processes, instrumented as any application would be.

It exists so that `otx demo` has something real to look at: HTTP between the processes, trace
context in their headers, logs inside their spans, one slow path (the bank), one failing path
(declined cards) and one CPU-hungry function (`rank_products`). Nothing here knows otx: the
processes are told where to send by the standard OTEL_EXPORTER_OTLP_ENDPOINT alone.
"""
