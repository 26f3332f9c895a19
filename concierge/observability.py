"""Error reports and traces, only where the environment names a place for them; never personal data (S39)."""

from __future__ import annotations

from django.conf import settings

from concierge.logs import hide_in_report, hide_in_span


def start() -> None:
    """Switch on Sentry and OpenTelemetry as the settings ask; called once per process by wsgi and celery."""
    if settings.SENTRY_DSN:
        _report_errors()
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        _trace()


def _report_errors() -> None:
    import sentry_sdk

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=hide_in_report,
        before_send_transaction=hide_in_report,
    )


def _trace() -> None:
    """Spans of requests, tasks and queries over OTLP; the endpoint and service name come from the OTEL_* variables."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(request_hook=hide_in_span)
    for instrumentor in (CeleryInstrumentor, PsycopgInstrumentor):
        instrumentor().instrument()
