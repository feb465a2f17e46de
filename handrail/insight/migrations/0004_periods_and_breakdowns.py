"""Results of any period, and parts of the whole beside it. Results are computed again within the hour."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("insight", "0003_releases")]

    operations = [
        migrations.RemoveConstraint(model_name="result", name="result_once"),
        migrations.RenameField(model_name="result", old_name="quarter", new_name="period"),
        migrations.AlterField(
            model_name="result", name="period",
            field=models.CharField(help_text="The period it is shown for, such as 2026Q3", max_length=8),
        ),
        migrations.AddField(
            model_name="result", name="cell",
            field=models.CharField(blank=True, default="", help_text="Part of the whole, such as gender=female; empty: all of it", max_length=80),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.UniqueConstraint(
                fields=["organisation", "indicator", "period", "site", "cell"], name="result_once", nulls_distinct=False
            ),
        ),
        migrations.RemoveConstraint(model_name="releasedvalue", name="released_once"),
        migrations.AddField(
            model_name="releasedvalue", name="cell",
            field=models.CharField(blank=True, default="", help_text="Part of the whole, such as gender=female; empty: all of it", max_length=80),
        ),
        migrations.AddConstraint(
            model_name="releasedvalue",
            constraint=models.UniqueConstraint(fields=["release", "indicator", "site", "cell"], name="released_once", nulls_distinct=False),
        ),
    ]
