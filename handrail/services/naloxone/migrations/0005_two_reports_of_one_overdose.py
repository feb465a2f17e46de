import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('facts', '0010_legal_holds_and_purges'),
        ('naloxone', '0004_orders_by_mail'),
    ]

    operations = [
        migrations.CreateModel(
            name='Double',
            fields=[
                ('key', models.BigAutoField(primary_key=True, serialize=False)),
                ('fact', models.UUIDField()),
                ('report', models.UUIDField(help_text='First fact of its chain of corrections')),
                ('same_as', models.UUIDField(null=True)),
                ('counter', models.BigIntegerField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'report', 'counter'], name='naloxone_double_report')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'fact'), name='naloxone_double_fact')],
            },
        ),
    ]
