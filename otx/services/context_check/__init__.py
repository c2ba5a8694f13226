"""`otx trace-context check`: asks a service over HTTP, and is one that can be asked."""
