"""What the index has to know of the agreements there are. One organisation after the other: behind its policy the owner
of a table sees no rows of it either. A migration of its own, as rows with open triggers cannot be altered."""

from django.db import migrations

FILL = """
DO $$
DECLARE tenant bigint;
BEGIN
    FOR tenant IN SELECT id FROM concierge_organisation LOOP
        PERFORM set_config('app.organisation', tenant::text, true);
        INSERT INTO providers_providerreach (
            agreement_id, organisation_id, provider_id, service_id, latitude, longitude, radius_km, is_active,
            agreed_from, agreed_to, notice_hours, papers_until, insured_until, full_on, closed)
SELECT agreement.id, agreement.organisation_id, agreement.provider_id, agreement.service_id,
       provider.latitude, provider.longitude, provider.radius_km, provider.is_active,
       agreement.valid_from, COALESCE(agreement.valid_to, DATE '9999-12-31'), agreement.notice_hours,
       CASE WHEN papers.needed = 2 THEN COALESCE(papers.all_until, DATE '9999-12-31') ELSE DATE '0001-01-01' END,
       CASE WHEN papers.needed = 2 THEN COALESCE(papers.needed_until, DATE '9999-12-31') ELSE DATE '0001-01-01' END,
       COALESCE(booked.days, '{}'), COALESCE(away.days, '{}')
  FROM providers_serviceagreement agreement
  JOIN providers_provider provider ON provider.id = agreement.provider_id
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE kind <> 'vigilance') AS needed, min(expires_on) AS all_until,
              min(expires_on) FILTER (WHERE kind <> 'vigilance') AS needed_until
         FROM (SELECT DISTINCT ON (kind) kind, expires_on FROM providers_providerdocument
                WHERE provider_id = provider.id ORDER BY kind, issued_on DESC, id DESC) latest) papers
 CROSS JOIN LATERAL (
       SELECT array_agg(day ORDER BY day) AS days
         FROM (SELECT (job.promised_start AT TIME ZONE site.time_zone)::date AS day
                 FROM bookings_workorder job JOIN concierge_site site ON site.id = job.site_id
                WHERE job.organisation_id = provider.organisation_id AND job.performer_kind = 'provider'
                  AND job.performer_id = provider.id AND job.status NOT IN ('cancelled', 'failed')
                GROUP BY 1 HAVING count(*) >= provider.daily_capacity) full_days
        WHERE day >= CURRENT_DATE) booked
 CROSS JOIN LATERAL (
       SELECT range_agg(daterange(first_on, last_on, '[]')) AS days
         FROM providers_providerclosure WHERE provider_id = provider.id AND last_on >= CURRENT_DATE) away
 WHERE agreement.status IN ('paper', 'signed')
        ON CONFLICT (agreement_id) DO NOTHING;
    END LOOP;
    PERFORM set_config('app.organisation', '', true);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("providers", "0019_reach"),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
