"""A consent row carries the place and the event of the record that counts; an answer about injecting, who said so."""

from django.db import migrations, models

FILL = """
SELECT set_config('app.organisations', (SELECT coalesce('{' || string_agg(key::text, ',') || '}', '') FROM facts_organisation), true);
UPDATE facts_consent c SET site_id = f.site_id, until = coalesce(f.payload ->> 'until', '')
FROM facts_fact f LEFT JOIN facts_standing s ON s.organisation_id = f.organisation_id AND s.effective = f.id
WHERE f.organisation_id = c.organisation_id AND f.kind = 'facts.consent' AND coalesce(s.root, f.root) = c.fact
  AND NOT EXISTS (SELECT 1 FROM facts_aside a WHERE a.organisation_id = f.organisation_id AND a.fact = f.id)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('facts', '0004_peer_bag'),
    ]

    operations = [
        migrations.AddField(
            model_name='consent',
            name='site',
            field=models.ForeignKey(help_text='Where it was given, as it reads now', null=True, on_delete=models.deletion.PROTECT, related_name='+', to='facts.site'),
        ),
        migrations.AddField(
            model_name='consent',
            name='until',
            field=models.CharField(blank=True, default='', help_text='Event that ends it', max_length=24),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='participant',
            name='injects_source',
            field=models.CharField(blank=True, default='', max_length=12),
            preserve_default=False,
        ),
        # Row security holds for the owner too: the scope is every organisation, for this transaction.
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
