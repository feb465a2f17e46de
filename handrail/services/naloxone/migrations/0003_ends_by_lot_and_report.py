from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('naloxone', '0002_told_without_a_sign_in'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='kitstep',
            index=models.Index(fields=['organisation', 'lot'], name='kit_step_lot'),
        ),
        migrations.AddIndex(
            model_name='kitend',
            index=models.Index(fields=['organisation', 'report'], name='kit_end_report'),
        ),
    ]
