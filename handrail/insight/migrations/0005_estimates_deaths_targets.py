"""Estimates get an id, a link and a history; counted deaths and targets become rows."""

import django.db.models.deletion
import handrail.kernel.clock
import handrail.kernel.ids
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('facts', '0006_when_a_referral_was_accepted'),
        ('insight', '0004_periods_and_breakdowns'),
    ]

    operations = [
        migrations.CreateModel(
            name='DeathCount',
            fields=[
                ('key', models.BigAutoField(primary_key=True, serialize=False)),
                ('id', models.UUIDField(default=handrail.kernel.ids.new, editable=False)),
                ('source', models.CharField(max_length=200)),
                ('source_link', models.CharField(blank=True, default='', help_text='Where to find it, as text', max_length=300)),
                ('is_withdrawn', models.BooleanField(default=False, help_text='Takes back what it replaces and says nothing itself')),
                ('note', models.CharField(blank=True, default='', help_text='Why it was corrected', max_length=300)),
                ('entered_at', models.DateTimeField(default=handrail.kernel.clock.now)),
                ('entered_by', models.UUIDField(null=True)),
                ('level', models.CharField(choices=[('service', 'This programme'), ('targeted_area', 'Targeted area'), ('country', 'Country'), ('survey', 'People asked in a survey'), ('none', 'No denominator')], max_length=16)),
                ('area', models.CharField(max_length=40)),
                ('starts_on', models.DateField()),
                ('ends_before', models.DateField()),
                ('value', models.IntegerField(null=True)),
                ('high', models.IntegerField(help_text='Of a count that its source hides: the most it can be', null=True)),
                ('method', models.CharField(blank=True, default='', max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name='Target',
            fields=[
                ('key', models.BigAutoField(primary_key=True, serialize=False)),
                ('id', models.UUIDField(default=handrail.kernel.ids.new, editable=False)),
                ('source', models.CharField(max_length=200)),
                ('source_link', models.CharField(blank=True, default='', help_text='Where to find it, as text', max_length=300)),
                ('is_withdrawn', models.BooleanField(default=False, help_text='Takes back what it replaces and says nothing itself')),
                ('note', models.CharField(blank=True, default='', help_text='Why it was corrected', max_length=300)),
                ('entered_at', models.DateTimeField(default=handrail.kernel.clock.now)),
                ('entered_by', models.UUIDField(null=True)),
                ('target_set', models.CharField(help_text='Key of a shipped set, or “own”', max_length=40)),
                ('set_key', models.CharField(blank=True, default='', help_text='Which target of its set, so that loading again finds it', max_length=40)),
                ('award', models.CharField(blank=True, default='', help_text="Of one's own: which award asks for it", max_length=120)),
                ('indicator', models.CharField(help_text='Code as its source writes it, such as GAM 1.9', max_length=40)),
                ('variant', models.CharField(blank=True, default='', max_length=20)),
                ('level', models.CharField(choices=[('service', 'This programme'), ('targeted_area', 'Targeted area'), ('country', 'Country'), ('survey', 'People asked in a survey'), ('none', 'No denominator')], max_length=16)),
                ('op', models.CharField(choices=[('≥', 'at least'), ('≤', 'at most'), ('=', 'exactly'), ('>', 'more than'), ('<', 'less than'), ('range', 'from, to under')], max_length=5)),
                ('value', models.DecimalField(decimal_places=4, max_digits=16)),
                ('high', models.DecimalField(decimal_places=4, help_text='Of a range: the value that is not in it any more', max_digits=16, null=True)),
                ('band', models.CharField(blank=True, choices=[('low', 'low'), ('mid', 'middle'), ('high', 'high')], default='', max_length=4)),
                ('area', models.CharField(blank=True, default='', max_length=40)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(help_text='First day it holds no more', null=True)),
                ('status', models.CharField(choices=[('verified', 'Read in the source'), ('secondary', 'Read in a page about it'), ('unverified', 'Not verified'), ('ours', 'Our own')], max_length=12)),
            ],
        ),
        migrations.AddField(
            model_name='sizeestimate',
            name='entered_at',
            field=models.DateTimeField(default=handrail.kernel.clock.now),
        ),
        migrations.AddField(
            model_name='sizeestimate',
            name='entered_by',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(  # the database makes one for each row that is there: under row security no loop of ours would see them
            model_name='sizeestimate',
            name='id',
            field=models.UUIDField(db_default=RandomUUID(), editable=False),
        ),
        migrations.AlterField(
            model_name='sizeestimate',
            name='id',
            field=models.UUIDField(default=handrail.kernel.ids.new, editable=False),
        ),
        migrations.AddField(
            model_name='sizeestimate',
            name='is_withdrawn',
            field=models.BooleanField(default=False, help_text='Takes back what it replaces and says nothing itself'),
        ),
        migrations.AddField(
            model_name='sizeestimate',
            name='note',
            field=models.CharField(blank=True, default='', help_text='Why it was corrected', max_length=300),
        ),
        migrations.AddField(
            model_name='sizeestimate',
            name='replaces',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='insight.sizeestimate'),
        ),
        migrations.AddField(
            model_name='sizeestimate',
            name='source_link',
            field=models.CharField(blank=True, default='', help_text='Where to find it, as text', max_length=300),
        ),
        migrations.AlterField(
            model_name='sizeestimate',
            name='level',
            field=models.CharField(choices=[('service', 'This programme'), ('targeted_area', 'Targeted area'), ('country', 'Country'), ('survey', 'People asked in a survey'), ('none', 'No denominator')], max_length=16),
        ),
        migrations.AlterField(
            model_name='sizeestimate',
            name='population',
            field=models.CharField(choices=[('everybody', 'Everybody who lives there'), ('pwid', 'People who inject drugs'), ('pwud', 'People who use drugs'), ('opioid_dependent', 'People who depend on opioids'), ('pwid_opioid_dependent', 'People who inject and depend on opioids'), ('at_risk_of_overdose', 'People at risk of an opioid overdose'), ('sex_workers', 'Sex workers'), ('msm', 'Men who have sex with men'), ('trans', 'Transgender people'), ('in_prison', 'People in prison')], max_length=24),
        ),
        migrations.AddConstraint(
            model_name='sizeestimate',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='estimate_id'),
        ),
        migrations.AddConstraint(
            model_name='sizeestimate',
            constraint=models.UniqueConstraint(fields=('replaces',), name='estimate_corrected_once'),
        ),
        migrations.AddField(
            model_name='deathcount',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation'),
        ),
        migrations.AddField(
            model_name='deathcount',
            name='replaces',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='insight.deathcount'),
        ),
        migrations.AddField(
            model_name='target',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='facts.organisation'),
        ),
        migrations.AddField(
            model_name='target',
            name='replaces',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='insight.target'),
        ),
        migrations.AddConstraint(
            model_name='deathcount',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='death_count_id'),
        ),
        migrations.AddConstraint(
            model_name='deathcount',
            constraint=models.UniqueConstraint(fields=('replaces',), name='death_count_corrected_once'),
        ),
        migrations.AddConstraint(
            model_name='target',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='target_id'),
        ),
        migrations.AddConstraint(
            model_name='target',
            constraint=models.UniqueConstraint(fields=('replaces',), name='target_corrected_once'),
        ),
    ]
