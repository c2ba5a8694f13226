"""From a settings offer to an endpoint: what is set replaces, what this agent allows is taken."""

from otx.errors import OtxError
from otx.opamp.opamp_pb2 import OpAMPConnectionSettings
from otx.opamp.transport.endpoint import Endpoint, Tls
from otx.services.agent.policy import why_not_there
from otx.services.agent.section import Allowed


def endpoint_of(settings: OpAMPConnectionSettings, current: Endpoint) -> Endpoint:
    """The endpoint that an offer means, seen from the current one.

    What is unset stays: URL, headers, TLS options, proxy and, on the same host, the certificate.
    The specification would have the last one dropped, so that new headers alone lock an agent out
    of a server that asks for certificates; one that does not ask is never shown any.

    Raises:
        UsageError: The URL or the TLS settings cannot be used.
    """
    url = settings.destination_endpoint or current.url
    headers = current.headers
    if settings.HasField("headers"):
        headers = tuple((one.key, one.value) for one in settings.headers.headers)
    proxy = settings.proxy.url if settings.HasField("proxy") else current.proxy
    if proxy and "//" not in proxy:
        proxy = f"http://{proxy}"
    target = Endpoint.of(url)
    tls = _tls(settings, current.tls, keeps_certificate=target.host == current.host)
    endpoint = Endpoint(target.url, headers, tls, proxy)
    if endpoint.is_secure:
        endpoint.tls.context()
    return endpoint


def with_certificate(
    settings: OpAMPConnectionSettings, kept: OpAMPConnectionSettings, current: Endpoint
) -> OpAMPConnectionSettings:
    """An offer with the certificate of the settings that it takes the place of, if it has none."""
    url = settings.destination_endpoint or current.url
    if settings.certificate.cert or not kept.certificate.cert:
        return settings
    if Endpoint.of(url).host != current.host:
        return settings
    whole = OpAMPConnectionSettings()
    whole.CopyFrom(settings)
    whole.certificate.CopyFrom(kept.certificate)
    return whole


def _tls(settings: OpAMPConnectionSettings, current: Tls, *, keeps_certificate: bool) -> Tls:
    certificate = settings.certificate
    own = certificate.cert, certificate.private_key
    if not certificate.cert and keeps_certificate:
        own = current.certificate_pem, current.key_pem
    ca_pem, with_system = current.ca_pem, current.with_system
    is_insecure, min_version = current.is_insecure, current.min_version
    if settings.HasField("tls"):
        ca_pem = settings.tls.ca_pem_contents
        with_system = settings.tls.include_system_ca_certs_pool
        is_insecure = settings.tls.insecure_skip_verify
        min_version = settings.tls.min_version
    elif certificate.ca_cert:
        ca_pem = certificate.ca_cert.decode("ascii", "replace")
    return Tls(
        ca_pem=ca_pem,
        with_system=with_system,
        certificate_pem=own[0],
        key_pem=own[1],
        is_insecure=is_insecure,
        min_version=min_version,
    )


def why_refused(settings: OpAMPConnectionSettings, current: Endpoint, allowed: Allowed) -> str:
    """Why an offer is not even tried; "" where it is."""
    try:
        offered = endpoint_of(settings, current)
    except OtxError as error:
        return error.message
    if current.is_secure and not offered.is_secure:
        return "it would give up TLS"
    if offered.tls.is_insecure and not current.tls.is_insecure and not allowed.insecure:
        return "it would not verify the server; agent.allow.insecure does not allow that"
    if settings.certificate.cert and not settings.certificate.private_key:
        return "its certificate comes without a key, and this agent asked for none"
    return why_not_there(offered.url, current.host, allowed)
