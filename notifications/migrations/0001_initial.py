import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('concierge', '0001_initial'),
        ('providers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('event', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.event', verbose_name='event')),
                ('resent_from', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='notifications.message', verbose_name='sent again from')),
                ('site', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.site', verbose_name='site')),
                ('request_id', models.UUIDField(blank=True, null=True, verbose_name='service request')),
                ('kind', models.CharField(choices=[('email.code_requested', 'Code to confirm an address'), ('service_request.confirmed', 'Request confirmed'), ('service_request.started', 'Work has begun'), ('service_request.fulfilled', 'Everything is ready'), ('service_request.partially_fulfilled', 'Part of it could not be done'), ('service_request.cancelled', 'Request cancelled'), ('service_request.measured', 'Weighed or counted: dearer than announced'), ('service_request.rescheduled', 'Appointment moved'), ('waitlist.noticed', 'An earlier time is free'), ('service_request.link_sent', 'Tracking link'), ('service_request.declined', 'Request declined'), ('beneficiary.booked', 'Something was booked for this person'), ('beneficiary.cancelled', 'What was booked for this person does not take place'), ('prescriber.invited', 'Invitation of a prescriber'), ('trainee.invited', 'Invitation of a person of the team'), ('work_order.booked', 'Somebody takes care of it'), ('invoice.rendered', 'Invoice'), ('offer.sent', 'Offer to a provider'), ('offer.reminded', 'Reminder of an offer'), ('offer.rescheduled', 'The time of offered work has changed'), ('offer.moved_after_yes', 'Accepted work was moved: does the yes still hold?'), ('offer.repriced', 'What a provider is paid has changed'), ('offer.accepted', 'Details for the provider who accepted'), ('offer.not_selected', 'Offer taken by someone else'), ('offer.withdrawn', 'Offer withdrawn'), ('offer.expired', 'Offer expired'), ('price_request.sent', 'A price is asked of a provider'), ('price_request.reminded', 'Reminder of a question about a price'), ('price_request.withdrawn', 'A price is no longer needed'), ('price_request.chosen', "The client chose a provider's price"), ('price_request.not_selected', "A provider's price was not kept"), ('price_request.dropped', 'A chosen price is no longer counted on'), ('price_request.answered', 'A provider gave a price'), ('price_request.declined', 'A provider gives no price'), ('price_request.expired', 'A provider was silent about a price'), ('price_request.retracted', 'A provider took a price back'), ('price_request.lost', 'A price that a client was offered is gone'), ('price_request.misdirected', 'A question about a price reached the wrong person'), ('work_order.on_its_way', 'The things are on their way to the provider'), ('work_order.rescheduled', "Appointment of a provider's work moved"), ('assignment.cancelled', 'A plan was undone by a moved appointment'), ('assignment.left_alone', 'Somebody is without the companion of their work'), ('work_order.needs_dispatch', 'A work order needs a dispatcher'), ('offer.misdirected', 'An offer reached the wrong person'), ('client_account.renewal_due', 'A contract with a client account ends soon'), ('company_code.attacked', 'Somebody tries codes of companies'), ('quote.requested', 'A quote is asked for'), ('quote.rendered', 'Quote'), ('quote.reminded', 'A quote ends soon'), ('quote.accepted', 'A client accepted a quote'), ('quote.countersigned', 'Accepted quote'), ('quote.declined', 'A client declined a quote'), ('quote.changes_requested', 'A client wants a change'), ('quote.expired', 'A quote has ended'), ('quote.withdrawn', 'Quote withdrawn'), ('quote.renewal_asked', 'A client wants a quote renewed'), ('question.asked', 'Question to the client'), ('question.reminded', 'Reminder of a question'), ('question.answered', 'A client has answered'), ('service_request.held', 'Request on hold'), ('service_request.resumed', 'Request goes on'), ('service_request.expired', 'Request given up'), ('service_request.reminded', 'Reminder to the client'), ('work_order.reminded', 'Reminder to a provider'), ('silence.reported', 'Who is silent today'), ('order_sheet.ready', 'Order sheet'), ('pre_order.kept', 'Not fetched, kept for later'), ('pre_order.missed', 'Not fetched, given away'), ('pre_order.substituted', 'Something is replaced'), ('occurrence.failed', 'A day of a regular request failed'), ('agreement.sent', 'Agreement to sign'), ('agreement.signature_given', 'A provider has signed an agreement'), ('agreement.signed', 'Agreement signed by both'), ('agreement.declined', 'A provider does not sign an agreement'), ('agreement.withdrawn', 'Agreement given up'), ('agreement.ended', 'Agreement ends'), ('agreement.ending', 'Agreement ends soon'), ('provider.document_expiring', 'A document of a provider ends soon'), ('provider.document_expired', 'A document of a provider has ended'), ('provider_invitation.sent', 'Invitation of a provider'), ('provider_invitation.misdirected', 'An invitation reached the wrong person'), ('provider_invitation.refused', 'The file of a provider is refused'), ('provider.handed_in', 'A provider has filled in its file'), ('provider.approved', 'A provider works with us'), ('provider.document_sent', 'A provider sent a document'), ('provider.document_approved', 'A document of a provider is approved'), ('provider.document_refused', 'A document of a provider is refused'), ('provider.document_needed', 'A document keeps a provider from work'), ('pass_iae.ending', 'A PASS IAE ends'), ('trainee.leaving', 'Somebody leaves the team'), ('appointment.planned', 'An appointment with the social adviser'), ('appointment.moved', 'An appointment with the social adviser has moved'), ('appointment.cancelled', 'An appointment with the social adviser does not take place'), ('absence.noted', 'Somebody of the team says that they are away'), ('swap.asked', 'A colleague asks to swap a day'), ('swap.agreed', 'A swap of two people is to be decided'), ('swap.ended', 'A swap does not take place'), ('week.published', 'Working hours of a week'), ('hours_consent.declined', 'Somebody says no to hours that were told late'), ('clearance.expiring', 'A clearance of somebody of the team ends soon'), ('clearance.expired', 'A clearance of somebody of the team has ended'), ('help.requested', 'Somebody asks for help'), ('offer.call_due', 'A provider has to be called'), ('offer.countered', 'A provider proposes another price or day'), ('counter_offer.asked', 'Another day is proposed to the client'), ('offer.refused', 'What a provider proposed was not agreed'), ('offer.broken', 'A job was taken from a provider'), ('sms.answered', 'Answer to an SMS'), ('offer.link_asked', 'A new link for a provider'), ('offer.paused', 'A provider needs to know something first'), ('offer.resumed', 'The time to answer goes on'), ('offer.extension_asked', 'A provider asks for more time'), ('offer.extended', 'A provider was given more time'), ('bank_account.proposed', 'Another bank account of a provider'), ('bank_account.confirmed', 'Another bank account of a provider counts soon'), ('bank_account.active', 'A provider is paid to another account'), ('bank_account.cancelled', 'A bank account was stopped'), ('webhook_endpoint.disabled', 'A system is told nothing more')], max_length=60, verbose_name='message')),
                ('subject_type', models.CharField(max_length=40, verbose_name='speaks of')),
                ('subject_id', models.UUIDField(verbose_name='speaks of')),
                ('recipient_kind', models.CharField(choices=[('client', 'Client'), ('helped', 'Person it is for'), ('prescriber', 'Prescriber'), ('payer', 'Payer'), ('provider', 'Provider'), ('staff', 'Team')], max_length=10, verbose_name='reader')),
                ('recipient_id', models.BigIntegerField(blank=True, null=True, verbose_name='reader')),
                ('recipient_name', models.CharField(blank=True, max_length=160, verbose_name='reader')),
                ('channel', models.CharField(choices=[('email', 'E-mail'), ('sms', 'SMS')], db_default='email', default='email', max_length=10, verbose_name='channel')),
                ('address', models.CharField(max_length=254, verbose_name='address')),
                ('language', models.CharField(choices=[('fr', 'Français'), ('en', 'English')], max_length=2, verbose_name='language')),
                ('subject', models.CharField(blank=True, max_length=200, verbose_name='subject')),
                ('message_id', models.CharField(max_length=300, unique=True, verbose_name='Message-ID')),
                ('urgent', models.BooleanField(default=False, verbose_name='somebody waits for it')),
                ('status', models.CharField(choices=[('queued', 'To be sent'), ('sent', 'Has left'), ('failed', 'Refused by the mailbox'), ('dead', 'Given up'), ('suppressed', 'Held back')], default='queued', max_length=10, verbose_name='status')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('next_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='next attempt at')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent at')),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='last error')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='written at')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('event', 'kind', 'address'), name='message_once_per_event_and_reader'), models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'sent', 'failed', 'dead', 'suppressed'])), name='message_status_is_known'), models.CheckConstraint(condition=models.Q(('kind__in', ['email.code_requested', 'service_request.confirmed', 'service_request.started', 'service_request.fulfilled', 'service_request.partially_fulfilled', 'service_request.cancelled', 'service_request.measured', 'service_request.rescheduled', 'waitlist.noticed', 'service_request.link_sent', 'service_request.declined', 'beneficiary.booked', 'beneficiary.cancelled', 'prescriber.invited', 'trainee.invited', 'work_order.booked', 'invoice.rendered', 'offer.sent', 'offer.reminded', 'offer.rescheduled', 'offer.moved_after_yes', 'offer.repriced', 'offer.accepted', 'offer.not_selected', 'offer.withdrawn', 'offer.expired', 'price_request.sent', 'price_request.reminded', 'price_request.withdrawn', 'price_request.chosen', 'price_request.not_selected', 'price_request.dropped', 'price_request.answered', 'price_request.declined', 'price_request.expired', 'price_request.retracted', 'price_request.lost', 'price_request.misdirected', 'work_order.on_its_way', 'work_order.rescheduled', 'assignment.cancelled', 'assignment.left_alone', 'work_order.needs_dispatch', 'offer.misdirected', 'client_account.renewal_due', 'company_code.attacked', 'quote.requested', 'quote.rendered', 'quote.reminded', 'quote.accepted', 'quote.countersigned', 'quote.declined', 'quote.changes_requested', 'quote.expired', 'quote.withdrawn', 'quote.renewal_asked', 'question.asked', 'question.reminded', 'question.answered', 'service_request.held', 'service_request.resumed', 'service_request.expired', 'service_request.reminded', 'work_order.reminded', 'silence.reported', 'order_sheet.ready', 'pre_order.kept', 'pre_order.missed', 'pre_order.substituted', 'occurrence.failed', 'agreement.sent', 'agreement.signature_given', 'agreement.signed', 'agreement.declined', 'agreement.withdrawn', 'agreement.ended', 'agreement.ending', 'provider.document_expiring', 'provider.document_expired', 'provider_invitation.sent', 'provider_invitation.misdirected', 'provider_invitation.refused', 'provider.handed_in', 'provider.approved', 'provider.document_sent', 'provider.document_approved', 'provider.document_refused', 'provider.document_needed', 'pass_iae.ending', 'trainee.leaving', 'appointment.planned', 'appointment.moved', 'appointment.cancelled', 'absence.noted', 'swap.asked', 'swap.agreed', 'swap.ended', 'week.published', 'hours_consent.declined', 'clearance.expiring', 'clearance.expired', 'help.requested', 'offer.call_due', 'offer.countered', 'counter_offer.asked', 'offer.refused', 'offer.broken', 'sms.answered', 'offer.link_asked', 'offer.paused', 'offer.resumed', 'offer.extension_asked', 'offer.extended', 'bank_account.proposed', 'bank_account.confirmed', 'bank_account.active', 'bank_account.cancelled', 'webhook_endpoint.disabled'])), name='message_kind_is_known'), models.CheckConstraint(condition=models.Q(('recipient_kind__in', ['client', 'helped', 'prescriber', 'payer', 'provider', 'staff'])), name='message_reader_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('address__contains', '@'), ('channel', 'email')), models.Q(('address__regex', '^\\+[1-9][0-9]{5,14}$'), ('channel', 'sms')), _connector='OR'), name='message_has_an_address'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('status', 'sent')), models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at', None)), _connector='OR'), name='message_sent_has_a_time')],
                'indexes': [models.Index(condition=models.Q(('status', 'queued')), fields=['organisation', '-urgent', 'next_at', 'id'], name='message_due'), models.Index(fields=['organisation', 'status', '-id'], name='message_by_status'), models.Index(fields=['organisation', 'request_id', 'id'], name='message_of_request')],
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('provider', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhook_endpoints', to='providers.provider', verbose_name='provider')),
                ('url', models.CharField(max_length=500, verbose_name='address')),
                ('types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None, verbose_name='types')),
                ('sealed', models.TextField(editable=False, verbose_name='secret')),
                ('disabled_at', models.DateTimeField(blank=True, null=True, verbose_name='disabled at')),
                ('disabled_why', models.CharField(blank=True, choices=[('by_hand', 'Disabled by its owner'), ('gone', 'It answered 410: gone'), ('failing', '75 hours without an answer')], max_length=10, verbose_name='why it was disabled')),
                ('busy_until', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='a call is being made until')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'webhook endpoint',
                'verbose_name_plural': 'webhook endpoints',
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('sealed__startswith', 'gAAAA')), name='webhook_endpoint_secret_is_encrypted'), models.CheckConstraint(condition=models.Q(('types__len__gt', 0)), name='webhook_endpoint_hears_something'), models.CheckConstraint(condition=models.Q(models.Q(('disabled_at__isnull', True), ('disabled_why', '')), models.Q(('disabled_at__isnull', False), ('disabled_why__in', ['by_hand', 'gone', 'failing'])), _connector='OR'), name='webhook_endpoint_disabled_says_why')],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notifications.webhookendpoint', verbose_name='webhook endpoint')),
                ('event', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.event', verbose_name='event')),
                ('type', models.CharField(max_length=40, verbose_name='type')),
                ('payload', models.JSONField(verbose_name='what is sent')),
                ('status', models.CharField(choices=[('queued', 'To be sent'), ('sent', 'Taken'), ('dead', 'Given up')], default='queued', max_length=10, verbose_name='status')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('next_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='next attempt at')),
                ('http_status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='answer')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent at')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='written at')),
            ],
            options={
                'verbose_name': 'webhook delivery',
                'verbose_name_plural': 'webhook deliveries',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'event'), name='webhook_delivery_once'), models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'sent', 'dead'])), name='webhook_delivery_status_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('status', 'sent')), models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='webhook_delivery_sent_has_a_time')],
                'indexes': [models.Index(condition=models.Q(('status', 'queued')), fields=['endpoint', 'next_at', 'id'], name='webhook_delivery_due'), models.Index(fields=['organisation', 'created_at'], name='webhook_delivery_by_age')],
            },
        ),
    ]
