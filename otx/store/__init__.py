"""Write-ahead log, Parquet segments, DuckDB queries."""
