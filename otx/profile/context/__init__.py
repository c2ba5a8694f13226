"""Which span a sampled thread works for, and what its process says it is (OTEP 4947, 4719)."""
