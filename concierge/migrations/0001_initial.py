import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        # Trusted extensions: exclusion constraints, and parts of names found by an index.
        BtreeGistExtension(),
        TrigramExtension(),
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=60, primary_key=True, serialize=False, verbose_name='name')),
                ('at', models.DateTimeField(verbose_name='at')),
            ],
            options={
                'verbose_name': 'heartbeat',
                'verbose_name_plural': 'heartbeats',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('slug', models.SlugField(max_length=40, unique=True, verbose_name='short name')),
                ('kind', models.CharField(choices=[('ei', 'Work-integration company (EI)'), ('aci', 'Work-integration workshop (ACI)'), ('ai', 'Intermediary association (AI)'), ('etti', 'Temporary-work integration company (ETTI)'), ('association', 'Association'), ('other', 'Other')], default='ei', max_length=20, verbose_name='kind')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='phone')),
                ('sap_declared', models.BooleanField(default=False, help_text='Tick it once your declaration is registered. Clients then read of the tax credit beside the personal services that your own team carries out.', verbose_name='declared for personal services')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created at')),
                ('sandbox_of', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sandboxes', to='concierge.organisation', verbose_name='sandbox of')),
                ('sandbox_provider_id', models.BigIntegerField(blank=True, editable=False, null=True, unique=True, verbose_name='sandbox for the provider')),
            ],
            options={
                'verbose_name': 'organisation',
                'verbose_name_plural': 'organisations',
                'ordering': ['name', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='organisation_has_a_name'), models.CheckConstraint(condition=models.Q(models.Q(('sandbox_of__isnull', True), ('sandbox_provider_id__isnull', True)), models.Q(('sandbox_of__isnull', False), ('sandbox_provider_id__isnull', False)), _connector='OR'), name='organisation_sandbox_is_for_a_provider')],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('email', models.EmailField(error_messages={'unique': 'This e-mail is already used.'}, max_length=254, unique=True, verbose_name='e-mail')),
                ('first_name', models.CharField(blank=True, max_length=80, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=80, verbose_name='last name')),
                ('language', models.CharField(choices=[('fr', 'Français'), ('en', 'English')], default='fr', max_length=2, verbose_name='language')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('is_staff', models.BooleanField(default=False, verbose_name='installation administrator')),
                ('date_joined', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created at')),
                ('session_version', models.PositiveIntegerField(default=1, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'ordering': ['email'],
                'constraints': [models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='user_email_is_normalised', violation_error_message='The e-mail must be in lower case.')],
            },
        ),
        migrations.CreateModel(
            name='ApiClient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('prefix', models.CharField(max_length=16, unique=True, verbose_name='prefix')),
                ('secret_hash', models.CharField(max_length=64)),
                ('scopes', models.JSONField(default=list, verbose_name='scopes')),
                ('provider_id', models.BigIntegerField(blank=True, null=True, verbose_name='provider')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created at')),
                ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='last used at')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='expires at')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked at')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Deadline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('kind', models.CharField(max_length=40, verbose_name='kind')),
                ('subject_id', models.BigIntegerField(verbose_name='subject')),
                ('due_at', models.DateTimeField(verbose_name='due at')),
                ('fired_at', models.DateTimeField(blank=True, null=True, verbose_name='fired at')),
                ('cancelled_at', models.DateTimeField(blank=True, null=True, verbose_name='cancelled at')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='last error')),
            ],
            options={
                'verbose_name': 'deadline',
                'verbose_name_plural': 'deadlines',
                'ordering': ['due_at', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('cancelled_at', None), ('fired_at', None)), fields=('organisation', 'kind', 'subject_id'), name='deadline_open_once_per_subject'), models.CheckConstraint(condition=models.Q(('fired_at', None), ('cancelled_at', None), _connector='OR'), name='deadline_fired_or_cancelled_not_both')],
                'indexes': [models.Index(condition=models.Q(('cancelled_at', None), ('fired_at', None)), fields=['organisation', 'due_at'], name='deadline_open')],
            },
        ),
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(max_length=253, unique=True, verbose_name='host name')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='concierge.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'domain',
                'verbose_name_plural': 'domains',
                'ordering': ['host'],
                'constraints': [models.CheckConstraint(condition=models.Q(('host__regex', '^[a-z0-9.-]+$')), name='domain_host_is_lower_case', violation_error_message='Write the host name in lower case, without port.')],
            },
        ),
        migrations.CreateModel(
            name='Edition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('number', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), verbose_name='edition')),
            ],
            options={
                'verbose_name': 'edition of the catalogue',
                'verbose_name_plural': 'editions of the catalogue',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('organisation',), name='edition_once_per_organisation')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('subject_type', models.CharField(max_length=40, verbose_name='subject type')),
                ('subject_id', models.UUIDField(verbose_name='subject')),
                ('request_id', models.UUIDField(blank=True, null=True, verbose_name='service request')),
                ('data', models.JSONField(default=dict, verbose_name='data')),
                ('actor', models.CharField(max_length=80, verbose_name='actor')),
                ('actor_label', models.CharField(blank=True, max_length=120, verbose_name='actor name')),
                ('channel', models.CharField(default='web', max_length=20, verbose_name='channel')),
                ('act_at', models.DateTimeField(verbose_name='happened at')),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='recorded at')),
                ('dispatch', models.CharField(choices=[('pending', 'Pending'), ('done', 'Done'), ('dead', 'Parked after too many failures')], default='pending', max_length=10, verbose_name='dispatch')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('next_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='next attempt at')),
                ('dispatched_at', models.DateTimeField(blank=True, null=True, verbose_name='dispatched at')),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='last error')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('name__regex', '^[a-z_]+\\.[a-z_]+$')), name='event_name_is_noun_dot_participle')],
                'indexes': [models.Index(condition=models.Q(('dispatch', 'pending')), fields=['organisation', 'id'], name='event_pending'), models.Index(condition=models.Q(('dispatch', 'dead')), fields=['organisation'], name='event_parked'), models.Index(fields=['organisation', 'subject_type', 'subject_id', 'id'], name='event_of_subject'), models.Index(fields=['organisation', 'request_id', 'id'], name='event_of_request'), django.contrib.postgres.indexes.BrinIndex(fields=['recorded_at'], name='event_since', pages_per_range=32)],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('principal', models.CharField(max_length=80, verbose_name='principal')),
                ('key', models.CharField(max_length=255, verbose_name='key')),
                ('endpoint', models.CharField(max_length=255, verbose_name='endpoint')),
                ('request_hash', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField(verbose_name='status')),
                ('content_type', models.CharField(max_length=80, verbose_name='content type')),
                ('body', models.BinaryField(verbose_name='body')),
                ('headers', models.JSONField(default=dict, verbose_name='headers')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'idempotency record',
                'verbose_name_plural': 'idempotency records',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'principal', 'key'), name='idempotency_key_once_per_principal')],
                'indexes': [models.Index(fields=['organisation', 'created_at'], name='idempotency_by_age')],
            },
        ),
        migrations.CreateModel(
            name='Site',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifier')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('slug', models.SlugField(max_length=60, verbose_name='short name')),
                ('street', models.CharField(max_length=200, verbose_name='street')),
                ('postcode', models.CharField(max_length=5, verbose_name='postcode')),
                ('city', models.CharField(max_length=100, verbose_name='city')),
                ('latitude', models.DecimalField(decimal_places=6, max_digits=9, verbose_name='latitude')),
                ('longitude', models.DecimalField(decimal_places=6, max_digits=9, verbose_name='longitude')),
                ('time_zone', models.CharField(choices=[('Europe/Paris', 'Metropolitan France'), ('America/Guadeloupe', 'Guadeloupe, Saint-Martin, Saint-Barthélemy'), ('America/Martinique', 'Martinique'), ('America/Cayenne', 'French Guiana'), ('America/Miquelon', 'Saint-Pierre-et-Miquelon'), ('Indian/Reunion', 'Réunion'), ('Indian/Mayotte', 'Mayotte'), ('Pacific/Noumea', 'New Caledonia'), ('Pacific/Tahiti', 'French Polynesia'), ('Pacific/Wallis', 'Wallis and Futuna')], default='Europe/Paris', max_length=40, verbose_name='time zone')),
                ('holiday_zone', models.CharField(blank=True, choices=[('', 'Metropolitan France'), ('57', 'Alsace-Moselle'), ('971', 'Guadeloupe'), ('972', 'Martinique'), ('973', 'French Guiana'), ('974', 'Réunion'), ('976', 'Mayotte'), ('BL', 'Saint-Barthélemy'), ('MF', 'Saint-Martin'), ('PM', 'Saint-Pierre-et-Miquelon'), ('NC', 'New Caledonia'), ('PF', 'French Polynesia'), ('WF', 'Wallis and Futuna')], default='', max_length=5, verbose_name='holiday zone')),
                ('good_friday_off', models.BooleanField(default=False, help_text='In Alsace and Moselle it is one in towns with a Protestant church.', verbose_name='Good Friday is a holiday here')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='phone')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('directions', models.CharField(blank=True, max_length=300, verbose_name='how to find us')),
                ('frame_origins', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), blank=True, default=list, size=None, verbose_name='pages that may show the widget')),
                ('silence_days', models.PositiveSmallIntegerField(default=3, help_text='Work under way of which nothing was heard for so many days is on the list of silences.', verbose_name='days without news')),
                ('is_active', models.BooleanField(default=True, verbose_name='takes requests')),
            ],
            options={
                'verbose_name': 'site',
                'verbose_name_plural': 'sites',
                'ordering': ['name', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'slug'), name='site_slug_once_per_organisation', violation_error_message='Another site already has this short name.'), models.CheckConstraint(condition=models.Q(('latitude__range', (-90, 90)), ('longitude__range', (-180, 180))), name='site_coordinates_on_earth', violation_error_message='These coordinates are not on Earth.'), models.CheckConstraint(condition=models.Q(('postcode__regex', '^[0-9]{5}$')), name='site_postcode_has_five_digits', violation_error_message='A French postcode has five digits.'), models.CheckConstraint(condition=models.Q(('silence_days__range', (1, 60))), name='site_silence_is_noticed', violation_error_message='Choose between 1 and 60 days.')],
            },
        ),
        migrations.CreateModel(
            name='Inbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='concierge.event', verbose_name='event')),
                ('consumer', models.CharField(max_length=100, verbose_name='consumer')),
                ('handled_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='handled at')),
            ],
            options={
                'verbose_name': 'handled event',
                'verbose_name_plural': 'handled events',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('event', 'consumer'), name='event_handled_once_per_consumer')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='concierge.organisation', verbose_name='organisation')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('role', models.CharField(choices=[('concierge', 'Concierge'), ('dispatcher', 'Dispatcher'), ('supervisor', 'Technical supervisor'), ('social_adviser', 'Social adviser'), ('accountant', 'Accountant'), ('site_manager', 'Site manager'), ('network_head', 'Network head'), ('trainee', 'Trainee'), ('provider', 'Provider')], max_length=20, verbose_name='role')),
                ('site', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='concierge.site', verbose_name='site')),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'user', 'role', 'site'), name='membership_role_once', nulls_distinct=False, violation_error_message='This person already has this role here.'), models.CheckConstraint(condition=models.Q(('role__in', ['concierge', 'dispatcher', 'supervisor', 'social_adviser', 'accountant', 'site_manager', 'network_head', 'trainee', 'provider'])), name='membership_role_is_known')],
            },
        ),
    ]
