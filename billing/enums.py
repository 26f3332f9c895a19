"""Closed lists of billing (lifecycles.md 2.8). Words are stored, labels are translated."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DocumentKind(models.TextChoices):
    """What a document is; each kind has its own series."""

    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")


class DocumentStatus(models.TextChoices):
    """First axis: a document is issued once and for all; credit notes only add to what is known of it."""

    ISSUED = "issued", _("Issued")
    PARTLY_CREDITED = "partly_credited", _("Partly credited")
    CREDITED = "credited", _("Credited")


class RenderStatus(models.TextChoices):
    """Where the PDF is: drawn after issue, so that a broken renderer never holds the numbering."""

    PENDING = "pending", _("PDF being prepared")
    READY = "ready", _("PDF ready")
    FAILED = "failed", _("PDF not ready, we try again")


class VatRegime(models.TextChoices):
    """How the issuer stands towards VAT."""

    LIABLE = "liable", _("Liable for VAT")
    FRANCHISE = "franchise", _("Small business exemption (art. 293 B)")


DOCUMENT_CATEGORY = {
    DocumentStatus.ISSUED: "done",
    DocumentStatus.PARTLY_CREDITED: "waiting",
    DocumentStatus.CREDITED: "cancelled",
}


class FileFault(models.TextChoices):
    """Why the file of a document would be refused (``billing.rules.faults``), in the words of the accountant."""

    NUMBER_REFUSED = "number_refused", _("The number %(number)s has signs that e-invoices do not allow.")
    KIND_UNKNOWN = "kind_unknown", _("This kind of document does not exist in e-invoicing.")
    NOT_IN_EUROS = "not_in_euros", _("The document must be in euros.")
    DATE_REFUSED = "date_refused", _("A date is not between 2000 and 2099.")
    DATES_DISORDERED = (
        "dates_disordered",
        _("The due date is before the issue date, or the work ends before it begins."),
    )
    PRECEDING_MISSING = "preceding_missing", _("A credit note must name the invoice that it corrects.")
    SELLER_NAME_MISSING = "seller_name_missing", _("The name of the issuer is missing: see “Issuer”.")
    SELLER_SIREN_WRONG = "seller_siren_wrong", _("The SIREN %(siren)s of the issuer does not exist: see “Issuer”.")
    SELLER_SIRET_WRONG = (
        "seller_siret_wrong",
        _("The SIRET %(siret)s of the issuer does not exist, or does not begin with its SIREN: see “Issuer”."),
    )
    SELLER_ADDRESS_MISSING = "seller_address_missing", _("The town of the issuer is missing: see “Issuer”.")
    SELLER_VAT_WRONG = (
        "seller_vat_wrong",
        _("The VAT number %(number)s of the issuer does not exist: see “Issuer”."),
    )
    BUYER_NAME_MISSING = "buyer_name_missing", _("The name of the payer is missing.")
    BUYER_SIREN_MISSING = (
        "buyer_siren_missing",
        _("The SIREN of %(name)s is missing, and the law wants it. Have it written on the page of the account."),
    )
    BUYER_SIREN_WRONG = (
        "buyer_siren_wrong",
        _("The SIREN %(siren)s of %(name)s does not exist: have it corrected on the page of the account."),
    )
    BUYER_VAT_WRONG = (
        "buyer_vat_wrong",
        _("The VAT number %(number)s of %(name)s does not exist: have it corrected on the page of the account."),
    )
    BUYER_ADDRESS_MISSING = (
        "buyer_address_missing",
        _("The address of %(name)s is missing: at least its town. Have it written on the page of the account."),
    )
    ADDRESS_REFUSED = "address_refused", _("E-invoices cannot be sent to the address %(address)s.")
    MENTION_MISSING = (
        "mention_missing",
        _("A mandatory sentence is missing or empty: penalties, recovery costs or discount. See the legal texts."),
    )
    MENTION_UNKNOWN = "mention_unknown", _("A legal sentence has a subject that e-invoices do not know.")
    LINE_WITHOUT_WORDS = "line_without_words", _("Line %(rank)s says nothing: it needs a description.")
    RATE_UNKNOWN = "rate_unknown", _("Line %(rank)s (%(line)s): %(rate)s %% is not a French VAT rate.")
    LINE_DISAGREES = (
        "line_disagrees",
        _("Line %(rank)s (%(line)s): the quantity times the price does not give the amount."),
    )
    VAT_DISAGREES = "vat_disagrees", _("The VAT does not agree with the lines.")
    REASON_MISSING = "reason_missing", _("The document must say why there is no VAT: see the legal texts.")
    REASON_UNKNOWN = (
        "reason_unknown",
        _("The code %(code)s is no known reason for leaving out VAT: see the legal texts."),
    )
    OUTSIDE_VAT_MIXED = (
        "outside_vat_mixed",
        _("What is outside the scope of VAT needs a document of its own."),
    )
    OUTSIDE_VAT_NUMBERED = (
        "outside_vat_numbered",
        _("A document outside the scope of VAT bears no VAT number, neither yours nor the payer’s."),
    )
    TOTALS_DISAGREE = "totals_disagree", _("The totals do not agree with the lines.")
    NOTHING_ASKED = "nothing_asked", _("There is nothing on this document: its total is zero.")
    PAID_DISAGREES = "paid_disagrees", _("What was paid does not agree with the total.")


class TextCode(models.TextChoices):
    """The sentences that the law wants on documents (``billing.rules.mentions``), as people speak of them."""

    LATE_PENALTIES = "late_penalties", _("Late-payment penalties")
    RECOVERY_COSTS = "recovery_costs", _("Compensation for recovery costs")
    EARLY_PAYMENT = "early_payment_discount", _("Discount for early payment")
    FRANCHISE = "vat_franchise", _("No VAT: small business scheme")
    EXEMPT = "vat_exempt", _("No VAT: exempt activity")
    REVERSE_CHARGE = "reverse_charge", _("No VAT: the client accounts for it")
    OUTSIDE_VAT = "outside_vat", _("No VAT: outside its scope")
    VAT_ON_DEBITS = "vat_on_debits", _("VAT on debits")
    NOT_FOR_CONSUMERS = "not_for_consumers", _("In the file of a consumer, instead of penalties")
