"""Row-level security of the team's tables."""

from django.db import migrations

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [("workers", "0001_initial"), ("bookings", "0003_tenant_wall"), ("concierge", "0002_tenant_wall")]

    operations = [
        ProtectTenant("Trainee", "TraineeSkill", "AvailabilityRule", "Absence", "Assignment", "HelpCall"),
    ]
