"""Pages and the HTTP API: the archive asked over HTTP, in one process."""
