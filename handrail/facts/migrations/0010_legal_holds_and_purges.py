"""Legal holds, and how often facts lost what was past its period."""

import django.db.models.deletion
import handrail.kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('facts', '0009_handles_are_locked'),
    ]

    operations = [
        migrations.AddField(
            model_name='head',
            name='purges',
            field=models.BigIntegerField(default=0, help_text='How often facts lost what was past its period; the warehouse is then written anew'),
        ),
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('key', models.BigAutoField(primary_key=True, serialize=False)),
                ('id', models.UUIDField(default=handrail.kernel.ids.random, editable=False)),
                ('participant', models.UUIDField(help_text="Whose records stay; empty: everybody's", null=True)),
                ('reason', models.CharField(choices=[('court', 'A court ordered it'), ('lawyer', 'A lawyer advised it'), ('complaint', 'A complaint or an inquiry is open'), ('asked', 'The person asked for it')], max_length=12)),
                ('set_at', models.DateTimeField()),
                ('set_by', models.UUIDField(null=True)),
                ('ends_on', models.DateField(help_text='First day it holds no more')),
                ('ended_at', models.DateTimeField(help_text='When somebody ended it before that day', null=True)),
                ('ended_by', models.UUIDField(null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='hold_id')],
            },
        ),
    ]
