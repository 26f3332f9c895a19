"""Links by which agreements are signed without an account."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import providers.models.links
from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0026_clocks_of_offers"),
    ]

    operations = [
        migrations.CreateModel(
            name="AgreementLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("nonce", models.CharField(default=providers.models.links.new_nonce, editable=False, max_length=32)),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("code_tries", models.PositiveSmallIntegerField(default=0, verbose_name="wrong codes")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked at")),
                ("reported_at", models.DateTimeField(blank=True, null=True, verbose_name="reported as misdirected at")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="providers.serviceagreement",
                        verbose_name="agreement",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="concierge.organisation",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "personal link to an agreement",
                "verbose_name_plural": "personal links to agreements",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code_tries__lte", 5)),
                        name="agreement_link_tries_limited",
                        violation_error_message="Too many wrong codes. Ask us for a new link.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reported_at__isnull", True), ("revoked_at__isnull", False), _connector="OR"
                        ),
                        name="agreement_link_reported_is_revoked",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at", None)), fields=("agreement",), name="agreement_link_open_once"
                    ),
                ],
            },
        ),
        ProtectTenant("AgreementLink"),
    ]
