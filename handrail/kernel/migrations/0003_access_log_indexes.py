"""The access log is read by week and by record."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0002_set_up_codes'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='accessentry',
            index=models.Index(fields=['organisation', 'at'], name='access_at'),
        ),
        migrations.AddIndex(
            model_name='accessentry',
            index=models.Index(condition=models.Q(('object_id', ''), _negated=True), fields=['organisation', 'object_id'], name='access_object'),
        ),
    ]
