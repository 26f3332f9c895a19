"""Employers, their annexes, and the contracts, riders, decisions and restrictions of people."""

import uuid

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import bookings.models.catalogue
import concierge.numbers
import workers.models.contracts
from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0061_answered_sms"),
        ("concierge", "0013_sandboxes"),
        ("workers", "0005_hours"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Contract",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("withdrawn_on", models.DateField(blank=True, editable=False, null=True, verbose_name="withdrawn on")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("cddi", "Fixed-term integration contract (CDDI)"),
                            ("cddu", "Contract of use (CDDU)"),
                            ("mission", "Mission contract"),
                            ("cdi_inclusion", "Open-ended inclusion contract (57 and over)"),
                            ("accompaniment", "Accompaniment contract"),
                            ("ordinary", "Ordinary contract"),
                        ],
                        max_length=15,
                        verbose_name="kind",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="from")),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="to (included)")),
                ("weekly_minutes", models.PositiveSmallIntegerField(verbose_name="minutes a week")),
                ("rome_code", models.CharField(blank=True, max_length=5, verbose_name="trade (ROME)")),
                (
                    "gross_pay",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=8, null=True, verbose_name="gross pay a month"
                    ),
                ),
                (
                    "is_short_allowed",
                    models.BooleanField(default=False, verbose_name="may be shorter than four months"),
                ),
                ("ended_on", models.DateField(blank=True, null=True, verbose_name="ended early on")),
                (
                    "end_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("trial", "End of the trial period"),
                            ("agreed", "By mutual agreement"),
                            ("resigned", "At the person’s wish"),
                            ("other_job", "Hired elsewhere (L5132-5)"),
                            ("training", "Left for a training (L5132-5)"),
                            ("dismissed", "Broken by the employer"),
                            ("other", "Other reason"),
                        ],
                        max_length=12,
                        verbose_name="reason of the end",
                    ),
                ),
                (
                    "last_on",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Coalesce("ended_on", "ends_on"),
                        output_field=models.DateField(null=True),
                    ),
                ),
            ],
            options={
                "verbose_name": "contract",
                "verbose_name_plural": "contracts",
                "ordering": ["starts_on", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ContractDerogation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("withdrawn_on", models.DateField(blank=True, editable=False, null=True, verbose_name="withdrawn on")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("floor_aci", "Under 20 hours: waiver of the prefect (ACI)"),
                            ("cumul", "Two contracts side by side"),
                            ("beyond_training", "Beyond 24 months: a training to finish"),
                            ("beyond_age", "Beyond 24 months: 50 and over"),
                            ("beyond_status", "Beyond 24 months: recognised situation"),
                            ("beyond_aci", "Beyond 24 months: particular difficulties (ACI)"),
                            ("earlier", "Taken over from before"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("reference", models.CharField(max_length=120, verbose_name="reference of the decision")),
                ("starts_on", models.DateField(verbose_name="from")),
                ("ends_on", models.DateField(verbose_name="to (included)")),
            ],
            options={
                "verbose_name": "derogation",
                "verbose_name_plural": "derogations",
                "ordering": ["starts_on", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ContractRider",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("withdrawn_on", models.DateField(blank=True, editable=False, null=True, verbose_name="withdrawn on")),
                ("starts_on", models.DateField(verbose_name="from")),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="to (included)")),
                (
                    "weekly_minutes",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="minutes a week"),
                ),
                ("new_end_on", models.DateField(blank=True, null=True, verbose_name="new last day of the contract")),
                ("old_end_on", models.DateField(blank=True, editable=False, null=True, verbose_name="last day before")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("step", "Step of the pathway"),
                            ("replacement", "Replaces somebody"),
                            ("activity", "More work for a time"),
                            ("wish", "At the person’s wish"),
                            ("annex", "Change of financial annex"),
                            ("other", "Other reason"),
                        ],
                        max_length=12,
                        verbose_name="reason",
                    ),
                ),
            ],
            options={
                "verbose_name": "rider",
                "verbose_name_plural": "riders",
                "ordering": ["starts_on", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Employer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "siret",
                    models.CharField(
                        blank=True, max_length=14, validators=[concierge.numbers.check_siret], verbose_name="SIRET"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ei", "Work-integration company (EI)"),
                            ("aci", "Work-integration workshop (ACI)"),
                            ("ai", "Intermediary association (AI)"),
                            ("etti", "Temporary-work integration company (ETTI)"),
                            ("eiti", "Integration by self-employment (EITI)"),
                            ("other", "Employer without convention"),
                            ("outside", "Outside employer of a second contract"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ACI_DC", "ACI_DC"),
                            ("ACI_MP", "ACI_MP"),
                            ("AI_DC", "AI_DC"),
                            ("EITI_DC", "EITI_DC"),
                            ("EI_DC", "EI_DC"),
                            ("EI_MP", "EI_MP"),
                            ("ETTI_DC", "ETTI_DC"),
                        ],
                        max_length=10,
                        verbose_name="measure (ASP)",
                    ),
                ),
                (
                    "raises_a_year",
                    models.PositiveSmallIntegerField(
                        default=8,
                        help_text="Eight at most where the agreement of the branch allows them; 0 where there is none (L3123-22).",
                        verbose_name="temporary raises of hours a year",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="signs contracts")),
            ],
            options={
                "verbose_name": "employer",
                "verbose_name_plural": "employers",
                "ordering": ["name", "kind", "pk"],
            },
        ),
        migrations.CreateModel(
            name="FinancialAnnex",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("number", models.CharField(max_length=17, verbose_name="number")),
                ("starts_on", models.DateField(verbose_name="from")),
                ("ends_on", models.DateField(verbose_name="to (included)")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("valid", "Valid"),
                            ("provisional", "Provisional"),
                            ("closed", "Closed"),
                            ("archived", "Archived"),
                            ("cancelled", "Cancelled"),
                            ("entered", "Entered"),
                            ("draft", "Draft"),
                            ("rejected", "Rejected"),
                        ],
                        default="valid",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "etp_hours",
                    models.DecimalField(
                        decimal_places=2, max_digits=6, verbose_name="hours a year of one full-time place"
                    ),
                ),
                (
                    "hours_basis",
                    models.CharField(
                        choices=[("worked", "Hours worked"), ("paid", "Hours paid")],
                        max_length=6,
                        verbose_name="hours that count",
                    ),
                ),
                (
                    "agreed_etp",
                    models.DecimalField(decimal_places=2, max_digits=6, verbose_name="full-time places agreed"),
                ),
            ],
            options={
                "verbose_name": "financial annex",
                "verbose_name_plural": "financial annexes",
                "ordering": ["-starts_on", "number", "pk"],
            },
        ),
        migrations.CreateModel(
            name="WorkRestriction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                (
                    "code",
                    models.CharField(
                        choices=[
                            ("no_ladder", "No ladder, no work at height"),
                            ("no_heavy_load", "No heavy loads"),
                            ("no_driving", "No driving"),
                            ("no_chemicals", "No chemical products"),
                            ("not_alone", "Not alone at a client’s"),
                            ("no_night", "No work at night"),
                            ("not_before", "Not before a time"),
                            ("not_after", "Not after a time"),
                            ("needs_bus_line", "Goes by bus only"),
                            ("audio", "Instructions to listen to"),
                        ],
                        max_length=15,
                        verbose_name="restriction",
                    ),
                ),
                ("at", models.TimeField(blank=True, null=True, verbose_name="time")),
                ("starts_on", models.DateField(verbose_name="from")),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="to (included)")),
            ],
            options={
                "verbose_name": "restriction",
                "verbose_name_plural": "restrictions",
                "ordering": ["code", "starts_on", "pk"],
            },
        ),
        migrations.AddField(
            model_name="trainee",
            name="adviser",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="advised_trainees",
                to=settings.AUTH_USER_MODEL,
                verbose_name="social adviser",
            ),
        ),
        migrations.AddField(
            model_name="trainee",
            name="birth_date",
            field=models.DateField(blank=True, null=True, verbose_name="birth date"),
        ),
        migrations.AddField(
            model_name="trainee",
            name="mentor",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="mentored_trainees",
                to=settings.AUTH_USER_MODEL,
                verbose_name="mentor",
            ),
        ),
        migrations.AddField(
            model_name="trainee",
            name="referrer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="bookings.prescriber",
                verbose_name="referrer",
            ),
        ),
        migrations.AddField(
            model_name="contract",
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
            model_name="contract",
            name="renews",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="renewals",
                to="workers.contract",
                verbose_name="renews",
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="trainee",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contracts",
                to="workers.trainee",
                verbose_name="trainee",
            ),
        ),
        migrations.AddField(
            model_name="contractderogation",
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
            model_name="contractderogation",
            name="trainee",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="derogations",
                to="workers.trainee",
                verbose_name="trainee",
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="cumul_derogation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workers.contractderogation",
                verbose_name="beside another by",
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="floor_derogation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workers.contractderogation",
                verbose_name="under 20 hours by",
            ),
        ),
        migrations.AddField(
            model_name="contractrider",
            name="contract",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="riders",
                to="workers.contract",
                verbose_name="contract",
            ),
        ),
        migrations.AddField(
            model_name="contractrider",
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
            model_name="employer",
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
            model_name="contractderogation",
            name="employer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workers.employer",
                verbose_name="employer",
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="employer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contracts",
                to="workers.employer",
                verbose_name="employer",
            ),
        ),
        migrations.AddField(
            model_name="financialannex",
            name="employer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="annexes",
                to="workers.employer",
                verbose_name="employer",
            ),
        ),
        migrations.AddField(
            model_name="financialannex",
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
            model_name="contractrider",
            name="annex",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workers.financialannex",
                verbose_name="financial annex",
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="annex",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workers.financialannex",
                verbose_name="financial annex",
            ),
        ),
        migrations.AddField(
            model_name="workrestriction",
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
            model_name="workrestriction",
            name="trainee",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="restrictions",
                to="workers.trainee",
                verbose_name="trainee",
            ),
        ),
        migrations.AddConstraint(
            model_name="employer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("siret", ""), _negated=True),
                fields=("organisation", "siret", "kind"),
                name="employer_once_per_siret_and_kind",
                violation_error_message="Another employer of this kind already has this SIRET.",
            ),
        ),
        migrations.AddConstraint(
            model_name="employer",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="employer_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="employer",
            constraint=models.CheckConstraint(
                condition=models.Q(("siret", ""), ("siret__regex", "^[0-9]{14}$"), _connector="OR"),
                name="employer_siret_has_fourteen_digits",
                violation_error_message="A SIRET has fourteen digits.",
            ),
        ),
        migrations.AddConstraint(
            model_name="employer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "ei"), ("measure__in", ("EI_DC", "EI_MP"))),
                    models.Q(("kind", "aci"), ("measure__in", ("ACI_DC", "ACI_MP"))),
                    models.Q(("kind", "ai"), ("measure__in", ("AI_DC",))),
                    models.Q(("kind", "etti"), ("measure__in", ("ETTI_DC",))),
                    models.Q(("kind", "eiti"), ("measure__in", ("EITI_DC",))),
                    models.Q(("kind", "other"), ("measure__in", ("",))),
                    models.Q(("kind", "outside"), ("measure__in", ("",))),
                    _connector="OR",
                ),
                name="employer_measure_is_of_its_kind",
                violation_error_message="This measure is of another kind of employer.",
            ),
        ),
        migrations.AddConstraint(
            model_name="employer",
            constraint=models.CheckConstraint(
                condition=models.Q(("raises_a_year__lte", 8)),
                name="employer_raises_eight_at_most",
                violation_error_message="The law allows eight temporary raises a year at most (L3123-22).",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractderogation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "floor_aci",
                            "cumul",
                            "beyond_training",
                            "beyond_age",
                            "beyond_status",
                            "beyond_aci",
                            "earlier",
                        ],
                    )
                ),
                name="derogation_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractderogation",
            constraint=models.CheckConstraint(
                condition=models.Q(("reference", ""), _negated=True),
                name="derogation_has_a_reference",
                violation_error_message="Give the reference of the decision.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractderogation",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                name="derogation_end_not_before_start",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractderogation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ("floor_aci", "beyond_age", "beyond_status", "beyond_aci")), _negated=True),
                    ("ends_on__lte", workers.models.contracts.LastDay("starts_on", 12)),
                    _connector="OR",
                ),
                name="derogation_of_a_year_at_most",
                violation_error_message="A decision counts for twelve months at most.",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialannex",
            constraint=models.UniqueConstraint(
                fields=("organisation", "number"),
                name="annex_number_once",
                violation_error_message="This annex is already written down.",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialannex",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("number__regex", "^(ACI|AI|EITI|EI|ETTI)[0-9][0-9][0-9AB][0-9]{6}A[0-9]{1,2}M[0-9]{1,2}$")
                ),
                name="annex_number_is_well_formed",
                violation_error_message="The number of an annex looks like ACI051170013A0M1: measure, department, year, order, A and M.",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialannex",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                name="annex_end_not_before_start",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialannex",
            constraint=models.CheckConstraint(
                condition=models.Q(("etp_hours__range", (1000, 2200))),
                name="annex_hours_of_a_place_are_plausible",
                violation_error_message="One full-time place is between 1,000 and 2,200 hours a year.",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialannex",
            constraint=models.CheckConstraint(
                condition=models.Q(("agreed_etp__gte", 0)),
                name="annex_places_not_negative",
                violation_error_message="The number of places cannot be negative.",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialannex",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["valid", "provisional", "closed", "archived", "cancelled", "entered", "draft", "rejected"],
                    )
                ),
                name="annex_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialannex",
            constraint=models.CheckConstraint(
                condition=models.Q(("hours_basis__in", ["worked", "paid"])), name="annex_basis_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="contractrider",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["step", "replacement", "activity", "wish", "annex", "other"])),
                name="rider_reason_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractrider",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                name="rider_end_not_before_start",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractrider",
            constraint=models.CheckConstraint(
                condition=models.Q(("weekly_minutes", None), ("weekly_minutes__range", (1, 2880)), _connector="OR"),
                name="rider_within_48_hours",
                violation_error_message="Nobody works more than 48 hours a week.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractrider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("weekly_minutes__isnull", False),
                    ("new_end_on__isnull", False),
                    ("annex__isnull", False),
                    _connector="OR",
                ),
                name="rider_changes_something",
                violation_error_message="Say what changes: the hours, the last day or the annex.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractrider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_on", None),
                    models.Q(("annex__isnull", True), ("new_end_on__isnull", True), ("weekly_minutes__isnull", False)),
                    _connector="OR",
                ),
                name="rider_only_hours_for_a_time",
                violation_error_message="Only hours change for a time.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractrider",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_on__isnull", True), ("ends_on", None)),
                fields=("contract", "starts_on"),
                name="rider_lasting_once_a_day",
                violation_error_message="Another rider already changes the contract from this day on.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractrider",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("withdrawn_on__isnull", True), ("ends_on__isnull", False)),
                expressions=[("contract", "="), (bookings.models.catalogue.DateRange("starts_on", "ends_on"), "&&")],
                name="riders_for_a_time_do_not_overlap",
                violation_error_message="Another rider already changes the hours on some of these days.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["cddi", "cddu", "mission", "cdi_inclusion", "accompaniment", "ordinary"])
                ),
                name="contract_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                name="contract_end_not_before_start",
                violation_error_message="The contract cannot end before it starts.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ("cddi", "cddu", "mission")), _negated=True),
                    ("ends_on__isnull", False),
                    _connector="OR",
                ),
                name="contract_of_fixed_term_has_an_end",
                violation_error_message="This contract needs a last day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_on", None),
                    models.Q(
                        ("ended_on__gte", models.F("starts_on")),
                        models.Q(("ends_on", None), ("ended_on__lte", models.F("ends_on")), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="contract_ended_while_it_ran",
                violation_error_message="A contract ends early between its first and its last day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end_reason", ""), ("ended_on__isnull", True)),
                    models.Q(
                        (
                            "end_reason__in",
                            ["trial", "agreed", "resigned", "other_job", "training", "dismissed", "other"],
                        ),
                        ("ended_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="contract_ended_for_a_reason",
                violation_error_message="Say why the contract ended early.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("weekly_minutes__range", (1, 2880)),
                    models.Q(("kind", "accompaniment"), ("weekly_minutes", 0)),
                    _connector="OR",
                ),
                name="contract_within_48_hours",
                violation_error_message="Nobody works more than 48 hours a week.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "cddi"), _negated=True),
                    ("weekly_minutes__gte", 1200),
                    ("floor_derogation__isnull", False),
                    _connector="OR",
                ),
                name="contract_of_20_hours_or_derogation",
                violation_error_message="A contract is of at least 20 hours a week, unless a derogation says otherwise.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "cddi"), _negated=True),
                    ("renews__isnull", False),
                    ("is_short_allowed", True),
                    ("ends_on__gte", workers.models.contracts.LastDay("starts_on", 4)),
                    _connector="OR",
                ),
                name="contract_of_four_months",
                violation_error_message="A first integration contract lasts four months at least.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(("rome_code", ""), ("rome_code__regex", "^[A-N][0-9]{4}$"), _connector="OR"),
                name="contract_trade_is_rome",
                violation_error_message="A ROME code is a letter and four digits.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(("gross_pay", None), ("gross_pay__gt", 0), _connector="OR"),
                name="contract_pay_is_positive",
                violation_error_message="The pay must be more than zero.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_on__isnull", True)),
                fields=("renews",),
                name="contract_renewed_once",
                violation_error_message="This contract is already renewed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("withdrawn_on__isnull", True)),
                expressions=[
                    ("trainee", "="),
                    ("employer", "="),
                    (
                        bookings.models.catalogue.DateRange(
                            "starts_on", django.db.models.functions.comparison.Coalesce("ended_on", "ends_on")
                        ),
                        "&&",
                    ),
                ],
                name="contract_not_twice_with_one_employer",
                violation_error_message="The person already has a contract with this employer on some of these days.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("withdrawn_on__isnull", True), ("cumul_derogation__isnull", True)),
                expressions=[
                    ("trainee", "="),
                    (
                        bookings.models.catalogue.DateRange(
                            "starts_on", django.db.models.functions.comparison.Coalesce("ended_on", "ends_on")
                        ),
                        "&&",
                    ),
                ],
                name="contract_beside_another_by_cumul_only",
                violation_error_message="The person already has a contract on some of these days.",
            ),
        ),
        migrations.AddConstraint(
            model_name="workrestriction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "code__in",
                        [
                            "no_ladder",
                            "no_heavy_load",
                            "no_driving",
                            "no_chemicals",
                            "not_alone",
                            "no_night",
                            "not_before",
                            "not_after",
                            "needs_bus_line",
                            "audio",
                        ],
                    )
                ),
                name="restriction_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="workrestriction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("at__isnull", False), ("code__in", ("not_before", "not_after"))),
                    models.Q(models.Q(("code__in", ("not_before", "not_after")), _negated=True), ("at__isnull", True)),
                    _connector="OR",
                ),
                name="restriction_has_its_time",
                violation_error_message="Say from or until which time of day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="workrestriction",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                name="restriction_end_not_before_start",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="workrestriction",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("trainee", "="),
                    ("code", "="),
                    (bookings.models.catalogue.DateRange("starts_on", "ends_on"), "&&"),
                ],
                name="restriction_once_at_a_time",
                violation_error_message="This restriction is already written down for some of these days.",
            ),
        ),
        ProtectTenant(
            "Employer",
            "FinancialAnnex",
            "ContractDerogation",
            "Contract",
            "ContractRider",
            "WorkRestriction",
            "Trainee",
        ),
        allow_delete("workers_workrestriction"),
    ]
