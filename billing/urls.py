"""Pages and endpoints of the billing app."""

from django.urls import include, path

from billing import api
from billing.views import invoices as views
from billing.views import texts

app_name = "billing"
api_urlpatterns = [
    path("invoices", api.InvoiceList.as_view(), name="api-invoices"),
    path("invoices/<uuid:public_id>", api.InvoiceDetail.as_view(), name="api-invoice"),
    path("invoices/<uuid:public_id>/pdf", api.InvoicePdf.as_view(), name="api-invoice-pdf"),
    path("invoices/<uuid:public_id>/xml", api.InvoiceXml.as_view(), name="api-invoice-xml"),
]

urlpatterns = [
    # First: one look at the beginning of an address tells a call from a page.
    path("api/v1/", include(api_urlpatterns)),
    path("factures/", views.invoices, name="invoices"),
    path("factures/a-facturer/", views.to_invoice, name="to-invoice"),
    path("factures/a-facturer/payeur/", views.invoice_now, name="invoice-now"),
    path("factures/a-facturer/tous/", views.invoice_all_now, name="invoice-all-now"),
    path("factures/emetteur/", views.issuer, name="issuer"),
    path("factures/textes/", texts.legal_texts, name="texts"),
    path("factures/textes/<slug:code>/", texts.legal_text, name="text"),
    path("factures/textes/<slug:code>/retirer/", texts.take_back, name="take-text-back"),
    path("factures/demande/<uuid:public_id>/", views.of_request, name="of-request"),
    path("factures/personne/<uuid:client>/", views.of_client, name="of-client"),
    path("factures/demande/<uuid:public_id>/facturer/", views.invoice_request_now, name="invoice-request-now"),
    path("factures/<uuid:public_id>/", views.invoice, name="invoice"),
    path("factures/<uuid:public_id>/pdf", views.pdf, name="pdf"),
    path("factures/<uuid:public_id>/xml", views.xml, name="xml"),
    path("factures/<uuid:public_id>/avoir/", views.credit, name="credit"),
]
