import bookings.models.catalogue
import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('bookings', '0001_initial'),
        ('concierge', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='LegalEntity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('name', models.CharField(max_length=160, verbose_name='name')),
                ('legal_form', models.CharField(blank=True, max_length=80, verbose_name='legal form')),
                ('capital', models.CharField(blank=True, max_length=40, verbose_name='capital')),
                ('street', models.CharField(max_length=200, verbose_name='street')),
                ('postcode', models.CharField(max_length=10, verbose_name='postcode')),
                ('city', models.CharField(max_length=100, verbose_name='city')),
                ('siren', models.CharField(max_length=9, verbose_name='SIREN')),
                ('siret', models.CharField(blank=True, max_length=14, verbose_name='SIRET')),
                ('rcs', models.CharField(blank=True, max_length=80, verbose_name='register and town (RCS)')),
                ('vat_number', models.CharField(blank=True, max_length=14, verbose_name='VAT number')),
                ('vat_regime', models.CharField(choices=[('liable', 'Liable for VAT'), ('franchise', 'Small business exemption (art. 293 B)')], default='liable', max_length=12, verbose_name='VAT')),
                ('vat_on_debits', models.BooleanField(default=False, verbose_name='pays VAT on debits')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='phone')),
                ('website', models.CharField(blank=True, max_length=120, verbose_name='website')),
                ('iban', models.CharField(blank=True, max_length=34, verbose_name='IBAN')),
                ('bic', models.CharField(blank=True, max_length=11, verbose_name='BIC')),
                ('payment_days', models.PositiveSmallIntegerField(default=30, verbose_name='days to pay')),
                ('payment_terms_fr', models.CharField(blank=True, max_length=300, verbose_name='payment terms (French)')),
                ('payment_terms_en', models.CharField(blank=True, max_length=300, verbose_name='payment terms (English)')),
                ('time_zone', models.CharField(default='Europe/Paris', max_length=40, verbose_name='time zone')),
            ],
            options={
                'verbose_name': 'issuer',
                'verbose_name_plural': 'issuers',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('organisation',), name='legal_entity_once_per_organisation', violation_error_message='The issuer of this organisation is already known.'), models.CheckConstraint(condition=models.Q(('siren__regex', '^[0-9]{9}$')), name='legal_entity_siren_has_nine_digits', violation_error_message='A SIREN has nine digits.'), models.CheckConstraint(condition=models.Q(('siret', ''), ('siret__regex', '^[0-9]{14}$'), _connector='OR'), name='legal_entity_siret_has_fourteen_digits', violation_error_message='A SIRET has fourteen digits.'), models.CheckConstraint(condition=models.Q(('payment_days__lte', 60)), name='legal_entity_payment_within_sixty_days', violation_error_message='The law allows at most 60 days (C. com. L441-10).')],
            },
        ),
        migrations.CreateModel(
            name='LegalText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('code', models.SlugField(max_length=40, verbose_name='code')),
                ('text_fr', models.CharField(max_length=500, verbose_name='French text')),
                ('text_en', models.CharField(blank=True, max_length=500, verbose_name='English text')),
                ('law_ref', models.CharField(blank=True, max_length=120, verbose_name='legal reference')),
                ('valid_from', models.DateField(verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid to')),
            ],
            options={
                'verbose_name': 'legal text',
                'verbose_name_plural': 'legal texts',
                'ordering': ['code', '-valid_from'],
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('organisation', '='), ('code', '='), (bookings.models.catalogue.DateRange('valid_from', 'valid_to'), '&&')], name='legal_text_one_per_day', violation_error_message='Another text with this code is already valid in this period.')],
            },
        ),
        migrations.CreateModel(
            name='Series',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('entity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='series', to='billing.legalentity', verbose_name='issuer')),
                ('kind', models.CharField(choices=[('invoice', 'Invoice'), ('credit_note', 'Credit note')], max_length=12, verbose_name='kind')),
                ('fiscal_year', models.PositiveSmallIntegerField(verbose_name='year')),
                ('last_number', models.PositiveIntegerField(default=0, verbose_name='last number')),
                ('last_issued_on', models.DateField(verbose_name='last issued on')),
            ],
            options={
                'verbose_name': 'series',
                'verbose_name_plural': 'series',
                'ordering': ['fiscal_year', 'kind', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('entity', 'kind', 'fiscal_year'), name='series_once_per_kind_and_year')],
            },
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('entity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='billing.legalentity', verbose_name='issuer')),
                ('series', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='billing.series', verbose_name='series')),
                ('kind', models.CharField(choices=[('invoice', 'Invoice'), ('credit_note', 'Credit note')], max_length=12, verbose_name='kind')),
                ('sequence', models.PositiveIntegerField(verbose_name='rank in the series')),
                ('number', models.CharField(max_length=35, verbose_name='number')),
                ('issued_on', models.DateField(verbose_name='issued on')),
                ('due_on', models.DateField(verbose_name='due on')),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='recorded at')),
                ('client', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='bookings.client', verbose_name='client')),
                ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='bookings.clientaccount', verbose_name='client account')),
                ('credits', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_notes', to='billing.invoice', verbose_name='invoice credited')),
                ('buyer_name', models.CharField(max_length=200, verbose_name='billed to')),
                ('language', models.CharField(default='fr', max_length=2, verbose_name='language')),
                ('total_excl_vat', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='total excl. VAT (€)')),
                ('total_vat', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='VAT (€)')),
                ('total_incl_vat', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='total incl. VAT (€)')),
                ('snapshot', models.JSONField(verbose_name='content')),
                ('snapshot_sha256', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('issued', 'Issued'), ('partly_credited', 'Partly credited'), ('credited', 'Credited')], default='issued', max_length=16, verbose_name='status')),
                ('render_status', models.CharField(choices=[('pending', 'PDF being prepared'), ('ready', 'PDF ready'), ('failed', 'PDF not ready, we try again')], default='pending', max_length=8, verbose_name='PDF')),
                ('render_attempts', models.PositiveSmallIntegerField(default=0)),
                ('render_next_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('render_error', models.CharField(blank=True, max_length=300)),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent at')),
            ],
            options={
                'verbose_name': 'invoice',
                'verbose_name_plural': 'invoices',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('series', 'sequence'), name='invoice_rank_once_per_series'), models.UniqueConstraint(fields=('organisation', 'number'), name='invoice_number_once'), models.CheckConstraint(condition=models.Q(('client__isnull', True), ('account__isnull', True), _connector='XOR'), name='invoice_has_one_payer'), models.CheckConstraint(condition=models.Q(models.Q(('credits__isnull', False), ('kind', 'credit_note')), models.Q(('credits', None), ('kind', 'invoice')), _connector='OR'), name='invoice_credit_note_names_its_invoice'), models.CheckConstraint(condition=models.Q(('total_incl_vat', django.db.models.expressions.CombinedExpression(models.F('total_excl_vat'), '+', models.F('total_vat')))), name='invoice_totals_add_up'), models.CheckConstraint(condition=models.Q(('total_excl_vat__gte', 0), ('total_vat__gte', 0)), name='invoice_totals_not_negative'), models.CheckConstraint(condition=models.Q(('sequence__gte', 1)), name='invoice_rank_starts_at_one')],
                'indexes': [models.Index(fields=['organisation', '-issued_on', '-id'], name='invoice_by_date'), models.Index(fields=['organisation', 'client', '-id'], name='invoice_by_client'), models.Index(condition=models.Q(('render_status', 'ready'), _negated=True), fields=['organisation', 'render_next_at'], name='invoice_waiting_for_pdf')],
            },
        ),
        migrations.CreateModel(
            name='InvoiceLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='billing.invoice', verbose_name='invoice')),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.site', verbose_name='site')),
                ('request_line', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoice_line', to='bookings.requestline', verbose_name='line')),
                ('credits', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credited_by', to='billing.invoiceline', verbose_name='line credited')),
                ('description', models.CharField(max_length=500, verbose_name='description')),
                ('detail', models.CharField(blank=True, max_length=500, verbose_name='detail')),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=12, verbose_name='quantity')),
                ('unit', models.CharField(blank=True, max_length=24, verbose_name='unit')),
                ('unit_price', models.DecimalField(decimal_places=6, max_digits=14, verbose_name='unit price incl. VAT (€)')),
                ('vat_rate', models.DecimalField(decimal_places=2, max_digits=5, verbose_name='VAT rate (%)')),
                ('vat_category', models.CharField(max_length=2, verbose_name='VAT category')),
                ('net', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='amount excl. VAT (€)')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='amount incl. VAT (€)')),
            ],
            options={
                'verbose_name': 'invoice line',
                'verbose_name_plural': 'invoice lines',
                'ordering': ['position', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('invoice', 'position'), name='invoice_line_position_once'), models.UniqueConstraint(fields=('invoice', 'credits'), name='invoice_line_credited_once_per_note'), models.CheckConstraint(condition=models.Q(('request_line__isnull', True), ('credits__isnull', True), _connector='XOR'), name='invoice_line_charges_or_credits'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='invoice_line_quantity_positive')],
            },
        ),
        migrations.CreateModel(
            name='StoredDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('invoice', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='pdf', to='billing.invoice', verbose_name='invoice')),
                ('content', models.BinaryField(verbose_name='content')),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveIntegerField(verbose_name='size (bytes)')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'kept document',
                'verbose_name_plural': 'kept documents',
                'ordering': ['pk'],
            },
        ),
    ]
