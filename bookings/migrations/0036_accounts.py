"""Contracts, codes and dated members of client accounts."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0035_recurrences_wall"),
        ("concierge", "0009_editions"),
    ]

    operations = [
        migrations.CreateModel(
            name="CompanyCodeTry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("session_hash", models.CharField(max_length=64)),
                ("network_hash", models.CharField(max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
            ],
            options={
                "verbose_name": "wrong company code",
                "verbose_name_plural": "wrong company codes",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="clientaccount",
            name="code_hash",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="clientaccount",
            name="code_set_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="code given on"),
        ),
        migrations.AddField(
            model_name="clientaccount",
            name="contract_from",
            field=models.DateField(blank=True, null=True, verbose_name="contract from"),
        ),
        migrations.AddField(
            model_name="clientaccount",
            name="contract_to",
            field=models.DateField(blank=True, null=True, verbose_name="contract until"),
        ),
        migrations.AddField(
            model_name="clientaccount",
            name="headcount",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="people it speaks for"),
        ),
        migrations.AddField(
            model_name="clientaccount",
            name="notice_days",
            field=models.PositiveSmallIntegerField(default=60, verbose_name="days before the end when we are told"),
        ),
        migrations.AddField(
            model_name="clientaccount",
            name="presence_hours",
            field=models.DecimalField(
                blank=True, decimal_places=1, max_digits=5, null=True, verbose_name="hours of presence agreed"
            ),
        ),
        migrations.AddField(
            model_name="clientaccount",
            name="presence_period",
            field=models.CharField(
                choices=[("week", "week"), ("month", "month")], default="month", max_length=5, verbose_name="per"
            ),
        ),
        migrations.AddField(
            model_name="clientmembership",
            name="created_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
            ),
        ),
        migrations.AddField(
            model_name="clientmembership",
            name="email",
            field=models.EmailField(blank=True, max_length=254, verbose_name="e-mail"),
        ),
        # Computed by the database while it adds the column: one for each row, behind every wall between organisations.
        migrations.AddField(
            model_name="clientmembership",
            name="public_id",
            field=models.UUIDField(
                db_default=RandomUUID(), default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"
            ),
        ),
        migrations.AlterField(
            model_name="clientmembership",
            name="public_id",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
        ),
        migrations.AddField(
            model_name="clientmembership",
            name="valid_from",
            field=models.DateField(blank=True, null=True, verbose_name="rights from"),
        ),
        migrations.AddField(
            model_name="clientmembership",
            name="valid_to",
            field=models.DateField(blank=True, null=True, verbose_name="rights until"),
        ),
        migrations.AlterField(
            model_name="clientmembership",
            name="client",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="account_memberships",
                to="bookings.client",
                verbose_name="client",
            ),
        ),
        migrations.AddIndex(
            model_name="clientmembership",
            index=models.Index(fields=["email"], name="client_membership_by_email"),
        ),
        migrations.AddConstraint(
            model_name="clientaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("code_hash", ""), _negated=True),
                fields=("organisation", "code_hash"),
                name="client_account_code_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="clientaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("contract_from", None),
                    ("contract_to", None),
                    ("contract_to__gte", models.F("contract_from")),
                    _connector="OR",
                ),
                name="client_account_contract_in_order",
                violation_error_message="The contract ends before it begins.",
            ),
        ),
        migrations.AddConstraint(
            model_name="clientaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("presence_hours", None), ("presence_hours__gt", 0), _connector="OR"),
                name="client_account_presence_is_some",
                violation_error_message="Hours of presence are more than none; leave it empty without presence.",
            ),
        ),
        migrations.AddConstraint(
            model_name="clientmembership",
            constraint=models.UniqueConstraint(
                models.F("account"),
                django.db.models.functions.text.Lower("email"),
                condition=models.Q(("email", ""), _negated=True),
                name="client_membership_email_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="clientmembership",
            constraint=models.CheckConstraint(
                condition=models.Q(("client__isnull", False), models.Q(("email", ""), _negated=True), _connector="OR"),
                name="client_membership_is_somebodys",
            ),
        ),
        migrations.AddConstraint(
            model_name="clientmembership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None), ("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                ),
                name="client_membership_in_order",
                violation_error_message="These rights end before they begin.",
            ),
        ),
        migrations.AddField(
            model_name="companycodetry",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="companycodetry",
            index=models.Index(fields=["organisation", "created_at"], name="company_code_try_recent"),
        ),
        ProtectTenant("CompanyCodeTry", "ClientMembership"),
        allow_delete("bookings_companycodetry", "bookings_clientmembership"),
    ]
