"""What moved at a place since a day is one range of an index, however many moves there were before."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('stock', '0006_sterile_dated_cost'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='leg',
            index=models.Index(fields=['organisation', 'location', 'at'], include=['site', 'lot', 'quantity'], name='leg_place_time'),
        ),
        migrations.RemoveIndex(model_name='leg', name='leg_time'),
        migrations.AlterField(
            model_name='leg',
            name='organisation',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation'),
        ),
    ]
