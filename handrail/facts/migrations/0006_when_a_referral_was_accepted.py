"""A referral keeps when it was accepted, whether its outcome may be told, and the name of a service that is not ours."""

from django.db import migrations, models

FILL = """
SELECT set_config('app.organisations', (SELECT coalesce('{' || string_agg(key::text, ',') || '}', '') FROM facts_organisation), true);
UPDATE facts_referral r SET accepted_at = coalesce(
    (SELECT max(o.occurred_at) FROM facts_fact o WHERE o.organisation_id = r.organisation_id AND o.kind = 'facts.referral_outcome'
       AND o.about = r.fact AND o.payload ->> 'status' = 'accepted'
       AND NOT EXISTS (SELECT 1 FROM facts_aside a WHERE a.organisation_id = o.organisation_id AND a.fact = o.id)),
    CASE WHEN m.payload ->> 'status' = 'accepted' THEN m.occurred_at END),
  consent_to_share = (m.payload ->> 'consent_to_share')::boolean
FROM facts_fact m
WHERE m.organisation_id = r.organisation_id AND m.kind = 'facts.referral' AND (m.id = r.fact OR m.root = r.fact)
  AND NOT EXISTS (SELECT 1 FROM facts_aside a WHERE a.organisation_id = m.organisation_id AND a.fact = m.id);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('facts', '0005_what_a_consent_says_now'),
    ]

    operations = [
        migrations.AddField(
            model_name='referral',
            name='accepted_at',
            field=models.DateTimeField(help_text='When the person wanted it; nothing known 90 days later is unknown', null=True),
        ),
        migrations.AddField(
            model_name='referral',
            name='consent_to_share',
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name='referral',
            name='to_service',
            field=models.CharField(blank=True, default='', max_length=60),
            preserve_default=False,
        ),
        # Row security holds for the owner too: the scope is every organisation, for this transaction.
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='referral',
            index=models.Index(fields=['organisation', 'from_site', 'status'], name='referral_from'),
        ),
    ]
