"""Each leg says when and at which site its fact happened, so that use a day is one scan of an index."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
SELECT set_config('app.organisations', (SELECT coalesce('{' || string_agg(key::text, ',') || '}', '') FROM facts_organisation), true);
UPDATE stock_leg g SET at = f.occurred_at, site_id = f.site_id FROM facts_fact f WHERE f.organisation_id = g.organisation_id AND f.id = g.fact;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('facts', '0003_people_codes_consent'),
        ('stock', '0003_item_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='leg',
            name='at',
            field=models.DateTimeField(help_text='When it moved: as its fact says', null=True),
        ),
        migrations.AddField(
            model_name='leg',
            name='site',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.site'),
        ),
        # Row security holds for the owner too: the scope is every organisation, for this transaction.
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='leg',
            name='at',
            field=models.DateTimeField(help_text='When it moved: as its fact says'),
        ),
        migrations.AlterField(
            model_name='leg',
            name='location',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='stock.location'),
        ),
        migrations.AddIndex(
            model_name='leg',
            index=models.Index(fields=['organisation', 'at'], include=['site', 'location', 'lot', 'quantity'], name='leg_time'),
        ),
    ]
