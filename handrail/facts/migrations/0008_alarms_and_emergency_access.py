"""Alarms, notices, emergency access, and the digest of unusual looks."""

import django.db.models.deletion
import handrail.kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('facts', '0007_facts_outside_visits'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('key', models.BigAutoField(primary_key=True, serialize=False)),
                ('id', models.UUIDField(default=handrail.kernel.ids.random, editable=False)),
                ('reason', models.CharField(choices=[('head_broken', 'A device knows another history of these records'), ('chain_broken', 'A chain does not hold: something was changed behind our back'), ('review_overdue', 'An emergency access was not looked at in time, and its account could not be suspended')], max_length=24)),
                ('subject', models.CharField(blank=True, help_text='The device that noticed, or what it is about', max_length=80)),
                ('detail', models.JSONField(default=dict)),
                ('raised_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(null=True)),
                ('answered_by', models.UUIDField(null=True)),
                ('answer', models.CharField(blank=True, choices=[('restored_by_hand', 'We put an old copy in place by hand'), ('device_wrong', 'The device is at fault: a copy, a test, another programme’s'), ('changed', 'Records were changed. We work from paper and backups, and have asked for help'), ('unknown', 'We could not find out, and keep this head')], max_length=24)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('answered_at__isnull', True)), fields=['organisation'], name='alarm_open')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='alarm_id')],
            },
        ),
        migrations.CreateModel(
            name='Digest',
            fields=[
                ('key', models.BigAutoField(primary_key=True, serialize=False)),
                ('week', models.DateField()),
                ('made_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'week'), name='digest_week')],
            },
        ),
        migrations.CreateModel(
            name='GlassBreak',
            fields=[
                ('key', models.BigAutoField(primary_key=True, serialize=False)),
                ('id', models.UUIDField(default=handrail.kernel.ids.random, editable=False)),
                ('staff', models.UUIDField()),
                ('participant', models.UUIDField()),
                ('reason', models.CharField(max_length=24)),
                ('broken_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(help_text='When the worker closed it before its time', null=True)),
                ('due_at', models.DateTimeField(help_text='When it must have been looked at')),
                ('reviewed_at', models.DateTimeField(null=True)),
                ('reviewed_by', models.UUIDField(null=True)),
                ('verdict', models.CharField(blank=True, choices=[('right', 'It was right'), ('not_right', 'It was not right')], max_length=12)),
                ('said', models.TextField(blank=True, help_text='The sentence of the review, locked with a key outside the database')),
                ('suspended_at', models.DateTimeField(null=True)),
                ('lifted_at', models.DateTimeField(null=True)),
                ('lifted_by', models.UUIDField(null=True)),
                ('lift_reason', models.CharField(blank=True, max_length=24)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.site')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'staff'], name='glass_staff'), models.Index(condition=models.Q(('reviewed_at__isnull', True)), fields=['organisation'], name='glass_unreviewed')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='glass_id')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('key', models.BigAutoField(primary_key=True, serialize=False)),
                ('id', models.UUIDField(default=handrail.kernel.ids.random, editable=False)),
                ('staff', models.UUIDField()),
                ('kind', models.CharField(choices=[('glass_broken', 'A colleague used emergency access. It waits to be looked at.'), ('glass_right', 'Your emergency access was looked at: it was right.'), ('glass_not_right', 'Your emergency access was looked at: it was not right. Talk with whoever is in charge.'), ('restored', 'A backup was put in place. What was recorded after it has to be sent again.')], max_length=24)),
                ('about', models.UUIDField(null=True)),
                ('made_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField(null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('seen_at__isnull', True)), fields=['organisation', 'staff'], name='notice_unseen')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='notice_id')],
            },
        ),
        migrations.CreateModel(
            name='Unusual',
            fields=[
                ('key', models.BigAutoField(primary_key=True, serialize=False)),
                ('week', models.DateField(help_text='Its Monday')),
                ('rule', models.CharField(max_length=24)),
                ('staff', models.UUIDField(help_text='Empty where the line is about several accounts', null=True)),
                ('number', models.IntegerField()),
                ('usual', models.IntegerField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'week'], name='unusual_week')],
            },
        ),
    ]
