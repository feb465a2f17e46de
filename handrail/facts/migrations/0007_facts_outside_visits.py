"""What belongs to no visit is found without reading the visits; no index of a fact leads PostgreSQL to read all of a place."""

import django.db.models.deletion
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
        migrations.AlterField(
            model_name='fact',
            name='organisation',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation'),
        ),
        migrations.AlterField(
            model_name='fact',
            name='site',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.site'),
        ),
    ]
