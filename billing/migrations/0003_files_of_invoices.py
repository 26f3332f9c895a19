from django.db import migrations, models

# The sentences of organisations that issue already: which reason they give to machines, and the two that files need.
# One organisation after the other: behind its policy the owner of a table sees no rows of it either.
TEXTS = """
DO $$
DECLARE
    tenant bigint;
    before text := coalesce(current_setting('app.organisation', true), '');
BEGIN
    FOR tenant IN SELECT id FROM concierge_organisation LOOP
        PERFORM set_config('app.organisation', tenant::text, true);
        UPDATE billing_legaltext SET vatex = CASE code
                WHEN 'vat_franchise' THEN 'VATEX-FR-FRANCHISE'
                WHEN 'vat_exempt' THEN 'VATEX-FR-CGI261-7'
                ELSE 'VATEX-FR-AE' END
         WHERE code IN ('vat_franchise', 'vat_exempt', 'reverse_charge') AND vatex = '';
        INSERT INTO billing_legaltext (organisation_id, code, text_fr, text_en, law_ref, vatex, valid_from)
        SELECT tenant, new.code, new.text_fr, new.text_en, new.law_ref, new.vatex, new.valid_from::date
          FROM (VALUES
                ('outside_vat', 'Hors champ de la TVA.', 'Outside the scope of VAT.', 'CGI art. 256', 'VATEX-EU-O',
                 '2000-01-01'),
                ('not_for_consumers', 'Sans objet : ne concerne que les professionnels.',
                 'Not applicable: for professionals only.', 'C. com. art. L441-9, L441-10', '', '2013-01-01')
               ) AS new (code, text_fr, text_en, law_ref, vatex, valid_from)
         WHERE EXISTS (SELECT 1 FROM billing_legalentity)
           AND NOT EXISTS (SELECT 1 FROM billing_legaltext old WHERE old.code = new.code);
    END LOOP;
    PERFORM set_config('app.organisation', before, true);
    -- Rows with open triggers cannot be altered.
    SET CONSTRAINTS ALL IMMEDIATE;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_guards"), ("concierge", "0002_guards")]

    operations = [
        migrations.AddField(
            model_name="legaltext",
            name="vatex",
            field=models.CharField(blank=True, max_length=30, verbose_name="reason for no VAT (VATEX code)"),
        ),
        migrations.AddField(
            model_name="storeddocument",
            name="xml",
            field=models.BinaryField(default=b"", verbose_name="file (XML)"),
        ),
        migrations.AddField(
            model_name="storeddocument",
            name="xml_sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.RunSQL(TEXTS, migrations.RunSQL.noop),
    ]
