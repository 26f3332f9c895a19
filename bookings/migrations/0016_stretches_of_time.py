"""A hold is a stretch of time of its own, on a lane: first the columns, and what they hold."""

import django.db.models.deletion
from django.db import migrations, models

# Row-level security is forced on the owner of the tables too, who sees no row without a tenant.
TABLES = ("bookings_hold", "bookings_slot", "bookings_servicerequest", "bookings_slotrule")


def let_owner_see(schema_editor, word):
    """Switch the walls off and on for the owner of the tables."""
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} {word} ROW LEVEL SECURITY")


def give_lanes(apps, schema_editor):
    """Each hold takes the time of its slot, and among those that still take a place the first lane free then.

    A place that was given back with its request (cancelled, declined) is released now: before, only its slot knew.
    """
    # Checks of foreign keys that wait for the commit would forbid the index below.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    let_owner_see(schema_editor, "NO FORCE")
    # Requests older than holds have a slot alone.
    schema_editor.execute("""
        INSERT INTO bookings_hold (organisation_id, public_id, slot_id, token_hash, status, expires_at)
        SELECT organisation_id, public_id, slot_id, md5(public_id::text), 'confirmed', submitted_at
        FROM bookings_servicerequest WHERE slot_id IS NOT NULL AND hold_id IS NULL
    """)
    schema_editor.execute("""
        UPDATE bookings_servicerequest r SET hold_id = h.id FROM bookings_hold h
        WHERE r.hold_id IS NULL AND h.slot_id = r.slot_id AND h.public_id = r.public_id
    """)
    schema_editor.execute("""
        UPDATE bookings_hold SET site_id = s.site_id, place = s.place, starts_at = s.starts_at, ends_at = s.ends_at
        FROM bookings_slot s WHERE s.id = slot_id
    """)
    schema_editor.execute("""
        UPDATE bookings_hold h SET status = 'released' FROM bookings_servicerequest r
        WHERE r.hold_id = h.id AND h.status = 'confirmed' AND r.status IN ('cancelled', 'declined')
    """)
    schema_editor.execute("CREATE INDEX hold_while_moving ON bookings_hold (site_id, place, starts_at)")
    schema_editor.execute("""
        DO $$
        DECLARE one record; taken integer[];
        BEGIN
            FOR one IN SELECT * FROM bookings_hold WHERE status IN ('held', 'confirmed') ORDER BY starts_at, id LOOP
                SELECT coalesce(array_agg(h.lane), '{}') INTO taken FROM bookings_hold h
                WHERE h.site_id = one.site_id AND h.place = one.place AND h.status IN ('held', 'confirmed')
                    AND h.lane IS NOT NULL AND h.starts_at > one.starts_at - interval '1 day'
                    AND h.starts_at < one.ends_at AND h.ends_at > one.starts_at;
                UPDATE bookings_hold SET lane = (
                    SELECT min(number) FROM generate_series(0, cardinality(taken)) AS number
                    WHERE number <> ALL (taken)
                ) WHERE id = one.id;
            END LOOP;
        END $$
    """)
    schema_editor.execute("DROP INDEX hold_while_moving")
    schema_editor.execute("UPDATE bookings_hold SET lane = 0 WHERE lane IS NULL")
    let_owner_see(schema_editor, "FORCE")


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0015_beneficiary"),
        ("concierge", "0006_pending_events_in_order"),
    ]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="site",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="holds",
                to="concierge.site",
                verbose_name="site",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="place",
            field=models.CharField(
                choices=[("desk", "At the desk"), ("home", "At your place")],
                max_length=10,
                null=True,
                verbose_name="place",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="lane",
            field=models.PositiveSmallIntegerField(editable=False, null=True, verbose_name="lane"),
        ),
        migrations.AddField(
            model_name="hold", name="starts_at", field=models.DateTimeField(null=True, verbose_name="starts at")
        ),
        migrations.AddField(
            model_name="hold", name="ends_at", field=models.DateTimeField(null=True, verbose_name="ends at")
        ),
        migrations.AddField(
            model_name="slotrule",
            name="step_minutes",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Leave empty for one appointment after the other.",
                null=True,
                verbose_name="a time is offered every (min)",
            ),
        ),
        migrations.RunPython(give_lanes, migrations.RunPython.noop),
    ]
