"""Letters about questions, pauses and silences."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0007_site_rules"),
        ("notifications", "0006_orders_ahead"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="message",
            name="message_kind_is_known",
        ),
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(
                choices=[
                    ("email.code_requested", "Code to confirm an address"),
                    ("service_request.confirmed", "Request confirmed"),
                    ("service_request.started", "Work has begun"),
                    ("service_request.fulfilled", "Everything is ready"),
                    ("service_request.partially_fulfilled", "Part of it could not be done"),
                    ("service_request.cancelled", "Request cancelled"),
                    ("service_request.link_sent", "Tracking link"),
                    ("service_request.declined", "Request declined"),
                    ("beneficiary.booked", "Something was booked for this person"),
                    ("beneficiary.cancelled", "What was booked for this person does not take place"),
                    ("work_order.booked", "Somebody takes care of it"),
                    ("invoice.rendered", "Invoice"),
                    ("offer.sent", "Offer to a provider"),
                    ("offer.accepted", "Details for the provider who accepted"),
                    ("offer.not_selected", "Offer taken by someone else"),
                    ("offer.withdrawn", "Offer withdrawn"),
                    ("offer.expired", "Offer expired"),
                    ("work_order.on_its_way", "The things are on their way to the provider"),
                    ("work_order.needs_dispatch", "A work order needs a dispatcher"),
                    ("offer.misdirected", "An offer reached the wrong person"),
                    ("question.asked", "Question to the client"),
                    ("question.reminded", "Reminder of a question"),
                    ("question.answered", "A client has answered"),
                    ("service_request.held", "Request on hold"),
                    ("service_request.resumed", "Request goes on"),
                    ("service_request.expired", "Request given up"),
                    ("service_request.reminded", "Reminder to the client"),
                    ("work_order.reminded", "Reminder to a provider"),
                    ("silence.reported", "Who is silent today"),
                    ("order_sheet.ready", "Order sheet"),
                    ("pre_order.kept", "Not fetched, kept for later"),
                    ("pre_order.missed", "Not fetched, given away"),
                    ("pre_order.substituted", "Something is replaced"),
                    ("help.requested", "Somebody asks for help"),
                ],
                max_length=60,
                verbose_name="message",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "email.code_requested",
                            "service_request.confirmed",
                            "service_request.started",
                            "service_request.fulfilled",
                            "service_request.partially_fulfilled",
                            "service_request.cancelled",
                            "service_request.link_sent",
                            "service_request.declined",
                            "beneficiary.booked",
                            "beneficiary.cancelled",
                            "work_order.booked",
                            "invoice.rendered",
                            "offer.sent",
                            "offer.accepted",
                            "offer.not_selected",
                            "offer.withdrawn",
                            "offer.expired",
                            "work_order.on_its_way",
                            "work_order.needs_dispatch",
                            "offer.misdirected",
                            "question.asked",
                            "question.reminded",
                            "question.answered",
                            "service_request.held",
                            "service_request.resumed",
                            "service_request.expired",
                            "service_request.reminded",
                            "work_order.reminded",
                            "silence.reported",
                            "order_sheet.ready",
                            "pre_order.kept",
                            "pre_order.missed",
                            "pre_order.substituted",
                            "help.requested",
                        ],
                    )
                ),
                name="message_kind_is_known",
            ),
        ),
    ]
