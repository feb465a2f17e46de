"""A stop holds from a day to a day: ending it hides no past cancellation."""

from django.db import migrations, models

ENDED = """
SELECT set_config('app.organisations', (SELECT coalesce('{' || string_agg(key::text, ',') || '}', '') FROM facts_organisation), true);
UPDATE exchange_stop SET valid_to = CURRENT_DATE WHERE NOT is_active;
"""
AGAIN = """
SELECT set_config('app.organisations', (SELECT coalesce('{' || string_agg(key::text, ',') || '}', '') FROM facts_organisation), true);
UPDATE exchange_stop SET is_active = (valid_to IS NULL);
"""


class Migration(migrations.Migration):

    dependencies = [('exchange', '0002_boxes_stops')]

    operations = [
        migrations.AddField(
            model_name='stop',
            name='valid_from',
            field=models.DateField(help_text='First day it holds; empty for stops from before this was asked', null=True),
        ),
        migrations.AddField(
            model_name='stop',
            name='valid_to',
            field=models.DateField(help_text='First day it holds no more', null=True),
        ),
        # Row security holds for the owner too: the scope is every organisation, for this transaction. When a stop was
        # ended is not known; it is taken as ended today, so that its past weeks are seen again.
        migrations.RunSQL(ENDED, AGAIN),
        migrations.RemoveField(model_name='stop', name='is_active'),
    ]
