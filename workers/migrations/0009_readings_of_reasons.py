"""Reasons and reports of a PASS are opened for a purpose, like the facts kept apart (P01, R42)."""

from __future__ import annotations

from django.db import migrations, models

PURPOSES = ["follow_up", "rights", "asp_report", "control", "person_asked"]


class Migration(migrations.Migration):
    """Two more things that are read."""

    dependencies = [("workers", "0008_bounds_and_steps")]

    operations = [
        migrations.RemoveConstraint("vaultreading", "vault_reading_act_is_known"),
        migrations.RemoveConstraint("vaultreading", "vault_is_read_for_a_purpose"),
        migrations.AlterField(
            "vaultreading",
            "act",
            models.CharField(
                choices=[
                    ("read", "Read"),
                    ("reasons", "Reasons of the PASS read"),
                    ("report", "Report (bilan) read"),
                    ("noted", "Added"),
                    ("ended", "Ended"),
                ],
                max_length=10,
                verbose_name="what was done",
            ),
        ),
        migrations.AddConstraint(
            "vaultreading",
            models.CheckConstraint(
                condition=models.Q(act__in=["read", "reasons", "report", "noted", "ended"]),
                name="vault_reading_act_is_known",
            ),
        ),
        migrations.AddConstraint(
            "vaultreading",
            models.CheckConstraint(
                condition=~models.Q(act__in=("read", "reasons", "report")) | models.Q(purpose__in=PURPOSES),
                name="vault_is_read_for_a_purpose",
                violation_error_message="Say what you open these facts for.",
            ),
        ),
    ]
