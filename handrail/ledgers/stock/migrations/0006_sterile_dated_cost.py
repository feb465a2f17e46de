"""What an item is besides its class: sterile, dated, what one piece costs; and since when it is in the catalogue."""

from django.db import migrations, models

FILL = """
SELECT set_config('app.organisations', (SELECT coalesce('{' || string_agg(key::text, ',') || '}', '') FROM facts_organisation), true);
UPDATE stock_item SET sterile = item_class IN ('syringe_with_needle', 'barrel', 'needle'), expiry_tracked = true
  WHERE item_class IN ('syringe_with_needle', 'barrel', 'needle', 'naloxone', 'tests');
"""


class Migration(migrations.Migration):

    dependencies = [
        ('stock', '0005_funds_in_the_database'),
    ]

    operations = [
        migrations.AddField('item', 'sterile', models.BooleanField(default=False, help_text='Comes sterile, so its lots have a date')),
        migrations.AddField('item', 'expiry_tracked', models.BooleanField(default=False, help_text='A new lot of it needs a date')),
        migrations.AddField(
            'item', 'unit_cost', models.DecimalField(decimal_places=4, help_text='What one piece costs as far as we know', max_digits=12, null=True)
        ),
        migrations.AddField('item', 'currency', models.CharField(blank=True, default='', help_text='Of the unit cost, as ISO 4217 writes it', max_length=3), preserve_default=False),
        migrations.AddField('item', 'active_from', models.DateField(help_text='Day it was added or brought back; none: before this was kept', null=True)),
        migrations.AddField(
            'item', 'active_to',
            models.DateField(help_text='First day it was handed out no more; none: it is, or was retired before this was kept', null=True),
        ),
        # Row security holds for the owner too: the scope is every organisation, for this transaction.
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            'item', models.CheckConstraint(condition=models.Q(('sterile', False), ('expiry_tracked', True), _connector='OR'), name='item_sterile_has_a_date')
        ),
        migrations.AddConstraint(
            'item', models.CheckConstraint(condition=models.Q(('unit_cost', None), ('unit_cost__gte', 0), _connector='OR'), name='item_unit_cost')
        ),
        migrations.AddConstraint(
            'item',
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(('currency', ''), ('unit_cost', None)), models.Q(('unit_cost__isnull', False), models.Q(('currency', ''), _negated=True)),
                    _connector='OR',
                ),
                name='item_cost_has_a_currency',
            ),
        ),
        migrations.AddConstraint(
            'item',
            models.CheckConstraint(condition=models.Q(('active_to', None), ('is_active', False), _connector='OR'), name='item_active_has_no_end'),
        ),
    ]
