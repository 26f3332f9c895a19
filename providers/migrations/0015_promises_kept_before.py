"""Work of providers that was checked before promises had an end: those were kept."""

from django.db import migrations

WALLS = ("providers_offer", "bookings_workorder")


def take_over(apps, schema_editor):
    # Row-level security is forced on the owner of the tables too, who sees no row without a tenant.
    for table in WALLS:
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    schema_editor.execute("""
        UPDATE providers_offer o SET status = 'honoured' FROM bookings_workorder w
        WHERE w.id = o.work_order_id AND o.status = 'accepted' AND w.status = 'verified'
        AND w.performer_kind = 'provider' AND w.performer_id = o.provider_id
    """)
    for table in WALLS:
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("bookings", "0060_recurrence_spot"), ("providers", "0014_kept_promises")]

    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]
