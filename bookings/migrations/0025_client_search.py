"""Clients are found by beginnings of words without accents, by an index that works behind row-level security.

The words are a stored column, so that a search compares a column with LIKE and nothing else: any function of ours in
the comparison would have to be known to tell nobody what it reads, which only a superuser may say.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Concat, Lower

from bookings.models.clients import PlainText

# The same as bookings.rules.names.plain: normalize() and the rest are immutable by themselves.
PLAIN_TEXT = r"""
CREATE FUNCTION plain_text(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(btrim(regexp_replace(regexp_replace(normalize(
    translate(replace(replace(replace(replace(replace(written, 'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'), 'ß', 'ss'),
        'øØłŁđĐı', 'oolLdDi'),
    NFKD), '[\u0300-\u036f]', '', 'g'), '[-''’‘.,;:_/()"\s]+', ' ', 'g')))
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0024_moved")]

    operations = [
        migrations.RunSQL(PLAIN_TEXT, "DROP FUNCTION plain_text(text)"),
        migrations.AddField(
            model_name="client",
            name="search_text",
            field=models.GeneratedField(
                db_persist=True,
                editable=False,
                expression=Concat(
                    Value(" "),
                    PlainText(F("first_name")),
                    Value(" "),
                    PlainText(F("last_name")),
                    Value(" "),
                    Lower(F("email")),
                    output_field=models.TextField(),
                ),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddIndex(
            model_name="client",
            index=GinIndex(
                OpClass(F("search_text"), name="gin_trgm_ops"),
                OpClass(F("phone"), name="gin_trgm_ops"),
                name="client_search",
            ),
        ),
    ]
