from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('naloxone', '0005_two_reports_of_one_overdose'),
    ]

    operations = [
        migrations.AddField(
            model_name='kitend',
            name='supply',
            field=models.UUIDField(help_text='The hand-over it was part of, where somebody said so: a parcel has no person', null=True),
        ),
    ]
