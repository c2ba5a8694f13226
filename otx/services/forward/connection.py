"""The connection to a destination, made when it is needed and made anew after a try that failed."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from otx.errors import OtxError
from otx.model.signal import Signal
from otx.otlp.exporter.client import Client, Outcome, Reply
from otx.otlp.exporter.endpoint import Endpoint
from otx.otlp.receiver.loop import HEADER
from otx.services.forward.destination import Destination


class Connection:
    """Sends to one destination. Used by one thread."""

    def __init__(
        self,
        destination: Destination,
        variables: Mapping[str, str],
        forwarded_by: Callable[[], str] = lambda: "",
    ) -> None:
        """Connect to nobody yet.

        Args:
            destination: Where to.
            variables: The environment.
            forwarded_by: What to say with each request (`otx.otlp.receiver.loop`).
        """
        self._forwarded_by = forwarded_by
        self._said = ""
        self._destination = destination
        self._variables = variables
        self._by_signal: dict[Signal, Client] = {}
        self._by_target: dict[str, Client] = {}

    def send(self, signal: Signal, body: bytes, timeout_s: float) -> Reply:
        """Send a request once; never raises for what comes back."""
        if self._forwarded_by() != self._said:
            self.close()  # headers are of a connection
            self._said = self._forwarded_by()
        try:
            client = self._by_signal.get(signal) or self._connect(signal)
        except OtxError as error:  # a certificate's file that is there no longer
            return Reply(Outcome.UNREACHABLE, message=error.message)
        reply = client.send(signal, body, timeout_s)
        if reply.outcome in (Outcome.RETRY, Outcome.UNREACHABLE):
            # A gRPC channel that has failed waits for up to two minutes before it looks again.
            self.close()
        return reply

    def close(self) -> None:
        """End what is open."""
        for client in self._by_target.values():
            client.close()
        self._by_target.clear()
        self._by_signal.clear()

    def _connect(self, signal: Signal) -> Client:
        """The client of a signal: its own over HTTP, one for all over gRPC."""
        endpoint = self._destination.endpoint(signal, self._variables)
        if self._said:
            endpoint = replace(endpoint, headers={**endpoint.headers, HEADER: self._said})
        client = self._by_target.get(endpoint.target)
        if client is None:
            client = _client(endpoint, self._destination.compression)
        self._by_target[endpoint.target] = self._by_signal[signal] = client
        return client


def _client(endpoint: Endpoint, compression: str) -> Client:
    if endpoint.protocol == "grpc":
        from otx.otlp.exporter.grpc_client import GrpcClient  # 60 ms, and 20 MiB

        return GrpcClient(endpoint, compression)
    from otx.otlp.exporter.http_client import HttpClient  # 30 ms

    return HttpClient(endpoint, compression)
