"""What belongs to no visit is found without reading the visits."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('facts', '0006_when_a_referral_was_accepted'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='fact',
            index=models.Index(
                fields=['organisation', 'site', 'kind', '-occurred_at'], name='fact_outside_visits',
                condition=models.Q(('encounter__isnull', True), models.Q(('kind', 'facts.encounter'), _negated=True)),
            ),
        ),
    ]
