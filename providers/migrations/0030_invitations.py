"""Local businesses open their own file by an invitation; the team says yes before anything is offered."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import phonenumber_field.modelfields
from django.db import migrations, models

import providers.models.links
from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0029_answers_forgotten"),
    ]

    operations = [
        migrations.CreateModel(
            name="InvitationLink",
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
            ],
            options={
                "verbose_name": "link of an invitation",
                "verbose_name_plural": "links of invitations",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="ProviderInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name of the business")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                (
                    "phone",
                    phonenumber_field.modelfields.PhoneNumberField(
                        blank=True, max_length=128, region=None, verbose_name="phone"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("fr", "Français"), ("en", "English")],
                        default="fr",
                        max_length=2,
                        verbose_name="language",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("sent", "Under way"), ("used", "Handed in"), ("revoked", "Taken back")],
                        default="sent",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "wanted",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), blank=True, db_default=[], default=list, size=None
                    ),
                ),
                ("has_hours", models.BooleanField(db_default=False, default=False)),
                ("charter", models.TextField(blank=True, db_default="", verbose_name="charter as it was shown")),
                ("signed_by", models.CharField(blank=True, db_default="", max_length=120, verbose_name="signed by")),
                ("used_at", models.DateTimeField(blank=True, null=True, verbose_name="used at")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation of a provider",
                "verbose_name_plural": "invitations of providers",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="provider",
            name="is_to_check",
            field=models.BooleanField(db_default=False, default=False, verbose_name="to be checked"),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_to_check", False), ("is_active", False), _connector="OR"),
                name="provider_to_check_is_asked_nothing",
            ),
        ),
        migrations.AddField(
            model_name="invitationlink",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddField(
            model_name="providerinvitation",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddField(
            model_name="providerinvitation",
            name="provider",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="invitation",
                to="providers.provider",
                verbose_name="provider",
            ),
        ),
        migrations.AddField(
            model_name="invitationlink",
            name="invitation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="links",
                to="providers.providerinvitation",
                verbose_name="invitation",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerinvitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["sent", "used", "revoked"])),
                name="provider_invitation_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerinvitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", ""), ("phone", ""), _negated=True),
                name="provider_invitation_can_be_delivered",
                violation_error_code="email",
                violation_error_message="Give an e-mail address or a phone number.",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerinvitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "used"), _negated=True),
                    models.Q(
                        ("provider__isnull", False),
                        ("used_at__isnull", False),
                        models.Q(("signed_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="provider_invitation_used_made_a_provider",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerinvitation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "sent"), models.Q(("email", ""), _negated=True)),
                fields=("organisation", "email"),
                name="provider_invitation_open_once_per_address",
                violation_error_message="This address has an invitation that is still open.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitationlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("code_tries__lte", 5)),
                name="invitation_link_tries_limited",
                violation_error_message="Too many wrong codes. Ask us for a new link.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitationlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("reported_at__isnull", True), ("revoked_at__isnull", False), _connector="OR"),
                name="invitation_link_reported_is_revoked",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitationlink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at__isnull", True)),
                fields=("invitation",),
                name="invitation_link_open_once",
            ),
        ),
        ProtectTenant("ProviderInvitation", "InvitationLink"),
        allow_delete("providers_providerinvitation"),
        allow_delete("providers_invitationlink"),
    ]
