from django.db import migrations, models


class Migration(migrations.Migration):
    """Until the numbers are computed again, everything stays in the house."""

    dependencies = [
        ('insight', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='result',
            name='is_hidden',
            field=models.BooleanField(default=True, help_text='Stays in the house: with it somebody in a small group could be found'),
        ),
    ]
